"""Whatever people, services and processes do in whatever order: each job has its one run, and its history tells why."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from unittest import TestCase

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from teckochecker.adapters.scripted import Operation
from teckochecker.application.change import JobChange
from teckochecker.application.defaults import StoredDefaults
from teckochecker.application.errors import (
    CredentialRejected,
    GatewayError,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from teckochecker.application.jobs import Jobs
from teckochecker.application.runs import KeboolaRuns
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.errors import InvalidTransition, InvalidValue
from teckochecker.domain.events import Event, TriggerIntended
from teckochecker.domain.protocol import TriggerPolicy, TriggerState
from teckochecker.domain.values import JobId
from tests.simulation import judge
from tests.simulation.days import BOUND
from tests.simulation.grounds import Ground, InMemory, OnSqlite, Seen
from tests.simulation.instance import start_task
from tests.simulation.people import ENDINGS, HOUR, STEPS, People
from tests.simulation.virtual import VirtualLoop, WorldClock
from tests.simulation.world import PlainCipher, RandomChance, Troubles, World

MOST_JOBS: Final = 3
LOST: Final = OutcomeUnknown("the connection broke after the request had left")
SILENT: Final = Unavailable("the connection was refused")
NOT_NOW: Final = (InvalidTransition, InvalidValue, NotFound, GatewayError)

A_JOB: Final = st.integers(1, MOST_JOBS).map(JobId)
SOME_ENDINGS: Final = st.lists(st.sampled_from(ENDINGS), min_size=1, max_size=2)
AN_INSTANCE: Final = st.sampled_from("ab")
SO_MANY_CALLS: Final = st.integers(1, 15)

Act = Callable[[Jobs, JobId], Coroutine[Any, Any, Any]]
ACTS: Final[dict[str, Act]] = {
    "pause": lambda jobs, job: jobs.pause(job),
    "resume": lambda jobs, job: jobs.resume(job),
    "check now": lambda jobs, job: jobs.check_now(job),
    "edit the interval": lambda jobs, job: jobs.edit(job, JobChange(poll_interval_seconds=900)),
    "edit the variables": lambda jobs, job: jobs.edit(job, JobChange(variables={"colour": "red"})),
    "delete": lambda jobs, job: jobs.delete(job),
    "retry": lambda jobs, job: jobs.retry(job),
    "retry again": lambda jobs, job: jobs.retry(job, again=True),
}
AT_A_STEP: Final = ("pause", "edit the variables", "delete", "retry")


class JobsAndTheirRuns(RuleBasedStateMachine):
    """Two instances of the application over one storage, in simulated time."""

    def ground(self, clock: WorldClock) -> Ground:
        """Where everything is kept."""
        return InMemory(clock)

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualLoop)
        self.ordered = 0
        self.was_down = False
        self.expected: list[tuple[type[Event], Callable[[JobId], None]]] = []

    @initialize(
        seed=st.integers(0, 999),
        resend=st.booleans(),
        endings=SOME_ENDINGS,
        arrived=st.booleans(),
        act=st.sampled_from(AT_A_STEP),
        step=st.sampled_from(STEPS),
    )
    def begin(
        self, seed: int, resend: bool, endings: list[BatchStatus], arrived: bool, act: str, step: type[Event]
    ) -> None:
        policy = TriggerPolicy(resend=resend)
        self.world = World(seed, Troubles(rate=0, meddling=0), policy, stands_on=self.ground)
        self.runner.run(self._begin())
        self.the_answer_to_a_request_is_lost(arrived)
        self.somebody_decides_at_a_step_of_a_trigger(act, step)
        self.a_job_is_made(endings, minutes=3)

    # OpenAI, and time

    @precondition(lambda self: self.ordered < MOST_JOBS)
    @rule(endings=SOME_ENDINGS, minutes=st.sampled_from([0, 3, 60]))
    def a_job_is_made(self, endings: list[BatchStatus], minutes: int) -> None:
        self.ordered += 1
        self.runner.run(self._order(endings, timedelta(minutes=minutes)))

    @rule(seconds=st.sampled_from([0.2, 5.0, 40.0, 130.0, 400.0, HOUR]))
    def time_passes(self, seconds: float) -> None:
        self.runner.run(asyncio.sleep(seconds))

    # People

    @rule(act=st.sampled_from(sorted(ACTS)), job=A_JOB)
    def somebody_decides(self, act: str, job: JobId) -> None:
        self.runner.run(self._decide(ACTS[act], job))

    @rule(act=st.sampled_from(AT_A_STEP), step=st.sampled_from(STEPS))
    def somebody_decides_at_a_step_of_a_trigger(self, act: str, step: type[Event]) -> None:
        self.expected.append((step, lambda job: self.people.do(self._decide(ACTS[act], job))))

    @rule(step=st.sampled_from(STEPS))
    def the_secret_is_replaced_at_a_step_of_a_trigger(self, step: type[Event]) -> None:
        self.expected.append((step, lambda job: self.people.do(self.people.replace_token())))

    @rule()
    def the_secret_is_replaced(self) -> None:
        self.runner.run(self.people.replace_token())

    @rule()
    def the_token_is_revoked_between_intent_and_send(self) -> None:
        self.expected.append((TriggerIntended, lambda job: self._revoke()))

    @rule(job=A_JOB)
    def somebody_cancels_the_run(self, job: JobId) -> None:
        self.runner.run(self._cancel(job))

    @rule()
    def somebody_who_looked_in_keboola_settles_what_is_held(self) -> None:
        self.runner.run(self._settle_holds())

    # Keboola

    @rule(arrived=st.booleans())
    def the_answer_to_a_request_is_lost(self, arrived: bool) -> None:
        self.world.keboola.fail(Operation.START, LOST, times=1, after_effect=arrived)

    @rule()
    def a_request_is_refused(self) -> None:
        self.world.keboola.fail(Operation.START, Rejected("Configuration not found", http=400), times=1)

    @rule(operation=st.sampled_from([Operation.FIND, Operation.GET, Operation.KILL, Operation.IDENTIFY]))
    def a_call_goes_unanswered(self, operation: Operation) -> None:
        self.world.keboola.fail(operation, SILENT, times=2)

    @rule()
    def a_search_is_refused(self) -> None:
        self.world.keboola.fail(Operation.FIND, CredentialRejected("may not search", http=403), times=1)

    @precondition(lambda self: not self.was_down)  # long days make long tests
    @rule()
    def keboola_is_down_for_a_day(self) -> None:
        self.was_down = self.world.keboola_is_down = True
        self.runner.run(asyncio.sleep(24 * HOUR))
        self.world.keboola_is_down = False

    # Processes

    @rule(calls=SO_MANY_CALLS)
    def a_process_dies_at_a_call(self, calls: int) -> None:
        self.world.calls_to_live = [calls]

    @rule(calls=st.tuples(SO_MANY_CALLS, SO_MANY_CALLS, SO_MANY_CALLS))
    def a_recovery_is_killed_and_its_recovery_too(self, calls: tuple[int, int, int]) -> None:
        self.world.calls_to_live = list(calls)

    @precondition(lambda self: not self._careful())
    @rule(name=AN_INSTANCE, seconds=st.sampled_from([20, 100]))
    def a_process_stands_still(self, name: str, seconds: float) -> None:
        self.world.instances[name].stopped_until = self.runner.get_loop().time() + seconds

    @rule(name=AN_INSTANCE, hours=st.sampled_from([-1, 1]))
    def a_clock_jumps_an_hour(self, name: str, hours: int) -> None:
        self.world.instances[name].clock.offset += timedelta(hours=hours)

    # What is promised

    @invariant()
    def nothing_is_broken(self) -> None:
        self.runner.run(self._judge(judge.broken))

    def teardown(self) -> None:
        """Once nothing goes wrong any more, all is done within a bounded time, and rightly."""
        with self.runner:
            try:
                self.runner.run(self._calm_down())
                self.runner.run(self._judge(judge.faults))
            finally:
                self.runner.run(self.world.end())

    # How

    async def _begin(self) -> None:
        asyncio.get_running_loop().set_task_factory(start_task)
        world = self.world
        self.people = People(world)
        world.told = self._told
        store = world.store()
        self.runs = KeboolaRuns(
            store=store,
            workflows=world.keboola,
            cipher=PlainCipher(),
            clock=world.clock,
            defaults=StoredDefaults(store=store, configurations=world.storage, clock=world.clock),
            chance=RandomChance(world.random),
        )
        await self.people.settle_in()
        world.begin()
        await asyncio.sleep(1)

    def _careful(self) -> bool:
        return self.runner.get_loop().time() < self.world.careful_until

    def _told(self, event: Event) -> None:
        for one in [one for one in self.expected if isinstance(event, one[0])][:1]:
            self.expected.remove(one)
            if event.job_id is not None:
                one[1](event.job_id)

    async def _order(self, endings: list[BatchStatus], apart: timedelta) -> None:
        batches = [
            self.people.send(f"batch_{self.ordered}_{n}", ending, after=apart * n) for n, ending in enumerate(endings)
        ]
        await self.people.order(self.ordered, batches, every=300)

    async def _decide(self, act: Act, job: JobId) -> None:
        with suppress(*NOT_NOW):
            await act(self.people.jobs, job)

    def _revoke(self) -> None:
        if not self.world.careful:
            self.world.keboola.revoke(self.world.token)

    async def _cancel(self, job: JobId) -> None:
        """Only a run that works: whoever cancels one that waits wants none."""
        working = {run.id for run in self.world.keboola.runs if run.begun_at}
        triggers = (await self.world.ground.seen()).triggers
        if any(trigger.job_id == job and trigger.run_id in working for trigger in triggers):
            with suppress(*NOT_NOW):
                await self.runs.cancel(job)

    async def _settle_holds(self) -> None:
        """A person sees every run, also those that the search does not show yet."""
        for trigger in (await self.world.ground.seen()).triggers:
            runs = [run for run in self.world.keboola.runs if run.variables["trigger_id"] == str(trigger.id)]
            with suppress(*NOT_NOW):
                if trigger.state is not TriggerState.HELD or trigger.surely_unsent:
                    continue
                if runs:
                    await self.runs.adopt(trigger.job_id, runs[0].id)
                elif not self.world.on_their_way:
                    await self.people.jobs.retry(trigger.job_id, send=True)

    async def _calm_down(self) -> None:
        world, loop = self.world, asyncio.get_running_loop()
        world.calm = True
        world.calls_to_live.clear()
        world.keboola.recover()
        self.expected.clear()
        await self.people.replace_token()
        until = loop.time() + BOUND
        while not await self.people.tidy_up() and loop.time() < until:
            await self._settle_holds()
            await asyncio.sleep(HOUR / 3)

    async def _judge(self, judged: Callable[[Seen, World, People], Any]) -> None:
        assert not list(judged(await self.world.ground.seen(), self.world, self.people))


class InAFile(JobsAndTheirRuns):
    """The same over an SQLite file, whose long days would be too long."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.was_down = True

    def teardown(self) -> None:
        with self.folder:
            super().teardown()

    def ground(self, clock: WorldClock) -> Ground:
        return OnSqlite(clock, Path(self.folder.name))


def bounded(machine: type[JobsAndTheirRuns], *, examples: int, steps: int) -> type[TestCase]:
    """Its test, with so many attempts of so many steps each."""
    machine.TestCase.settings = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    return machine.TestCase


TestInMemory = bounded(JobsAndTheirRuns, examples=40, steps=30)
TestInAFile = bounded(InAFile, examples=5, steps=15)
