"""/metrics: what a Prometheus server reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import ControllerRouterHandler

from teckochecker.adapters.metrics import CONTENT_TYPE, Metrics
from teckochecker.application.health import Health

_ADDED: Final = "; charset=utf-8"  # Litestar adds it to every text by itself


@get("/metrics", summary="What a Prometheus server reads", media_type="text/plain")
async def metrics(
    health: NamedDependency[SkipValidation[Health]], metrics: NamedDependency[SkipValidation[Metrics]]
) -> Response[bytes]:
    """What this instance counted; `teckochecker_jobs` alone is the same on every one."""
    jobs = await health.jobs()
    return Response(metrics.exposition(jobs), media_type=CONTENT_TYPE.removesuffix(_ADDED))


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (metrics,)
