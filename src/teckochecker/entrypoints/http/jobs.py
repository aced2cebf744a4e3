"""/api/jobs: what is watched, and what people decide about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Any, Final

from litestar import Request, Response, delete, get, post, route
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException
from litestar.params import FromQuery, HeaderParameter, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from teckochecker.application.errors import SecretNotFound
from teckochecker.application.ports import HistoryEntry, JobQuery, JobSort, Once
from teckochecker.application.secrets import Secrets
from teckochecker.application.views import JobView
from teckochecker.domain.secret import Secret
from teckochecker.domain.status import JobStatus, with_failures
from teckochecker.domain.values import JobId
from teckochecker.entrypoints.bodies import DoneBody, HistoryBody, JobBody, JobsBody
from teckochecker.entrypoints.http.asked import JobEdit, NewJob, Retry
from teckochecker.entrypoints.http.fields import Cursor, PathId
from teckochecker.entrypoints.http.parts import AskedJobs, AskedRuns, AskedSecrets
from teckochecker.entrypoints.wire import history_body, job_body, jobs_body

_Logs = Annotated[int, QueryParameter(ge=1, le=1000, description="Entries of the history, the newest first")]
_ETAG: Final = r'^(\*|"[0-9]{1,18}"|[0-9]{1,18})$'
_IfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match", description="Only if the job has still this ETag", schema_extra={"pattern": _ETAG}
    ),
]
_Key = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="A name of your own for this request: sent again, it answers the job that it made",
    ),
]
_SIMPLY: Final = Retry()
_NEWEST: Final = JobSort.NEWEST


@get("/api/jobs")
async def list_jobs(
    jobs: AskedJobs,
    secrets: AskedSecrets,
    status: Annotated[
        list[JobStatus] | None,
        QueryParameter(description="Only jobs of these statuses; `completed` takes those with failures in"),
    ] = None,
    secret: Annotated[
        str | None, QueryParameter(max_length=255, description="Only jobs of this secret, by its name")
    ] = None,
    text: Annotated[
        str | None, QueryParameter(max_length=255, description="Only jobs whose name, or a batch ID, begins so")
    ] = None,
    sort: Annotated[
        JobSort, QueryParameter(description="By time, name, status or next check, with `-` the last one first")
    ] = _NEWEST,
    limit: Annotated[int, QueryParameter(ge=1, le=1000, description="Jobs on one page")] = 100,
    cursor: Cursor = 0,
) -> JobsBody:
    """A page of jobs, newest first."""
    query = JobQuery(
        statuses=with_failures(status or ()),
        secret_id=None if secret is None else (await _named(secrets, secret)).id,
        text=text,
        sort=sort,
        limit=limit,
        after=JobId(cursor) if cursor else None,
    )
    return jobs_body(await jobs.find(query))


async def _named(secrets: Secrets, name: str) -> Secret:
    try:
        return await secrets.get(name)
    except SecretNotFound as error:
        raise SecretNotFound(str(error), field="secret") from error


@post("/api/jobs")
async def create_job(
    request: Request[Any, Any, Any], jobs: AskedJobs, data: JSONBody[NewJob], idempotency_key: _Key = None
) -> Response[JobBody]:
    """Watch 1 to 10 batches, and start a Keboola run when the last of them has ended."""
    if idempotency_key is None:
        return _job(await jobs.create(data.spec, check=data.check), status_code=201)
    once = Once(key=idempotency_key, body=sha256(await request.body()).hexdigest())
    view, new = await jobs.create_once(data.spec, once, check=data.check)
    answer = _job(view, status_code=201)
    answer.headers["Idempotency-Replayed"] = "false" if new else "true"
    return answer


@get("/api/jobs/{job_id:int}")
async def show_job(
    jobs: AskedJobs, job_id: PathId, include_logs: FromQuery[bool] = True, log_limit: _Logs = 100
) -> Response[JobBody]:
    """One job, and what happened to it."""
    view = await jobs.get(job_id)
    logs = await jobs.history(job_id, limit=log_limit) if include_logs else None
    return _job(view, logs=logs)


@route("/api/jobs/{job_id:int}", http_method=[HttpMethod.PATCH, HttpMethod.PUT])
async def edit_job(
    jobs: AskedJobs, job_id: PathId, data: JSONBody[JobEdit], if_match: _IfMatch = None
) -> Response[JobBody]:
    """Change what is named about a job that is active, paused or failed."""
    version = _version(if_match)
    return _job(await jobs.edit(job_id, data.change, version=version, check=data.check))


@delete("/api/jobs/{job_id:int}", status_code=200)
async def delete_job(jobs: AskedJobs, job_id: PathId) -> DoneBody:
    """Delete a job. A run that may have been sent is still looked after, and never sent again."""
    await jobs.delete(job_id)
    return {"message": "Job deleted successfully", "success": True}


@post("/api/jobs/{job_id:int}/pause", status_code=200)
async def pause_job(jobs: AskedJobs, job_id: PathId) -> Response[JobBody]:
    """No more checks until the job is resumed."""
    return _job(await jobs.pause(job_id))


@post("/api/jobs/{job_id:int}/resume", status_code=200)
async def resume_job(jobs: AskedJobs, job_id: PathId) -> Response[JobBody]:
    """Go on checking a paused job, at once."""
    return _job(await jobs.resume(job_id))


@post("/api/jobs/{job_id:int}/check", status_code=200)
async def check_job(jobs: AskedJobs, job_id: PathId) -> Response[JobBody]:
    """Look at all that a job depends on: secrets, configuration, variables and batches."""
    return _job(await jobs.check(job_id))


@post("/api/jobs/{job_id:int}/check-now", status_code=200)
async def check_job_now(jobs: AskedJobs, job_id: PathId) -> Response[JobBody]:
    """Check a job at once instead of at its next time."""
    return _job(await jobs.check_now(job_id))


@post("/api/jobs/{job_id:int}/retry", status_code=200)
async def retry_job(
    jobs: AskedJobs, runs: AskedRuns, job_id: PathId, data: JSONBody[Retry] = _SIMPLY
) -> Response[JobBody]:
    """Send a failed or held job on its way again."""
    if data.adopt is not None:
        return _job(await runs.adopt(job_id, data.adopt))
    return _job(await jobs.retry(job_id, again=data.again, send=data.send))


@post("/api/jobs/{job_id:int}/cancel-run", status_code=200)
async def cancel_run(runs: AskedRuns, job_id: PathId) -> Response[JobBody]:
    """Ask Keboola to end a job's run. The job keeps its status; the history tells how the run ended."""
    return _job(await runs.cancel(job_id))


@get("/api/jobs/{job_id:int}/history")
async def job_history(jobs: AskedJobs, job_id: PathId, limit: _Logs = 100) -> HistoryBody:
    """What happened to a job, newest first."""
    return {"logs": history_body(await jobs.history(job_id, limit=limit))}


def _version(if_match: str | None) -> int | None:
    """The version that an edit expects, where it names one. Shells eat the quotes of an ETag, so it needs none."""
    if if_match is None or if_match.strip() == "*":
        return None
    named = re.fullmatch(r'("?)([0-9]{1,18})\1', if_match.strip())
    if not named:
        raise HTTPException('If-Match must be the ETag of a job, such as "3", or *', status_code=400)
    return int(named[2])


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
    check_job,
    check_job_now,
    retry_job,
    cancel_run,
    job_history,
)
