"""The web application over a container: every route, and what surrounds each request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from litestar import Litestar
from litestar.di import Provide
from litestar.types import ControllerRouterHandler, Middleware

from teckochecker.entrypoints.container import Container
from teckochecker.entrypoints.http import audit, docs, events, jobs, metrics, secrets, system, tokens, webhooks
from teckochecker.entrypoints.http.access.desk import desk
from teckochecker.entrypoints.http.access.gate import Gate
from teckochecker.entrypoints.http.access.guard import guard
from teckochecker.entrypoints.http.access.headers import Cors
from teckochecker.entrypoints.http.access.porter import Porter, admitted
from teckochecker.entrypoints.http.codec import Bodies
from teckochecker.entrypoints.http.forms import forms
from teckochecker.entrypoints.http.heads import with_heads
from teckochecker.entrypoints.http.journal import Journal
from teckochecker.entrypoints.http.options import options_of
from teckochecker.entrypoints.http.parts import parts
from teckochecker.entrypoints.http.reading import Reader
from teckochecker.entrypoints.http.web.page import STATIC
from teckochecker.entrypoints.http.web.routes import problem_page, web

MOST_BODY: Final = 1_000_000
"""Bytes that a request's body may have."""

ROUTES: Final[Sequence[ControllerRouterHandler]] = (
    *system.HANDLERS,
    *metrics.HANDLERS,
    *docs.HANDLERS,
    *secrets.HANDLERS,
    *jobs.HANDLERS,
    *events.HANDLERS,
    *tokens.HANDLERS,
    *audit.HANDLERS,
    *webhooks.HANDLERS,
)
"""Everything that can be asked for. Each room brings its own handlers."""


def http_app(container: Container) -> Litestar:
    """The application, for a container that is running while it serves.

    Requests pass the middlewares in their order.
    """
    middlewares: Sequence[Middleware] = ()
    porter = Porter.of(container)
    reader = Reader(forms(container.settings()))
    app = Litestar(
        route_handlers=[
            options_of(ROUTES),
            *ROUTES,
            web(container.clock(), container.settings(), reader),
            STATIC.router(),
        ],
        middleware=middlewares,
        guards=[guard],
        dependencies={
            **parts(container),
            "desk": desk(container, porter.wrong),
            "wrong": Provide(lambda: porter.wrong, sync_to_thread=False),
            "admitted": admitted(porter),
        },
        return_dto=None,  # answers are encoded as they are
        plugins=[Bodies(reader)],
        exception_handlers={Exception: lambda request, error: problem_page(request, error, container.clock().now())},
        request_max_body_size=MOST_BODY,
        logging_config=None,
        openapi_config=docs.described(),
    )
    # before the router, as Litestar's own middlewares are not: unknown addresses pass the gate too, and are told of
    gate = Gate(with_heads(app.asgi_handler), porter, Cors(container.settings().cors_origins))
    app.asgi_handler = Journal(gate, container.telemetry(), container.chance())
    return app
