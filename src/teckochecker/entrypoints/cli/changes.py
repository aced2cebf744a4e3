"""teckochecker job …: what people decide about a job that is there."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from teckochecker.application.change import JobChange
from teckochecker.application.views import JobView
from teckochecker.entrypoints.cli.answer import Answer, Misused
from teckochecker.entrypoints.cli.asking import confirm
from teckochecker.entrypoints.cli.checks import warn
from teckochecker.entrypoints.cli.options import Flag, pairs
from teckochecker.entrypoints.cli.place import library
from teckochecker.entrypoints.cli.screen import Screen, plain
from teckochecker.entrypoints.wire import job_body

_Several = Annotated[tuple[str, ...] | None, Parameter(negative=(), show_default=False)]
_OrNone = Annotated[tuple[str, ...] | None, Parameter(negative_iterable="no-", show_default=False)]


async def edit(
    job_id: int,
    /,
    *,
    name: str | None = None,
    batch_id: _Several = None,
    openai_secret: str | None = None,
    keboola_secret: str | None = None,
    keboola_stack: str | None = None,
    component_id: str | None = None,
    config_id: str | None = None,
    poll_interval: int | None = None,
    branch_id: str | None = None,
    row_id: _OrNone = None,
    variable: _OrNone = None,
    no_check: Flag = False,
) -> Answer:
    """Change a job; only what is named changes.

    Parameters
    ----------
    job_id
        The job's ID
    name
        Descriptive job name
    batch_id
        All the batches it is to watch; once for each
    openai_secret
        OpenAI secret name
    keboola_secret
        Keboola secret name
    keboola_stack
        Keboola stack URL
    component_id
        Keboola component ID
    config_id
        Configuration ID in Keboola
    poll_interval
        Check interval in seconds
    branch_id
        Development branch in Keboola
    row_id
        All the configuration rows to run; once for each
    variable
        All further variables for the run, as NAME=VALUE; once for each
    no_check
        Do not look first at what changes: secrets, configuration, variables and batches
    """
    secrets = {"openai_secret": openai_secret, "keboola_secret": keboola_secret}
    more = {"branch_id": branch_id, "row_ids": row_id, "variables": None if variable is None else pairs(variable)}
    aim = {
        "keboola_stack_url": keboola_stack,
        "keboola_component_id": component_id,
        "keboola_configuration_id": config_id,
    }
    change = _named(name=name, batch_ids=batch_id, poll_interval_seconds=poll_interval, **secrets, **aim, **more)
    async with library() as checker:
        return _told(await checker.jobs.edit(job_id, change, check=not no_check), "has been changed", warns=True)


async def pause(job_id: int, /) -> Answer:
    """Stop checking a job until it is resumed.

    Parameters
    ----------
    job_id
        The job's ID
    """
    async with library() as checker:
        return _told(await checker.jobs.pause(job_id), "has been paused")


async def resume(job_id: int, /) -> Answer:
    """Go on checking a paused job, at once.

    Parameters
    ----------
    job_id
        The job's ID
    """
    async with library() as checker:
        return _told(await checker.jobs.resume(job_id), "has been resumed")


async def check_now(job_id: int, /) -> Answer:
    """Check a job at once instead of at its next time.

    Parameters
    ----------
    job_id
        The job's ID
    """
    async with library() as checker:
        return _told(await checker.jobs.check_now(job_id), "is checked now")


async def retry(
    job_id: int,
    /,
    *,
    again: Flag = False,
    send: Flag = False,
    adopt: str | None = None,
) -> Answer:
    """Send a failed or held job on its way again.

    Parameters
    ----------
    job_id
        The job's ID
    again
        One more run of a job that has completed, on purpose
    send
        You looked in Keboola and found no run: send it again
    adopt
        You looked in Keboola and found the run: its ID
    """
    if sum((again, send, adopt is not None)) > 1:
        raise Misused("--again is for a job that has completed, --send and --adopt for one that is held; give one")
    async with library() as checker:
        if adopt is not None:
            return _told(await checker.runs.adopt(job_id, adopt), f"goes on with run {plain(adopt)}")
        return _told(await checker.jobs.retry(job_id, again=again, send=send), "is on its way again")


async def cancel_run(job_id: int, /) -> Answer:
    """Ask Keboola to end a job's run. The job keeps its status; the history tells how the run ended.

    Parameters
    ----------
    job_id
        The job's ID
    """
    async with library() as checker:
        view = await checker.runs.cancel(job_id)
    sentence = f"Keboola was asked to end the run of job '{plain(view.job.name)}'"
    return Answer(job_body(view), lambda screen: screen.done(sentence))


async def fire_test(job_id: int, /, *, yes: Flag = False) -> Answer:
    """Start a run of a job's configuration with made-up batches, to see what the configuration makes of them.

    It changes nothing about the job and its own run. Its `trigger_id` begins with test-, its batches' ids with
    batch_test_.

    Parameters
    ----------
    job_id
        The job's ID
    yes
        Do not ask
    """
    async with library() as checker:
        job = (await checker.jobs.get(job_id)).job
    name, target = plain(job.name), job.target
    aim = f"{plain(target.component_id)}/{plain(target.configuration_id)} at {plain(target.stack_url)}"
    confirm(f"Start a test run of job '{name}' in {aim}?", force=yes, option="--yes")
    async with library() as checker:
        fired = await checker.runs.test_fire(job_id)
    body = {"job_id": fired.job_id, "run_id": fired.run_id, "trigger_id": fired.trigger_id}
    return Answer(
        body, lambda screen: screen.done(f"Keboola started the test run {plain(fired.run_id)} of job '{name}'")
    )


async def delete(job_id: int, /, *, force: Flag = False) -> Answer:
    """Delete a job.

    Parameters
    ----------
    job_id
        The job's ID
    force
        Do not ask
    """
    async with library() as checker:
        name = plain((await checker.jobs.get(job_id)).job.name)
    confirm(f"Are you sure you want to delete job '{name}'?", force=force)
    async with library() as checker:
        await checker.jobs.delete(job_id)
    body = {"message": "Job deleted successfully", "success": True}
    return Answer(body, lambda screen: screen.done("Job deleted successfully"))


def _named(**changes: Any) -> JobChange:
    if all(value is None for value in changes.values()):
        raise Misused("Nothing to change: name what is to be different, such as --poll-interval 300")
    return JobChange(**changes)


def _told(view: JobView, what: str, *, warns: bool = False) -> Answer:
    def show(screen: Screen) -> None:
        screen.done(f"Job '{plain(view.job.name)}' {what}")
        if warns:
            warn(view.checked)

    return Answer(job_body(view), show)
