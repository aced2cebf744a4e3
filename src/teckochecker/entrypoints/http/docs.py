"""What the API takes and answers: /openapi.json for programs, /docs and /redoc for people; nothing comes from afar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from litestar import Litestar, Request, Response, Router, get
from litestar.enums import MediaType
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import BaseRoute
from litestar.serialization import encode_json
from litestar.types import ControllerRouterHandler

import teckochecker
from teckochecker.entrypoints.http.answers import complete
from teckochecker.entrypoints.http.assets import Assets

# Both draw with styles of their own making, and Redoc searches in a worker.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_KEPT: Final = "description"
_STATIC: Final = Assets("/docs/assets", Path(__file__).parent / "static")
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>TeckoChecker: REST API</title>
<link rel="icon" href="/web/static/icon.svg">
{head}</head>
<body>
{body}</body>
</html>
"""
_SWAGGER: Final = _PAGE.format(
    head='<link rel="stylesheet" href="/docs/assets/vendor/swagger-ui.css">\n',
    body='<main id="api"></main>\n<script src="/docs/assets/vendor/swagger-ui-bundle.js"></script>\n'
    '<script src="/docs/assets/swagger.js"></script>\n',
)
_REDOC: Final = _PAGE.format(
    head="",
    body='<redoc spec-url="/openapi.json"></redoc>\n<script src="/docs/assets/vendor/redoc.standalone.js"></script>\n',
)


class _Unused(Router):
    """Where Litestar would put pages of its own, which load from afar and answer HTML to unknown addresses."""

    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:
        """Take nothing in."""
        return []


def described() -> OpenAPIConfig:
    """What the description says of the API as a whole."""
    return OpenAPIConfig(
        title="TeckoChecker",
        version=teckochecker.__version__,
        description="Watches OpenAI batches and starts one Keboola run when the last of them has ended.",
        components=Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}),
        security=[{}, {"bearer": []}],
        openapi_router=_Unused("/docs", route_handlers=[]),
        use_handler_docstrings=True,
        render_plugins=[JsonRenderPlugin()],
    )


def description(app: Litestar) -> bytes:
    """The description of the API as JSON. It is put together when it is asked for the first time."""
    if _KEPT not in app.state:
        app.state[_KEPT] = encode_json(complete(app.openapi_schema).to_schema())
    kept: bytes = app.state[_KEPT]
    return kept


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The description of the API."""
    return Response(description(request.app), media_type=MediaType.JSON)


@get("/docs", include_in_schema=False, sync_to_thread=False)
def swagger() -> Response[str]:
    """The description to read and to try out."""
    return _drawn(_SWAGGER)


@get("/redoc", include_in_schema=False, sync_to_thread=False)
def redoc() -> Response[str]:
    """The description to read."""
    return _drawn(_REDOC)


def _drawn(page: str) -> Response[str]:
    return Response(page, media_type=MediaType.HTML, headers={"Content-Security-Policy": _POLICY})


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (openapi, swagger, redoc, _STATIC.router())
