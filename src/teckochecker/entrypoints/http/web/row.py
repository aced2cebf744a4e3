"""A job as one row of the list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from attrs import frozen

from teckochecker.application.views import JobView
from teckochecker.domain.protocol import TriggerState
from teckochecker.domain.status import DONE, JobStatus
from teckochecker.entrypoints.http.web import progress, standing
from teckochecker.entrypoints.http.web.progress import Bar
from teckochecker.entrypoints.http.web.standing import Standing
from teckochecker.entrypoints.http.web.words import every, sentence


@frozen
class Move:
    """Something a person may do with a job now: where it leads, its sign and its word. One that `asks` only asks."""

    action: str
    icon: str
    word: str
    asks: bool = False


@frozen(kw_only=True)
class Trouble:
    """Why a job stands still: what happened, what it means, and where the cure is."""

    kind: str
    title: str
    detail: str = ""
    href: str | None = None
    cure: str = ""


@frozen(kw_only=True)
class Row:
    """A job as it stands `now`."""

    view: JobView
    now: datetime

    @property
    def standing(self) -> Standing:
        """The job's status."""
        return standing.of_job(self.view)

    @property
    def condition(self) -> str:
        """The line beneath the status."""
        return self.standing.sub

    @property
    def expected_end(self) -> datetime | None:
        """When the last batch is expected to end."""
        return progress.expected_end(self.view.job)

    @property
    def bar(self) -> Bar | None:
        """The requests of all its batches."""
        return progress.of_job(self.view.job)

    @property
    def run(self) -> Standing | None:
        """Its Keboola run, once there is something to tell of it."""
        return standing.of_run(self.view, self.now)

    @property
    def waits(self) -> str:
        """What the run waits for."""
        return standing.waits(self.view.job)

    @property
    def next_step(self) -> datetime | None:
        """When something happens by itself."""
        job, trigger = self.view.job, self.view.trigger
        if job.status is JobStatus.TRIGGERING and trigger:
            return trigger.due_at
        return None if self._refused else job.next_check_at

    @property
    def still(self) -> str:
        """What stands there where that is not known."""
        if self.view.job.status is JobStatus.PAUSED:
            return "paused"
        return "when the key works" if self._refused else "on its way"

    @property
    def _refused(self) -> bool:
        """All jobs of the key rest then, and not one by one."""
        job = self.view.job
        return self.view.held_reason is not None and job.status is JobStatus.ACTIVE and not job.missing

    @property
    def pace(self) -> str:
        """How often that is."""
        job = self.view.job
        return "next step" if job.status is JobStatus.TRIGGERING else every(job.interval)

    @property
    def moves(self) -> tuple[Move, ...]:
        """What the state allows a person to do."""
        return tuple(_moves(self.view))

    @property
    def trouble(self) -> Trouble | None:
        """The reason that stands below the row."""
        return trouble(self.view)


def trouble(view: JobView) -> Trouble | None:
    """Why a job stands still, if it does."""
    job, trigger = view.job, view.trigger
    edit = f"/web/jobs/{job.id}/edit"
    if view.held_reason:
        if job.missing and job.status is JobStatus.ACTIVE:
            return Trouble(kind="held", title=sentence(view.held_reason), href=edit, cure="Edit job")
        if trigger and trigger.unsettled:
            return Trouble(kind="held", title=sentence(view.held_reason), href=f"/web/jobs/{job.id}", cure="Open job")
        replace = f"/web/secrets/{job.openai_secret_id}"
        kept = "Nothing is lost; checks go on as soon as the key works."
        return Trouble(kind="held", title=sentence(view.held_reason), detail=kept, href=replace, cure="Replace secret")
    if job.status is JobStatus.FAILED:
        cure = "Correct the target, then retry; the batches need not run again."
        reason = sentence(job.last_error or "Keboola refused the run")
        return Trouble(kind="failed", title=reason, detail=cure, href=edit, cure="Edit target")
    if job.last_error and job.status is JobStatus.ACTIVE:
        return Trouble(kind="warning", title=sentence(job.last_error), detail="Looked at again by itself.")
    if job.last_error and job.status is JobStatus.PAUSED:
        return Trouble(kind="warning", title=sentence(job.last_error), href=edit, cure="Edit job")
    return None


def _moves(view: JobView) -> Iterator[Move]:
    job, trigger = view.job, view.trigger
    unsent = trigger is not None and trigger.unsettled and trigger.surely_unsent
    if job.status is JobStatus.ACTIVE:
        yield Move("check-now", "refresh", "Check now")
    if job.status is JobStatus.ACTIVE or (job.status is JobStatus.TRIGGERING and unsent):
        yield Move("pause", "pause", "Pause")
    if job.status is JobStatus.PAUSED:
        yield Move("resume", "play", "Resume")
    if job.status in (JobStatus.FAILED, JobStatus.TRIGGERING):
        yield Move("retry", "refresh", "Retry")
    if job.status in DONE and (trigger is None or trigger.state in (TriggerState.ACCEPTED, TriggerState.ENDED)):
        yield Move("again", "refresh", "Run again…", asks=True)
