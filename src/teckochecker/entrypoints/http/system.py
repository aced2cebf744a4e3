"""What the service is and how it is doing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import ControllerRouterHandler

import teckochecker
from teckochecker.application.health import Health
from teckochecker.entrypoints.bodies import HealthBody
from teckochecker.entrypoints.wire import health_body


@get("/", include_in_schema=False, sync_to_thread=False)
def welcome() -> dict[str, str]:
    """What this is, and where its parts are."""
    return {
        "name": "TeckoChecker",
        "version": teckochecker.__version__,
        "web": "/web",
        "docs": "/docs",
        "health": "/api/health",
    }


@get("/api/health", summary="Is the service well?")
async def health(health: NamedDependency[SkipValidation[Health]]) -> Response[HealthBody]:
    """Whether the database answers and the watching loop turns. It is well, too, while a provider is down."""
    report = await health.look()
    return Response(health_body(report, teckochecker.__version__), status_code=200 if report.healthy else 503)


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (welcome, health)
