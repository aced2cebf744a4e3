"""/web/jobs/{id}: one job, and everything that can be done with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from teckochecker.application.checks import CheckedJobs
from teckochecker.domain.errors import TeckoCheckerError
from teckochecker.entrypoints.http.parts import AskedJobs, AskedRuns
from teckochecker.entrypoints.http.web.detail import Detail
from teckochecker.entrypoints.http.web.page import Page, ThePage, back_to, refusal
from teckochecker.entrypoints.http.web.words import plural

_SHOWN: Final = 20  # events of the history, until all are asked for
_ALL: Final = 1000

_MOVES: Final[Mapping[str, Callable[[CheckedJobs, int], Awaitable[object]]]] = {
    "pause": lambda jobs, id: jobs.pause(id),
    "check": lambda jobs, id: jobs.check(id),
    "resume": lambda jobs, id: jobs.resume(id),
    "check-now": lambda jobs, id: jobs.check_now(id),
    "retry": lambda jobs, id: jobs.retry(id),
    "send": lambda jobs, id: jobs.retry(id, send=True),
    "again": lambda jobs, id: jobs.retry(id, again=True),
}
"""What a button does at once. The rest asks first, or needs to be told more."""


@get("/jobs/{job_id:int}")
async def shown(page: ThePage, jobs: AskedJobs, job_id: FromPath[int], history: FromQuery[str] = "") -> Response[str]:
    """One job."""
    return page.show(
        "job.html", place="/web", live=_parts_of(job_id, history), **await _known(page, jobs, job_id, history)
    )


@get("/jobs/{job_id:int}/parts")
async def parts(page: ThePage, jobs: AskedJobs, job_id: FromPath[int], history: FromQuery[str] = "") -> Response[str]:
    """All parts of a job's page, for those that have changed to be replaced."""
    return page.show("job_parts.html", **await _known(page, jobs, job_id, history))


@post("/jobs/{job_id:int}/{move:str}", status_code=303)
async def moved(
    request: Request[Any, Any, Any],
    page: ThePage,
    jobs: AskedJobs,
    runs: AskedRuns,
    job_id: FromPath[int],
    move: FromPath[str],
) -> Response[Any]:
    """Do what a button says; a refusal shows the job with the reason above it."""
    if move not in _MOVES and move not in ("delete", "cancel-run", "adopt"):
        raise NotFoundException
    form = await request.form()
    try:
        if move == "delete":
            await jobs.delete(job_id)
            return Redirect("/web", status_code=303)
        if move == "cancel-run":
            await runs.cancel(job_id)
        elif move == "adopt":
            await runs.adopt(job_id, str(form.get("run", "")))
        else:
            await _MOVES[move](jobs, job_id)
    except TeckoCheckerError as error:
        known = await _known(page, jobs, job_id, "")
        return page.show("job.html", place="/web", live=_parts_of(job_id, ""), **refusal(error), **known)
    return Redirect(back_to(form, f"/web/jobs/{job_id}"), status_code=303)


@get("/jobs/{job_id:int}/{question:str}")
async def asked(page: ThePage, jobs: AskedJobs, job_id: FromPath[int], question: FromPath[str]) -> Response[Any]:
    """The question before a step that cannot be taken back."""
    if question not in _QUESTIONS:
        return Redirect(f"/web/jobs/{job_id}")
    view = await jobs.get(job_id)
    title, consequence, verb = _QUESTIONS[question]
    named = {"name": view.job.name, "id": job_id, "batches": plural(len(view.job.batches), "batch", "batches")}
    return page.show(
        "question.html",
        place="/web",
        title=title.format(**named),
        consequence=consequence.format(**named),
        action=f"/web/jobs/{job_id}/{question}",
        verb=verb.format(**named),
        back=f"/web/jobs/{job_id}",
        hidden={},
    )


_QUESTIONS: Final = {
    "delete": (
        "Delete “{name}”?",
        "Nobody watches its {batches} any more, and no Keboola run is started for it. The batches themselves "
        "go on at OpenAI; a run that Keboola has goes on there.",
        "Delete job {id}",
    ),
    "cancel-run": (
        "Cancel the Keboola run of “{name}”?",
        "Keboola is asked to end the run; what it has done so far stays done. The job itself stays as it is.",
        "Cancel the run of job {id}",
    ),
    "again": (
        "Start one more run for “{name}”?",
        "The job has completed, and its run was started. This starts another one, with a trigger id of its own.",
        "Run job {id} again",
    ),
}


async def _known(page: Page, jobs: CheckedJobs, job_id: int, history: str) -> dict[str, Any]:
    every = history == "all"
    view = await jobs.get(job_id)
    entries = await jobs.history(job_id, limit=_ALL if every else _SHOWN)
    detail = Detail(view=view, now=page.now, zone=page.zone)
    return {"detail": detail, "entries": entries, "all_events": every or len(entries) < _SHOWN}


def _parts_of(job_id: int, history: str) -> str:
    return f"/web/jobs/{job_id}/parts" + ("?history=all" if history == "all" else "")


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (shown, parts, moved, asked)
