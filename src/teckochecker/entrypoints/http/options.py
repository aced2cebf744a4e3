"""Which methods an address takes, as OPTIONS and the refusal of others tell it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from litestar import Request, Response, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.types import ControllerRouterHandler


def allow(methods: Iterable[str]) -> str:
    """The header that names them. What takes GET takes HEAD too."""
    taken = set(methods)
    return ", ".join(sorted(taken | {"HEAD"} if "GET" in taken else taken))


def options_of(handlers: Iterable[ControllerRouterHandler]) -> HTTPRouteHandler:
    """A handler for the addresses of all of these. It has to be registered before them.

    Litestar has one of its own, but that knows the first handler of an address alone.
    """
    paths = {path for handler in handlers if isinstance(handler, HTTPRouteHandler) for path in handler.paths}

    @route(
        sorted(paths),
        http_method=[HttpMethod.OPTIONS],
        status_code=204,
        include_in_schema=False,
        sync_to_thread=False,
    )
    def options(request: Request[Any, Any, Any]) -> Response[None]:
        here = request.scope["path_template"]
        methods = {method for route in request.app.routes if route.path_format == here for method in route.methods}
        return Response(None, status_code=204, headers={"Allow": allow(methods)})

    return options
