"""Everything below /web, and errors as pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Request, Response, Router
from litestar.config.compression import CompressionConfig
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.middleware.compression import CompressionMiddleware
from litestar.response import Redirect

from teckochecker.application.errors import NotAdmitted
from teckochecker.application.ports import Clock
from teckochecker.entrypoints.http.problems import problem
from teckochecker.entrypoints.http.reading import Reader
from teckochecker.entrypoints.http.web import (
    audit,
    bulk,
    console,
    form,
    job,
    jobs,
    secrets,
    setup,
    sign_in,
    system,
    theme,
    tokens,
)
from teckochecker.entrypoints.http.web.page import page, page_of
from teckochecker.entrypoints.http.web.words import sentence
from teckochecker.entrypoints.settings import Settings

_ROOMS: Final = (jobs, form, job, secrets, system, theme, console, sign_in, bulk, tokens, audit, setup)
# Sessions are in cookies that other sites' pages cannot have sent, so that nobody can measure what is packed.
_PACKED: Final = DefineMiddleware(
    CompressionMiddleware, config=CompressionConfig(backend="gzip", gzip_compress_level=6, minimum_size=1_000)
)


_HEADINGS: Final = {
    403: "Your role may not do this",
    404: "There is nothing here",
    409: "This cannot be done now",
    500: "Something went wrong here",
    503: "Nothing is being checked",
}


def web(clock: Clock, settings: Settings, reader: Reader) -> Router:
    """The pages."""
    return Router(
        path="/web",
        route_handlers=[handler for room in _ROOMS for handler in room.HANDLERS],
        middleware=[_PACKED],
        dependencies={
            "page": page(clock),
            "settings": Provide(lambda: settings, sync_to_thread=False),
            "bounds": Provide(lambda: settings.intervals, sync_to_thread=False),
            "reader": Provide(lambda: reader, sync_to_thread=False),
        },
        include_in_schema=False,
    )


def problem_page(request: Request[Any, Any, Any], error: Exception, now: datetime) -> Response[Any]:
    """The answer to an error of any kind: a page below /web, a problem everywhere else."""
    answer = problem(request, error, now)
    if request.url.path != "/web" and not request.url.path.startswith("/web/"):
        return answer
    if isinstance(error, NotAdmitted):
        return Redirect(f"{sign_in.PLACE}?{urlencode({'back': _asked_for(request)})}", status_code=303)
    body = answer.content
    status = body["status"]
    title = _HEADINGS.get(status, body["title"])
    shown = page_of(request, now).show("problem.html", status=status, title=title, detail=sentence(body["detail"]))
    shown.headers.update(answer.headers)
    return shown


def _asked_for(request: Request[Any, Any, Any]) -> str:
    """The page to go on with after signing in; what was sent to another one is not repeated."""
    if request.method != "GET":
        return "/web"
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path
