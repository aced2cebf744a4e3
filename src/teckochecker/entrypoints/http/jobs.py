"""/api/jobs: what is watched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter, SkipValidation
from litestar.types import ControllerRouterHandler

from teckochecker.application.jobs import Jobs
from teckochecker.application.ports import JobQuery
from teckochecker.domain.values import JobId
from teckochecker.entrypoints.bodies import JobBody, JobsBody
from teckochecker.entrypoints.wire import job_body, jobs_body

AllJobs = NamedDependency[SkipValidation[Jobs]]


@get("/api/jobs", summary="List jobs")
async def listed(
    jobs: AllJobs,
    limit: Annotated[int, QueryParameter(ge=1, le=1000, description="Jobs on one page")] = 100,
    cursor: FromQuery[int | None] = None,
) -> JobsBody:
    """A page of jobs, newest first."""
    return jobs_body(await jobs.find(JobQuery(limit=limit, after=None if cursor is None else JobId(cursor))))


@get("/api/jobs/{job_id:int}", summary="Show a job")
async def shown(jobs: AllJobs, job_id: FromPath[int]) -> JobBody:
    """One job."""
    return job_body(await jobs.get(job_id))


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (listed, shown)
