"""teckochecker job create, list and show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated, Literal

from cyclopts import Parameter, validators
from rich.text import Text

from teckochecker.application.ports import HistoryEntry, JobQuery
from teckochecker.application.views import JobView, JobViews
from teckochecker.domain.job import PollingJob
from teckochecker.domain.run import KeboolaRun
from teckochecker.domain.spec import JobSpec
from teckochecker.domain.status import JobStatus, with_failures
from teckochecker.domain.values import JobId
from teckochecker.entrypoints.cli.answer import Answer
from teckochecker.entrypoints.cli.box import Section
from teckochecker.entrypoints.cli.checks import OPEN, findings, warn
from teckochecker.entrypoints.cli.options import BatchIds, Flag, Limit, Rows, Variables, pairs
from teckochecker.entrypoints.cli.place import library
from teckochecker.entrypoints.cli.screen import Screen, plain
from teckochecker.entrypoints.cli.words import batch_status, counts, job_status, run_status, trouble
from teckochecker.entrypoints.wire import job_body, jobs_body

Status = Literal["active", "paused", "triggering", "completed", "completed_with_failures", "failed"]


async def create(
    *,
    name: str,
    batch_id: BatchIds = (),
    openai_secret: str,
    keboola_secret: str,
    keboola_stack: str,
    component_id: str,
    config_id: str,
    poll_interval: int | None = None,
    branch_id: str | None = None,
    row_id: Rows = (),
    variable: Variables = (),
    no_check: Flag = False,
) -> Answer:
    """Create a job that watches 1 to 10 batches.

    Parameters
    ----------
    name
        Descriptive job name
    batch_id
        OpenAI batch job ID; once for each batch
    openai_secret
        OpenAI secret name
    keboola_secret
        Keboola secret name
    keboola_stack
        Keboola stack URL, such as https://connection.eu-central-1.keboola.com
    component_id
        Keboola component ID, such as kds-team.app-custom-python
    config_id
        Configuration ID in Keboola
    poll_interval
        Check interval in seconds
    branch_id
        Development branch in Keboola; without it the main branch
    row_id
        Configuration row to run; once for each row
    variable
        A further variable for the run, as NAME=VALUE; once for each
    no_check
        Do not look first at secrets, configuration, variables and batches
    """
    spec = JobSpec(
        name=name,
        batch_ids=batch_id,
        openai_secret=openai_secret,
        keboola_secret=keboola_secret,
        keboola_stack_url=keboola_stack,
        keboola_component_id=component_id,
        keboola_configuration_id=config_id,
        poll_interval_seconds=poll_interval,
        branch_id=branch_id,
        row_ids=tuple(row_id),
        variables=pairs(variable),
    )
    async with library() as checker:
        view = await checker.jobs.create(spec, check=not no_check)
    return Answer(job_body(view), partial(_created, view=view))


async def show_all(
    *,
    status: Annotated[tuple[Status, ...], Parameter(negative=(), show_default=False)] = (),
    text: str | None = None,
    limit: Limit = 100,
    after: int | None = None,
) -> Answer:
    """List the jobs, newest first.

    Parameters
    ----------
    status
        Only jobs of this status; once for each. `completed` includes those completed with failures
    text
        Only jobs whose name, or one of whose batch IDs, begins so
    limit
        At most so many
    after
        Only jobs older than the one with this ID: the next page
    """
    wanted = with_failures(JobStatus(one) for one in status)
    query = JobQuery(
        statuses=wanted,
        text=text,
        limit=limit,
        after=None if after is None else JobId(after),
    )
    async with library() as checker:
        found = await checker.jobs.find(query)
    return Answer(jobs_body(found), partial(_list, found=found, filtered=bool(wanted or text or after)))


async def show(
    job_id: int, /, *, log_limit: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=1000))] = 10
) -> Answer:
    """Show a job with its batches, its Keboola run and its history.

    Parameters
    ----------
    job_id
        The job's ID
    log_limit
        So many of the latest entries of its history
    """
    async with library() as checker:
        view = await checker.jobs.get(job_id)
        history = await checker.jobs.history(job_id, limit=log_limit) if log_limit else []
    return Answer(job_body(view, logs=history), partial(_details, view=view, history=history))


def _created(screen: Screen, *, view: JobView) -> None:
    screen.done(f"Polling job '{plain(view.job.name)}' created successfully (ID: {view.job.id})")
    warn(view.checked)


def _list(screen: Screen, *, found: JobViews, filtered: bool) -> None:
    if not found.jobs:
        screen.say("No jobs match" if filtered else "No jobs yet; create one with: teckochecker job create")
        return
    for view in found.jobs:
        if view.held_reason:
            screen.say(f"Job {view.job.id} is held: {plain(view.held_reason)}", "dark_orange")
    rows = [
        (
            str(view.job.id),
            plain(view.job.name),
            job_status(screen, view),
            _progress(view),
            screen.time(view.job.next_check_at),
            run_status(screen, view),
        )
        for view in found.jobs
    ]
    head = ("ID", "Name", "Status", "Batches", f"Next Check ({screen.zone_name})", "Keboola Run")
    screen.box(Section("Polling Jobs", rows, head))
    if found.more:
        last = found.jobs[-1].job.id
        screen.say(f"{len(rows)} of {found.total} jobs; older ones with: teckochecker job list --after {last}")


def _details(screen: Screen, *, view: JobView, history: Sequence[HistoryEntry]) -> None:
    several = len(view.job.batches) > 1
    sections = [Section(f"Polling Job Details (times in {screen.zone_name})", _facts(screen, view))]
    if several or any(trouble(batch) for batch in view.job.batches):
        rows = [
            (
                str(batch.id),
                batch_status(screen, batch),
                counts(batch),
                screen.time(batch.ended_at or batch.changed_at),
                trouble(batch),
            )
            for batch in view.job.batches
        ]
        sections.append(Section("Batch Status", rows, ("Batch ID", "Status", "Requests", "Since", "Note")))
    if view.checked and (found := findings(screen, view.checked, *OPEN)):
        sections.append(found)
    if history:
        told = [(screen.time(entry.event.at), plain(str(entry.event))) for entry in history]
        sections.append(Section("History", told))
    screen.box(*sections)


def _facts(screen: Screen, view: JobView) -> list[tuple[str, Text | str]]:
    job, target = view.job, view.job.target
    one = job.batches[0].id if len(job.batches) == 1 else None
    facts: list[tuple[str, Text | str]] = [
        ("ID", str(job.id)),
        ("Name", plain(job.name)),
        ("Status", job_status(screen, view)),
        ("Batch ID", str(one)) if one else ("Batches", _progress(view)),
        ("Poll Interval", f"{int(job.interval.total_seconds())} seconds"),
        ("Last Check", screen.time(job.last_check_at, "not yet")),
        ("Next Check", screen.time(job.next_check_at)),
        ("Created At", screen.time(job.created_at)),
        ("OpenAI Secret", plain(job.openai_secret_name)),
        ("Keboola Secret", plain(job.keboola_secret_name)),
        ("Keboola Stack", plain(target.stack_url)),
        ("Configuration", f"{target.component_id} / {target.configuration_id}"),
        *_more(job),
        ("Keboola Run", run_status(screen, view)),
        *_run_facts(view.trigger.run if view.trigger else None),
    ]
    if job.completed_at:
        facts.insert(8, ("Completed At", screen.time(job.completed_at)))
    if job.last_error:
        facts.append(("Last Error", plain(job.last_error)))
    held = [("Held", Text(plain(view.held_reason), "dark_orange"))] if view.held_reason else []
    return [*held, *facts]


def _more(job: PollingJob) -> Iterator[tuple[str, str]]:
    """What only some jobs have."""
    if job.target.branch_id:
        yield "Branch", plain(job.target.branch_id)
    if job.target.row_ids:
        yield "Rows", ", ".join(map(plain, job.target.row_ids))
    if job.target.variables:
        yield "Variables", ", ".join(f"{plain(name)}={plain(text)}" for name, text in job.target.variables.items())
    if job.key != job.name:
        yield "Key", plain(job.key)


def _run_facts(run: KeboolaRun | None) -> Iterator[tuple[str, str]]:
    if run and run.message:
        yield "Run Message", plain(run.message)
    if run and run.link:
        yield "Run Link", plain(run.link)


def _progress(view: JobView) -> str:
    job = view.job
    failed = f", {job.failed_count} failed" if job.failed_count else ""
    return f"{job.completed_count}/{len(job.batches)} completed{failed}"
