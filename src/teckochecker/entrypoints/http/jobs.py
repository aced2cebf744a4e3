"""/api/jobs: what is watched, and what people decide about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from litestar import Response, delete, get, post, route
from litestar.enums import HttpMethod
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from teckochecker.application.ports import HistoryEntry, JobQuery
from teckochecker.application.views import JobView
from teckochecker.domain.values import JobId
from teckochecker.entrypoints.bodies import DoneBody, HistoryBody, JobBody, JobsBody
from teckochecker.entrypoints.http.asked import JobEdit, NewJob, Retry
from teckochecker.entrypoints.http.parts import AskedJobs, AskedRuns
from teckochecker.entrypoints.wire import history_body, job_body, jobs_body

_Logs = Annotated[int, QueryParameter(ge=1, le=1000, description="Entries of the history, the newest first")]
_SIMPLY: Final = Retry()


@get("/api/jobs")
async def list_jobs(
    jobs: AskedJobs,
    limit: Annotated[int, QueryParameter(ge=1, le=1000, description="Jobs on one page")] = 100,
    cursor: FromQuery[int | None] = None,
) -> JobsBody:
    """A page of jobs, newest first."""
    return jobs_body(await jobs.find(JobQuery(limit=limit, after=None if cursor is None else JobId(cursor))))


@post("/api/jobs")
async def create_job(jobs: AskedJobs, data: JSONBody[NewJob]) -> Response[JobBody]:
    """Watch 1 to 10 batches, and start a Keboola run when the last of them has ended."""
    return _job(await jobs.create(data.spec), status_code=201)


@get("/api/jobs/{job_id:int}")
async def show_job(
    jobs: AskedJobs, job_id: FromPath[int], include_logs: FromQuery[bool] = True, log_limit: _Logs = 100
) -> Response[JobBody]:
    """One job, and what happened to it."""
    view = await jobs.get(job_id)
    logs = await jobs.history(job_id, limit=log_limit) if include_logs else None
    return _job(view, logs=logs)


@route("/api/jobs/{job_id:int}", http_method=[HttpMethod.PATCH, HttpMethod.PUT])
async def edit_job(jobs: AskedJobs, job_id: FromPath[int], data: JSONBody[JobEdit]) -> Response[JobBody]:
    """Change what is named about a job that is active, paused or failed."""
    return _job(await jobs.edit(job_id, data.change))


@delete("/api/jobs/{job_id:int}", status_code=200)
async def delete_job(jobs: AskedJobs, job_id: FromPath[int]) -> DoneBody:
    """Delete a job. A run that may have been sent is still looked after, and never sent again."""
    await jobs.delete(job_id)
    return {"message": "Job deleted successfully", "success": True}


@post("/api/jobs/{job_id:int}/pause", status_code=200)
async def pause_job(jobs: AskedJobs, job_id: FromPath[int]) -> Response[JobBody]:
    """No more checks until the job is resumed."""
    return _job(await jobs.pause(job_id))


@post("/api/jobs/{job_id:int}/resume", status_code=200)
async def resume_job(jobs: AskedJobs, job_id: FromPath[int]) -> Response[JobBody]:
    """Go on checking a paused job, at once."""
    return _job(await jobs.resume(job_id))


@post("/api/jobs/{job_id:int}/check-now", status_code=200)
async def check_job_now(jobs: AskedJobs, job_id: FromPath[int]) -> Response[JobBody]:
    """Check a job at once instead of at its next time."""
    return _job(await jobs.check_now(job_id))


@post("/api/jobs/{job_id:int}/retry", status_code=200)
async def retry_job(
    jobs: AskedJobs, runs: AskedRuns, job_id: FromPath[int], data: JSONBody[Retry] = _SIMPLY
) -> Response[JobBody]:
    """Send a failed or held job on its way again."""
    if data.adopt is not None:
        return _job(await runs.adopt(job_id, data.adopt))
    return _job(await jobs.retry(job_id, again=data.again, send=data.send))


@post("/api/jobs/{job_id:int}/cancel-run", status_code=200)
async def cancel_run(runs: AskedRuns, job_id: FromPath[int]) -> Response[JobBody]:
    """Ask Keboola to end a job's run. The job keeps its status; the history tells how the run ended."""
    return _job(await runs.cancel(job_id))


@get("/api/jobs/{job_id:int}/history")
async def job_history(jobs: AskedJobs, job_id: FromPath[int], limit: _Logs = 100) -> HistoryBody:
    """What happened to a job, newest first."""
    return {"logs": history_body(await jobs.history(job_id, limit=limit))}


def _job(view: JobView, *, logs: Sequence[HistoryEntry] | None = None, status_code: int = 200) -> Response[JobBody]:
    """A job, with the version that an edit may name."""
    return Response(job_body(view, logs=logs), status_code=status_code, headers={"ETag": f'"{view.job.version}"'})


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (
    list_jobs,
    create_job,
    show_job,
    edit_job,
    delete_job,
    pause_job,
    resume_job,
    check_job_now,
    retry_job,
    cancel_run,
    job_history,
)
