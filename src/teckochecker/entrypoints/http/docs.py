"""/openapi.json: what the API takes and answers, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from litestar import Request, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ControllerRouterHandler

import teckochecker


def described() -> OpenAPIConfig:
    """What the description says of the API as a whole. Litestar's own pages are left out: they load from afar."""
    return OpenAPIConfig(
        title="TeckoChecker",
        version=teckochecker.__version__,
        description="Watches OpenAI batches and starts one Keboola run when the last of them has ended.",
        components=Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}),
        security=[{}, {"bearer": []}],
        path="/docs",
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
    )


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def openapi(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The description of the API."""
    return request.app.openapi_schema.to_schema()


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (openapi,)
