"""What happened, in the past tense. History, logs, metrics and notices are all made from these."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from attrs import asdict, frozen

from teckochecker.domain.values import JobId


@frozen(kw_only=True)
class Event:
    """Something that happened; `str(event)` is its sentence. Fields besides `at` and `job_id` are plain JSON."""

    at: datetime
    job_id: JobId | None = None

    says: ClassVar[str]
    kinds: ClassVar[dict[str, type[Event]]] = {}

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        Event.kinds[cls.__name__] = cls

    @property
    def kind(self) -> str:
        """The name that storage, API and logs use, such as `JobCreated`."""
        return type(self).__name__

    @property
    def data(self) -> Mapping[str, Any]:
        """The fields of its own."""
        return asdict(self, filter=lambda attribute, _: attribute.name not in {"at", "job_id"})

    def __str__(self) -> str:
        return self.says.format(**self.data)


def recall(kind: str, data: Mapping[str, Any], *, at: datetime, job_id: JobId | None) -> Event:
    """An event read back from storage."""
    return Event.kinds[kind](at=at, job_id=job_id, **data)


@frozen(kw_only=True)
class JobCreated(Event):
    name: str
    batch_count: int
    says = "Job '{name}' was created, batches: {batch_count}"


@frozen(kw_only=True)
class Inherited(Event):
    """A word of the earlier version, or of how a job came over from it."""

    told: str
    says = "Earlier version: {told}"


@frozen(kw_only=True)
class JobEdited(Event):
    changed: tuple[str, ...]

    def __str__(self) -> str:
        return f"The job was edited: {', '.join(self.changed)}"


@frozen(kw_only=True)
class JobPaused(Event):
    says = "The job was paused"


@frozen(kw_only=True)
class JobResumed(Event):
    says = "The job was resumed"


@frozen(kw_only=True)
class JobDeleted(Event):
    says = "The job was deleted"


@frozen(kw_only=True)
class JobRetried(Event):
    generation: int
    says = "The job was sent on its way again by a person (run {generation})"


@frozen(kw_only=True)
class JobCompleted(Event):
    status: str
    completed: int
    failed: int
    says = "The job is {status}, batches: {completed} completed, {failed} failed"


@frozen(kw_only=True)
class JobFailed(Event):
    reason: str
    says = "The job failed: {reason}"


@frozen(kw_only=True)
class BatchMoved(Event):
    batch_id: str
    before: str
    after: str
    says = "Batch {batch_id} went from {before} to {after}"


@frozen(kw_only=True)
class BatchEnded(Event):
    batch_id: str
    status: str
    says = "Batch {batch_id} ended: {status}"


@frozen(kw_only=True)
class BatchNotFound(Event):
    batch_id: str
    says = "Batch {batch_id} was not found with this key"


@frozen(kw_only=True)
class JobOverdue(Event):
    batch_id: str
    status: str
    says = "Batch {batch_id} should have ended more than an hour ago, and is still {status}"


@frozen(kw_only=True)
class ChecksFailing(Event):
    error: str
    says = "Checks are failing: {error}"


@frozen(kw_only=True)
class ChecksRecovered(Event):
    failures: int
    says = "Checks work again after {failures} failure(s)"


@frozen(kw_only=True)
class CredentialHeld(Event):
    secret: str
    reason: str
    says = "Secret '{secret}' is refused: {reason}"


@frozen(kw_only=True)
class CredentialReleased(Event):
    secret: str
    says = "Secret '{secret}' is accepted again"


@frozen(kw_only=True)
class OfTrigger(Event):
    """Something that happened to a trigger."""

    trigger_id: str


@frozen(kw_only=True)
class TriggerIntended(OfTrigger):
    generation: int
    says = "All batches have ended; Keboola is to be started (trigger {trigger_id})"


@frozen(kw_only=True)
class TriggerSent(OfTrigger):
    attempt: int
    delay_s: int
    says = "The run was asked for (attempt {attempt})"


@frozen(kw_only=True)
class TriggerUnknown(OfTrigger):
    reason: str
    says = "It is not known whether Keboola started the run ({reason}); it is being looked for"


@frozen(kw_only=True)
class TriggerNotProcessed(OfTrigger):
    failures: int
    reason: str
    says = "Keboola did not take the request ({failures} time(s)): {reason}; it is sent again"


@frozen(kw_only=True)
class SendsFailing(OfTrigger):
    failures: int
    reason: str
    says = "Keboola has not taken the request {failures} time(s) in a row: {reason}; it goes on being sent"


@frozen(kw_only=True)
class TriggerHeld(OfTrigger):
    reason: str
    says = "The run waits for a person: {reason}"


@frozen(kw_only=True)
class TriggerRefused(OfTrigger):
    reason: str
    exception_id: str | None = None

    def __str__(self) -> str:
        trail = f" (exception {self.exception_id})" if self.exception_id else ""
        return f"Keboola refused the run: {self.reason}{trail}"


@frozen(kw_only=True)
class TriggerWithdrawn(OfTrigger):
    says = "The run was called off"


@frozen(kw_only=True)
class TriggerDoubted(OfTrigger):
    says = "The job came from a backup: Keboola is asked first whether it has run since"


@frozen(kw_only=True)
class TriggerAccepted(OfTrigger):
    """`waited_s`: how long after the last batch was seen to have ended."""

    run_id: str
    adopted: bool
    waited_s: float

    def __str__(self) -> str:
        return f"Keboola {'already had' if self.adopted else 'accepted'} the run {self.run_id}"


@frozen(kw_only=True)
class TestFired(OfTrigger):
    run_id: str
    says = "A person started the test run {run_id} with made-up batches (trigger {trigger_id})"


@frozen(kw_only=True)
class RunNamed(Event):
    run_id: str
    says = "A person named run {run_id} as the one of this job"


@frozen(kw_only=True)
class RunCancelAsked(Event):
    run_id: str
    says = "A person asked for the end of run {run_id}"


@frozen(kw_only=True)
class RunKilled(Event):
    run_id: str
    says = "The second run {run_id} is being cancelled before it begins"


@frozen(kw_only=True)
class DuplicateRun(Event):
    run_ids: tuple[str, ...]

    def __str__(self) -> str:
        return f"More than one run has begun: {', '.join(self.run_ids)}; see in Keboola what they did"


@frozen(kw_only=True)
class RunMoved(Event):
    run_id: str
    status: str
    says = "Run {run_id} is {status}"


@frozen(kw_only=True)
class RunEnded(Event):
    run_id: str
    status: str
    duration_s: int | None = None
    message: str | None = None

    def __str__(self) -> str:
        trail = f": {self.message}" if self.message else ""
        return f"Run {self.run_id} ended: {self.status}{trail}"


@frozen(kw_only=True)
class RunLost(Event):
    run_id: str
    reason: str
    says = "Run {run_id} is lost from sight: {reason}"


@frozen(kw_only=True)
class NoticeGivenUp(Event):
    channel: str
    count: int
    reason: str
    says = "{count} notice(s) could not be delivered over {channel} and were given up: {reason}"
