"""Which events people are told of, and in which words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

from attrs import frozen

from teckochecker.application.ports import Address
from teckochecker.domain import events
from teckochecker.domain.events import Event
from teckochecker.domain.job import PollingJob
from teckochecker.domain.values import JobId

GATHER: Final = timedelta(seconds=10)
"""So long a notice waits for others of the same cause."""

_LISTED: Final = 20
_GOOD_RUNS: Final = ("success", "warning")


class NoticeKind(StrEnum):
    """What people may ask to be told of."""

    JOB_FAILED = "job_failed"
    HELD = "held"
    OVERDUE = "overdue"
    SENDS_FAILING = "sends_failing"
    RUN_ENDED_BADLY = "run_ended_badly"
    DUPLICATE_RUN = "duplicate_run"
    RUN_ENDED_WELL = "run_ended_well"
    JOB_COMPLETED = "job_completed"


USUAL: Final = tuple(kind for kind in NoticeKind if kind not in (NoticeKind.RUN_ENDED_WELL, NoticeKind.JOB_COMPLETED))


@frozen
class Story:
    """How something is told: of one, of many, and what to do. `rare`: the same cause is told once an hour at most."""

    kind: NoticeKind
    one: str
    many: str
    cure: str
    rare: bool = False


_FAILED = Story(
    NoticeKind.JOB_FAILED,
    "Job '{name}' failed",
    "{count} jobs failed",
    "Correct what was refused, then send it again with `teckochecker job retry`.",
)
_REFUSED = Story(
    NoticeKind.HELD,
    "Secret '{name}' is refused",
    "{count} secrets are refused",
    "Its jobs wait; they go on at once when its value is replaced: `teckochecker secret replace`.",
    rare=True,
)
_WAITS = Story(
    NoticeKind.HELD,
    "Job '{name}' waits for a person",
    "{count} jobs wait for a person",
    "It goes on by itself when the cause is gone; `teckochecker job retry` tries it at once.",
    rare=True,
)
_NOT_FOUND = Story(
    NoticeKind.HELD,
    "A batch of job '{name}' is not found",
    "Batches of {count} jobs are not found",
    "Check batch ID and secret, and correct the job with `teckochecker job edit`.",
    rare=True,
)
_OVERDUE = Story(
    NoticeKind.OVERDUE,
    "A batch of job '{name}' has outlived its expiry",
    "Batches of {count} jobs have outlived their expiry",
    "It is watched on; look at the batch at OpenAI, or take it out with `teckochecker job edit`.",
)
_FAILING = Story(
    NoticeKind.SENDS_FAILING,
    "Keboola does not take the run of job '{name}'",
    "Keboola does not take the runs of {count} jobs",
    "It goes on being sent, at least every 15 minutes; look whether Keboola is in maintenance.",
    rare=True,
)
_BAD_RUN = Story(
    NoticeKind.RUN_ENDED_BADLY,
    "The Keboola run of job '{name}' did not end well",
    "The Keboola runs of {count} jobs did not end well",
    "Look at the run in Keboola; `teckochecker job retry --again` starts another one.",
)
_TWICE = Story(
    NoticeKind.DUPLICATE_RUN,
    "Job '{name}' has more than one run",
    "{count} jobs have more than one run",
    "Look at the runs in Keboola and undo what was done twice.",
)
_GOOD_RUN = Story(NoticeKind.RUN_ENDED_WELL, "The run of job '{name}' ended well", "{count} runs ended well", "")
_COMPLETED = Story(NoticeKind.JOB_COMPLETED, "Job '{name}' is completed", "{count} jobs are completed", "")

_STORIES: Final[Mapping[type[Event], Story]] = {
    events.JobFailed: _FAILED,
    events.CredentialHeld: _REFUSED,
    events.TriggerHeld: _WAITS,
    events.BatchNotFound: _NOT_FOUND,
    events.JobOverdue: _OVERDUE,
    events.SendsFailing: _FAILING,
    events.RunLost: _BAD_RUN,
    events.DuplicateRun: _TWICE,
    events.JobCompleted: _COMPLETED,
}


def story_of(event: Event) -> Story | None:
    """How this event is told, if it ever is."""
    if isinstance(event, events.RunEnded):
        return _GOOD_RUN if event.status in _GOOD_RUNS else _BAD_RUN
    return _STORIES.get(type(event))


@frozen(kw_only=True)
class Subscription:
    """Which kinds of event go to which channels: the addressing of a store."""

    channels: tuple[str, ...] = ()
    kinds: frozenset[NoticeKind] = frozenset(USUAL)

    def __call__(self, event: Event) -> Sequence[Address]:
        story = self.channels and story_of(event)
        if not story or story.kind not in self.kinds:
            return ()
        return [Address(channel, event.at + GATHER) for channel in self.channels]


@frozen(kw_only=True)
class Message:
    """What a person reads."""

    title: str
    body: str
    good: bool = False


def secret_behind(event: Event, job: PollingJob | None) -> str:
    """The secret that this is about, where one may be the cause of many."""
    match event:
        case events.CredentialHeld():
            return event.secret
        case events.TriggerHeld() | events.SendsFailing() if job:
            return job.keboola_secret_name
        case events.BatchNotFound() if job:
            return job.openai_secret_name
    return ""


def message(story: Story, told: Sequence[Event], jobs: Mapping[JobId, PollingJob], address: str | None) -> Message:
    """One message of everything that has the same cause. `address` is where the pages are."""
    count = len({_subject(event, jobs) for event in told})
    title = (story.one if count == 1 else story.many).format(name=_name(told[0], jobs), count=count)
    lines = [f"{_subject(event, jobs)}: {event}" for event in told[:_LISTED]]
    if len(told) > _LISTED:
        lines.append(f"… and {len(told) - _LISTED} more")
    ids = {event.job_id for event in told if event.job_id}
    link = f"{address}/web{f'/jobs/{ids.pop()}' if len(ids) == 1 else ''}" if address else ""
    body = "\n".join([*lines, *(part for part in (story.cure, link) if part)])
    return Message(title=f"TeckoChecker: {title}", body=body, good=story in (_GOOD_RUN, _COMPLETED))


def _name(event: Event, jobs: Mapping[JobId, PollingJob]) -> str:
    if isinstance(event, events.CredentialHeld):
        return event.secret
    job = event.job_id and jobs.get(event.job_id)
    return job.name if job else f"{event.job_id}"


def _subject(event: Event, jobs: Mapping[JobId, PollingJob]) -> str:
    return f"{_name(event, jobs)} (job {event.job_id})" if event.job_id else _name(event, jobs)
