"""Whatever happens in whatever order, a job's run is wanted neither early nor twice nor never."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from datetime import datetime, timedelta
from typing import Any

from attrs import frozen
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from teckochecker.domain.batch import Batch, BatchMissing, BatchReport, BatchStatus, Looked, LookUpFailed
from teckochecker.domain.editing import edited
from teckochecker.domain.errors import InvalidTransition
from teckochecker.domain.job import PollingJob
from teckochecker.domain.status import DONE, JobStatus
from teckochecker.domain.values import BatchId
from tests.builders import AT, MINUTE, a_job

LOST_AFTER = timedelta(seconds=600)
NAMES = [BatchId(f"batch_{number}") for number in range(1, 5)]
UNDER_WAY = ["validating", "in_progress", "finalizing", "cancelling", "one_nobody_knows"]
ENDS = ["completed", "failed", "expired", "cancelled"]
GONE = "gone"

A_NAME = st.sampled_from(NAMES)
SOME_NAMES = st.lists(A_NAME, min_size=1, max_size=3, unique=True).map(tuple)


@frozen
class Look:
    """Answers that are on their way: given at one moment, taken in at a later one."""

    picked_at: datetime
    answers: tuple[Looked, ...]


class AJob(RuleBasedStateMachine):
    """One job, OpenAI as it really stands, answers on their way, and people who decide what they like."""

    def __init__(self) -> None:
        super().__init__()
        self.now = AT
        self.truth = dict.fromkeys(NAMES, "validating")
        self.job = a_job(batches=tuple(Batch(id=name) for name in NAMES[:2]))
        self.ends: dict[BatchId, str] = {}
        self.looks: list[Look] = []
        self.reported: set[BatchId] = set()
        self.woken_at: datetime | None = None
        self.wanted = 0
        self.given_back = 0
        self.accepted = 0

    # OpenAI

    @rule(name=A_NAME, status=st.sampled_from([*UNDER_WAY, *ENDS]))
    def batch_moves(self, name: BatchId, status: str) -> None:
        if self.truth[name] in UNDER_WAY:
            self.truth[name] = status
            self.ends |= {name: status} if status in ENDS else {}

    @rule(name=A_NAME)
    def batch_vanishes(self, name: BatchId) -> None:
        self.truth[name] = GONE

    # The watching

    @rule(minutes=st.sampled_from([0, 1, 2, 15]))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule()
    def is_picked_up(self) -> None:
        self.look(self.job.open_batches, failing=())

    @rule()
    def is_looked_at(self) -> None:
        self.is_picked_up()
        if self.looks:
            self.take(self.looks.pop())

    @rule(answered=SOME_NAMES, failing=SOME_NAMES)
    def is_picked_up_in_bad_weather(self, answered: tuple[BatchId, ...], failing: tuple[BatchId, ...]) -> None:
        self.look([name for name in self.job.open_batches if name in answered], failing=failing)

    @precondition(lambda self: self.looks)
    @rule(data=st.data())
    def answers_arrive(self, data: st.DataObject) -> None:
        self.take(self.looks.pop(data.draw(st.integers(0, len(self.looks) - 1))))

    # Keboola

    @rule()
    def run_is_accepted(self) -> None:
        before, self.job = self.job, self.job.completed(at=self.now)
        self.accepted += before is not self.job

    @rule()
    def run_is_refused(self) -> None:
        self.job = self.job.failed("no such configuration", at=self.now)

    @precondition(lambda self: self.job.status is JobStatus.TRIGGERING)
    @rule()
    def run_is_called_off(self) -> None:
        self.given_back += 1
        self.job = self.job.withdrawn(at=self.now)

    # People

    @rule(step=st.sampled_from([PollingJob.pause, PollingJob.resume, PollingJob.check_now, PollingJob.retry]))
    def somebody_decides(self, step: Callable[..., PollingJob]) -> None:
        before = self.job.status
        self.decide(step)
        if self.job.status is not before:
            self.wanted += self.job.status is JobStatus.TRIGGERING
            self.given_back += before in (JobStatus.TRIGGERING, JobStatus.FAILED)

    @rule(names=SOME_NAMES)
    def somebody_edits(self, names: tuple[BatchId, ...]) -> None:
        self.decide(edited, {"batches": names})

    @rule(minutes=st.integers(1, 60))
    def somebody_changes_the_interval(self, minutes: int) -> None:
        self.decide(edited, {"interval": minutes * MINUTE})

    # What is promised

    @invariant()
    def no_run_is_wanted_early(self) -> None:
        if self.job.status in DONE | {JobStatus.TRIGGERING}:
            for batch in self.job.batches:
                assert batch.status in ("lost", self.ends.get(batch.id))

    @invariant()
    def no_batch_is_lost_that_was_not_seen(self) -> None:
        for batch in self.job.batches:
            assert batch.status != "lost" or (self.truth[batch.id] == GONE and batch.id in self.reported)

    @invariant()
    def no_run_is_wanted_twice(self) -> None:
        assert self.wanted - self.given_back <= 1
        assert self.accepted <= 1

    @invariant()
    def exactly_an_active_job_is_due(self) -> None:
        assert (self.job.next_check_at is not None) == (self.job.status is JobStatus.ACTIVE)

    @invariant()
    def no_wake_up_is_lost(self) -> None:
        if self.job.status is JobStatus.ACTIVE and self.woken_at:
            assert self.job.next_check_at == self.woken_at

    def teardown(self) -> None:
        """However it stands, once OpenAI is done and nobody interferes, the run is wanted and how it ended is true."""
        for name in NAMES:
            self.batch_moves(name, "completed")
        for look in self.looks:
            self.take(look)
        if self.job.status is JobStatus.PAUSED:
            self.decide(PollingJob.resume)
        if self.job.status is JobStatus.FAILED:
            self.somebody_decides(PollingJob.retry)
        looks = 0
        while self.job.status is JobStatus.ACTIVE and self.reachable():
            assert self.job.next_check_at is not None
            self.now = max(self.now, self.job.next_check_at)
            self.take(Look(self.now, tuple(self.answer(name) for name in self.job.open_batches)))
            looks += 1
            assert looks < 20, "a job whose batches have all ended is looked at for ever"
        self.run_is_accepted()
        if self.reachable():
            assert self.job.status in DONE
            good = all(batch.status == "completed" for batch in self.job.batches)
            assert (self.job.status is JobStatus.COMPLETED) == good
        self.no_run_is_wanted_early()
        self.no_run_is_wanted_twice()

    def reachable(self) -> bool:
        """A batch that was never seen and is gone is waited for until somebody edits the job."""
        return all(batch.seen or self.truth[batch.id] != GONE for batch in self.job.batches)

    def look(self, names: Iterable[BatchId], *, failing: Container[BatchId]) -> None:
        if self.job.next_check_at and self.job.next_check_at <= self.now:
            self.looks.append(Look(self.now, tuple(self.answer(name, fails=name in failing) for name in names)))

    def answer(self, name: BatchId, *, fails: bool = False) -> Looked:
        if fails:
            return LookUpFailed(batch_id=name, error="no answer")
        if self.truth[name] == GONE:
            return BatchMissing(batch_id=name)
        return BatchReport(batch_id=name, status=BatchStatus(self.truth[name]))

    def take(self, look: Look) -> None:
        before = self.job.status
        self.job = self.job.observe(
            look.answers, at=self.now, asked_at=look.picked_at, lost_after=LOST_AFTER, chance=0.5
        )
        self.wanted += before is JobStatus.ACTIVE and self.job.status is JobStatus.TRIGGERING
        self.reported |= {answer.batch_id for answer in look.answers if isinstance(answer, BatchReport)}
        if self.woken_at and look.picked_at >= self.woken_at:
            self.woken_at = None

    def decide(self, step: Callable[..., PollingJob], *given: Any) -> None:
        before = self.job
        try:
            self.job = step(before, *given, at=self.now)
        except InvalidTransition:
            return
        if step is PollingJob.check_now or self.job.next_check_at != before.next_check_at:
            self.woken_at = self.job.next_check_at


TestAJob = AJob.TestCase
TestAJob.settings = settings(
    max_examples=300, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
