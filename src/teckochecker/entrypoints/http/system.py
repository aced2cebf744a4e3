"""What the service is and how it is doing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import SkipValidation
from litestar.types import ControllerRouterHandler

import teckochecker
from teckochecker.application.health import Figures, Health, Statistics
from teckochecker.domain.status import DONE, JobStatus
from teckochecker.entrypoints.bodies import HealthBody, ProblemBody, StatsBody
from teckochecker.entrypoints.http.problems import PROBLEM
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


@get(
    "/api/health",
    summary="Is the service well?",
    responses={
        503: ResponseSpec(HealthBody, description="The database or the watching loop is dead", generate_examples=False),
        500: ResponseSpec(
            ProblemBody, description="A fault of TeckoChecker", media_type=PROBLEM, generate_examples=False
        ),
    },
)
async def health(health: NamedDependency[SkipValidation[Health]]) -> Response[HealthBody]:
    """Whether the database answers and the watching loop turns. It is well, too, while a provider is down."""
    report = await health.look()
    return Response(health_body(report, teckochecker.__version__), status_code=200 if report.healthy else 503)


@get("/api/stats", summary="Statistics")
async def stats(statistics: NamedDependency[SkipValidation[Statistics]]) -> StatsBody:
    """How many jobs there are in each status, and how this process has done."""
    return _stats(await statistics.count())


def _stats(figures: Figures) -> StatsBody:
    """What is stored, and how this process has done."""
    jobs = figures.jobs
    return {
        "total_jobs": sum(jobs.values()),
        "active_jobs": jobs[JobStatus.ACTIVE],
        "paused_jobs": jobs[JobStatus.PAUSED],
        "triggering_jobs": jobs[JobStatus.TRIGGERING],
        "completed_jobs": sum(jobs[status] for status in DONE),
        "completed_with_failures_jobs": jobs[JobStatus.COMPLETED_WITH_FAILURES],
        "failed_jobs": jobs[JobStatus.FAILED],
        "total_secrets": figures.secrets,
        "total_logs": figures.entries,
        "uptime_seconds": int(figures.uptime.total_seconds()),
        "checks": figures.checks,
        "lateness_seconds": round(figures.lateness.total_seconds(), 3),
    }


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (welcome, health, stats)
