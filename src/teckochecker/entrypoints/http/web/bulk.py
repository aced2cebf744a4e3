"""/web/jobs/actions: one step for several jobs at once, told in one summary."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from litestar import Request, Response, post
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from teckochecker.application.jobs import Jobs
from teckochecker.domain.errors import TeckoCheckerError
from teckochecker.domain.values import JobId
from teckochecker.entrypoints.http.parts import AskedJobs
from teckochecker.entrypoints.http.web.listing import PAGE
from teckochecker.entrypoints.http.web.page import Page, ThePage, back_to
from teckochecker.entrypoints.http.web.words import plural, sentence

_STEPS: Final[Mapping[str, tuple[str, Callable[[Jobs, int], Awaitable[object]]]]] = {
    "pause": ("paused", Jobs.pause),
    "resume": ("resumed", Jobs.resume),
    "retry": ("retried", lambda jobs, id: jobs.retry(id)),
    "delete": ("deleted", Jobs.delete),
}
_CONSEQUENCE: Final = (
    "Nobody watches their batches any more, and no Keboola run is started for them. The batches themselves go on at "
    "OpenAI; runs that Keboola has go on there: {names}."
)


@post("/jobs/actions", status_code=200)
async def acted(request: Request[Any, Any, Any], page: ThePage, jobs: AskedJobs) -> Response[Any]:
    """Do it to each of the ticked jobs; one that refuses keeps none of the others from it."""
    form = await request.form()
    back, step = back_to(form, "/web"), str(form.get("do", ""))
    ids = [JobId(int(text)) for text in form.getall("id", []) if str(text).isdecimal() and len(str(text)) < 19][:PAGE]
    if step not in _STEPS or not ids:
        return Redirect(back, status_code=303)
    if step == "delete" and form.get("sure") != "yes":
        return await _ask(page, jobs, ids, back)
    done, refusals = 0, []
    word, act = _STEPS[step]
    for job_id in ids:
        try:
            await act(jobs, job_id)
        except TeckoCheckerError as error:
            refusals.append((job_id, sentence(str(error))))
        else:
            done += 1
    if not refusals:
        return Redirect(back, status_code=303)
    title = f"{plural(done, 'job')} {word}, {len(refusals)} not"
    return page.show("summary.html", place="/web", status=409, title=title, refusals=refusals, back=back)


async def _ask(page: Page, jobs: Jobs, ids: Sequence[JobId], back: str) -> Response[str]:
    found = [view.job for view in await jobs.these(ids)]
    names = ", ".join(f"“{job.name}” (#{job.id})" for job in found)
    return page.show(
        "question.html",
        place="/web",
        title=f"Delete {plural(len(found), 'job')}?",
        consequence=_CONSEQUENCE.format(names=names),
        action="/web/jobs/actions",
        verb=f"Delete {plural(len(found), 'job')}",
        back=back,
        hidden={"do": ["delete"], "sure": ["yes"], "back": [back], "id": [job.id for job in found]},
    )


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (acted,)
