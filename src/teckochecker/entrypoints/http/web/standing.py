"""Where a job, a batch and a run stand, in the words of the pages. The class is the status as the API spells it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import frozen

from teckochecker.application.views import JobView
from teckochecker.domain.batch import Batch
from teckochecker.domain.job import PollingJob
from teckochecker.domain.protocol import TriggerState
from teckochecker.domain.run import KeboolaRun
from teckochecker.domain.status import JobStatus
from teckochecker.domain.trigger import Trigger
from teckochecker.entrypoints.http.web.words import countdown, plural, spaced

_ICONS: Final = {
    "validating": "queued",
    "created": "queued",
    "waiting": "queued",
    "finalizing": "in_progress",
    "cancelling": "in_progress",
    "terminating": "processing",
    "completed_with_failures": "completed",
    "expired": "failed",
    "lost": "failed",
    "terminated": "cancelled",
    "withdrawn": "none",
    "intent": "triggering",
    "sent": "triggering",
    "confirming": "unknown",
}
_DRAWN: Final = frozenset(
    {
        "active",
        "cancelled",
        "completed",
        "error",
        "failed",
        "fine",
        "held",
        "in_progress",
        "none",
        "paused",
        "processing",
        "queued",
        "refused",
        "success",
        "triggering",
        "unknown",
        "warning",
    }
)
_SAID: Final = {
    TriggerState.INTENT: "to be sent",
    TriggerState.SENT: "being sent",
    TriggerState.UNKNOWN: "looking for the run",
    TriggerState.CONFIRMING: "making sure it is one",
    TriggerState.HELD: "held",
    TriggerState.REFUSED: "refused",
    TriggerState.WITHDRAWN: "called off",
    TriggerState.ACCEPTED: "accepted",
    TriggerState.ENDED: "ended",
}
_LIKE: Final = {"waiting": "created", "terminating": "processing", "completed_with_failures": "completed"}


@frozen
class Standing:
    """A state as it is shown: its class, its word, and the condition beneath it."""

    status: str
    word: str
    sub: str = ""

    @property
    def icon(self) -> str:
        """The sign beside the word; a status that nobody knows yet is moving."""
        return icon(self.status)


def icon(status: str) -> str:
    """Which drawing stands for a status."""
    name = _ICONS.get(status, status)
    return name if name in _DRAWN else "in_progress"


def css(status: str) -> str:
    """Which colours a status has: its own, or those of the one it is like."""
    like = _LIKE.get(status, status)
    return like if like == icon(like) or like in _ICONS else "in_progress"


def of_job(view: JobView) -> Standing:
    """A job; a held one is shown as held, whatever its status."""
    job = view.job
    if view.held_reason:
        return Standing("held", "Held", f"{spaced(job.status.value)}")
    if job.status is JobStatus.COMPLETED_WITH_FAILURES:
        return Standing("completed", "Completed", "with failures")
    return Standing(job.status.value, job.status.value.capitalize())


def of_batch(batch: Batch) -> Standing:
    """A batch."""
    sub = "not found with this key" if batch.missing_since and not batch.ended else ""
    return Standing(css(batch.status), spaced(batch.status), sub)


def of_run(view: JobView, now: datetime) -> Standing | None:
    """The Keboola run of a job; None while it waits for batches."""
    trigger = view.trigger
    if trigger is None or (trigger.state is TriggerState.WITHDRAWN and view.job.open_batches):
        return None
    run = trigger.run
    if run and trigger.state in (TriggerState.ACCEPTED, TriggerState.ENDED):
        spent = _spent(run, now)
        return Standing(css(run.status), spaced(run.status), spent)
    return Standing(_colour(trigger), _word(trigger), _attempts(trigger))


def waits(job: PollingJob) -> str:
    """What the run of a job waits for."""
    return f"waits for {plural(len(job.open_batches), 'batch', 'batches')}"


def _colour(trigger: Trigger) -> str:
    if trigger.state in (TriggerState.INTENT, TriggerState.SENT):
        return "triggering"
    return {TriggerState.CONFIRMING: "unknown"}.get(trigger.state, trigger.state.value)


def _word(trigger: Trigger) -> str:
    if trigger.state is TriggerState.REFUSED and trigger.attempts and trigger.attempts[-1].http:
        return f"refused ({trigger.attempts[-1].http})"
    return _SAID[trigger.state]


def _attempts(trigger: Trigger) -> str:
    return f"attempt {len(trigger.attempts)}" if trigger.attempts else ""


def _spent(run: KeboolaRun, now: datetime) -> str:
    if run.started_at is None:
        return ""
    return countdown((run.ended_at or now) - run.started_at)
