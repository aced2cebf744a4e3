"""People are told what happens: once, grouped by cause, tried again, and never in the way of the watching."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import define, field

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.memory import Memory, MemoryStore, MemoryWakeups
from teckochecker.adapters.publisher import Publisher
from teckochecker.adapters.scripted import ScriptedNotifier
from teckochecker.application.crew import Crew
from teckochecker.application.messages import GATHER, USUAL, NoticeKind, Subscription
from teckochecker.application.notices import MOST_ATTEMPTS, Notices
from teckochecker.application.ports import Store
from teckochecker.domain import events
from teckochecker.domain.events import Event
from teckochecker.domain.secret import Sealed, SecretType
from teckochecker.domain.values import JobId
from tests.builders import AT, HOUR, MINUTE, SECOND, a_job
from tests.unit.application.app import App, turns
from tests.unit.application.test_triggering import Away


@define(eq=False)
class Newsroom:
    """A store with some jobs, whose events go to people."""

    subscription: Subscription = field(factory=lambda: Subscription(channels=("mail",)))
    clock: ManualClock = field(factory=lambda: ManualClock(AT))
    notifier: ScriptedNotifier = field(factory=ScriptedNotifier)
    told: list[Event] = field(factory=list)
    publisher: Publisher = field(init=False)
    store: Store = field(init=False)

    def __attrs_post_init__(self) -> None:
        memory = Memory(self.clock)
        self.publisher = Publisher(_fail)
        self.publisher.add(self.told.append)
        self.store = MemoryStore(memory, self.publisher, MemoryWakeups(memory), self.subscription)

    def notices(self, owner: str = "one", **changes: Any) -> Notices:
        """One instance that delivers."""
        parts: dict[str, Any] = {
            "store": self.store,
            "notifier": self.notifier,
            "clock": self.clock,
            "crew": Crew(publisher=self.publisher, clock=self.clock),
            "owner": owner,
            "channels": self.subscription.channels,
            "address": "https://tecko.example",
        }
        return Notices(**parts | changes)

    async def with_jobs(self, *names: str) -> Newsroom:
        """Jobs of these names, numbered from 1."""
        async with self.store.work() as work:
            add = work.secrets.add
            for kind in (SecretType.OPENAI, SecretType.KEBOOLA):
                await add(name=kind.value, type=kind, sealed=Sealed("x"), base_url=None, at=AT)
            for name in names:
                await work.jobs.add(a_job(await work.jobs.next_id(), name=name))
            await work.commit()
        return self

    async def happen(self, *happened: Event) -> None:
        """These events are kept."""
        async with self.store.work() as work:
            await work.history.add(happened)
            await work.commit()

    async def deliver(self, after: timedelta = GATHER) -> Sequence[str]:
        """The titles of what is told when so much time has passed."""
        self.notifier.told.clear()
        await self.clock.advance(after)
        await self.notices().deliver()
        return [told.title.removeprefix("TeckoChecker: ") for told in self.notifier.told]

    @property
    def body(self) -> Sequence[str]:
        """The lines of the last message."""
        return self.notifier.told[-1].body.splitlines()


def _fail(error: Exception, event: Event) -> None:
    raise error


def failed(job_id: int = 1, *, at: datetime = AT, reason: str = "no such configuration") -> Event:
    return events.JobFailed(at=at, job_id=JobId(job_id), reason=reason)


def held(job_id: int, *, at: datetime = AT) -> Event:
    return events.TriggerHeld(at=at, job_id=JobId(job_id), trigger_id="t", reason="401")


async def test_a_message_says_what_happened_what_to_do_and_where_to_look() -> None:
    news = await Newsroom().with_jobs("Nightly {reviews}")
    await news.happen(failed())
    assert await news.deliver() == ["Job 'Nightly {reviews}' failed"]
    assert news.body == [
        "Nightly {reviews} (job 1): The job failed: no such configuration",
        "Correct what was refused, then send it again with `teckochecker job retry`.",
        "https://tecko.example/web/jobs/1",
    ]


@pytest.mark.parametrize(
    ("event", "title", "kind"),
    [
        (events.CredentialHeld(at=AT, secret="openai", reason="401"), "Secret 'openai' is refused", "held"),
        (held(1), "Job 'A' waits for a person", "held"),
        (events.BatchNotFound(at=AT, job_id=JobId(1), batch_id="b"), "A batch of job 'A' is not found", "held"),
        (
            events.JobOverdue(at=AT, job_id=JobId(1), batch_id="b", status="in_progress"),
            "A batch of job 'A' has outlived its expiry",
            "overdue",
        ),
        (
            events.SendsFailing(at=AT, job_id=JobId(1), trigger_id="t", failures=3, reason="503"),
            "Keboola does not take the run of job 'A'",
            "sends_failing",
        ),
        (
            events.RunEnded(at=AT, job_id=JobId(1), run_id="9", status="error"),
            "The Keboola run of job 'A' did not end well",
            "run_ended_badly",
        ),
        (
            events.RunLost(at=AT, job_id=JobId(1), run_id="9", reason="404"),
            "The Keboola run of job 'A' did not end well",
            "run_ended_badly",
        ),
        (
            events.DuplicateRun(at=AT, job_id=JobId(1), run_ids=("1", "2")),
            "Job 'A' has more than one run",
            "duplicate_run",
        ),
        (
            events.RunEnded(at=AT, job_id=JobId(1), run_id="9", status="success"),
            "The run of job 'A' ended well",
            "run_ended_well",
        ),
        (
            events.RunEnded(at=AT, job_id=JobId(1), run_id="9", status="warning"),
            "The run of job 'A' ended well",
            "run_ended_well",
        ),
        (
            events.JobCompleted(at=AT, job_id=JobId(1), status="completed", completed=1, failed=0),
            "Job 'A' is completed",
            "job_completed",
        ),
    ],
)
async def test_each_kind_is_told_to_those_who_asked_for_it(event: Event, title: str, kind: str) -> None:
    asked = await Newsroom(Subscription(channels=("mail",), kinds=frozenset({NoticeKind(kind)}))).with_jobs("A")
    others = await Newsroom(
        Subscription(channels=("mail",), kinds=frozenset(NoticeKind) - {NoticeKind(kind)})
    ).with_jobs("A")
    for news in (asked, others):
        await news.happen(event)
    assert (await asked.deliver(), await others.deliver()) == ([title], [])
    assert [told.good for told in asked.notifier.told] == [kind in ("run_ended_well", "job_completed")]


def test_what_goes_well_is_told_only_when_asked_for() -> None:
    assert not {NoticeKind.RUN_ENDED_WELL, NoticeKind.JOB_COMPLETED} & set(USUAL)
    assert Subscription()(failed()) == ()
    assert not Subscription(channels=("mail",))(events.JobPaused(at=AT, job_id=JobId(1)))


async def test_a_secret_refused_for_five_hundred_jobs_is_one_message() -> None:
    news = await Newsroom().with_jobs(*(f"Job {number}" for number in range(1, 501)))
    await news.happen(*(held(number) for number in range(1, 501)))
    assert await news.deliver() == ["500 jobs wait for a person"]
    assert len(news.body) == 23
    assert news.body[20] == "… and 480 more"
    assert news.body[-1] == "https://tecko.example/web"


async def test_a_cause_that_lasts_is_told_once_an_hour() -> None:
    news = await Newsroom().with_jobs("A", "B", "C")
    await news.happen(held(1))
    assert await news.deliver() == ["Job 'A' waits for a person"]
    await news.happen(held(2, at=news.clock.now()))
    assert await news.deliver() == []
    await news.happen(held(3, at=news.clock.now()), failed(1, at=news.clock.now()))
    assert await news.deliver() == ["Job 'A' failed"]
    assert await news.deliver(HOUR) == ["2 jobs wait for a person"]


def refused(job_id: int, secret: str, at: datetime) -> Event:
    return events.CredentialHeld(at=at, secret=secret, reason="401")


def not_found(job_id: int, secret: str, at: datetime) -> Event:
    return events.BatchNotFound(at=at, job_id=JobId(job_id), batch_id="batch_1")


def waiting(job_id: int, secret: str, at: datetime) -> Event:
    return held(job_id, at=at)


def failing(job_id: int, secret: str, at: datetime) -> Event:
    return events.SendsFailing(at=at, job_id=JobId(job_id), trigger_id="t", failures=3, reason="503")


@pytest.mark.parametrize("happens", [refused, not_found, waiting, failing])
async def test_a_cause_is_told_for_each_secret_and_not_again_within_the_hour(
    happens: Callable[[int, str, datetime], Event],
) -> None:
    news = await Newsroom().with_jobs("A")
    async with news.store.work() as work:
        add = work.secrets.add
        other = [
            await add(name=f"other {kind.value}", type=kind, sealed=Sealed("x"), base_url=None, at=AT)
            for kind in (SecretType.OPENAI, SecretType.KEBOOLA)
        ]
        await work.jobs.add(a_job(await work.jobs.next_id(), name="B", openai=other[0], keboola=other[1]))
        await work.commit()
    await news.happen(happens(1, "one", AT), happens(2, "another", AT))
    assert len(await news.deliver()) == 2
    await news.happen(happens(1, "one", news.clock.now()), happens(2, "another", news.clock.now()))
    assert await news.deliver(59 * MINUTE) == []
    assert len(await news.deliver(2 * MINUTE)) == 2


async def test_what_happens_to_one_job_again_is_told_of_one() -> None:
    news = await Newsroom().with_jobs("A")
    await news.happen(held(1), held(1))
    assert await news.deliver() == ["Job 'A' waits for a person"]


async def test_a_channel_that_hangs_keeps_no_other_one() -> None:
    news = await Newsroom(Subscription(channels=("mail", "chat"))).with_jobs("A")
    hanging = Hanging(over="mail", others=news.notifier)
    await news.happen(failed())
    await news.clock.advance(GATHER)
    delivering = asyncio.create_task(news.notices(notifier=hanging).deliver())
    await hanging.begun.wait()
    await turns()
    assert [told.channel for told in news.notifier.told] == ["chat"]
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)


async def test_two_channels_do_not_wait_for_each_other() -> None:
    news = await Newsroom(Subscription(channels=("mail", "chat"))).with_jobs("A")
    news.notifier.down = {"mail"}
    await news.happen(failed())
    await news.deliver()
    assert [told.channel for told in news.notifier.told] == ["chat"]
    (waiting,) = await news.notices().undelivered()
    assert (waiting.channel, waiting.attempts, waiting.last_error) == ("mail", 1, "mail is down")


async def test_a_notice_is_tried_again_later_and_later_and_delivered_once() -> None:
    news = await Newsroom().with_jobs("A")
    news.notifier.down = {"mail"}
    await news.happen(failed())
    for attempt, wait in enumerate((GATHER, MINUTE, 2 * MINUTE)):
        for after, attempts in ((wait - SECOND, attempt), (SECOND, attempt + 1)):
            assert await news.deliver(after) == []
            assert [waiting.attempts for waiting in await news.notices().undelivered()] == [attempts]
    news.notifier.down.clear()
    assert await news.deliver(4 * MINUTE) == ["Job 'A' failed"]
    assert list(await news.notices().undelivered()) == []
    assert await news.deliver(HOUR) == []


async def test_a_notice_that_nobody_takes_is_given_up_where_everybody_sees_it() -> None:
    news = await Newsroom().with_jobs("A")
    news.notifier.down = {"mail"}
    await news.happen(failed())
    await news.deliver()
    for _ in range(MOST_ATTEMPTS - 1):
        await news.deliver(HOUR)
    (lost,) = await news.notices().undelivered()
    assert (lost.given_up, lost.attempts) == (True, MOST_ATTEMPTS)
    assert str(news.told[-1]) == ("1 notice(s) could not be delivered over mail and were given up: mail is down")
    news.notifier.down.clear()
    assert await news.deliver(HOUR) == []


async def test_a_job_that_was_deleted_or_is_gone_is_told_of_all_the_same() -> None:
    news = await Newsroom().with_jobs("A")
    async with news.store.work() as work:
        await work.jobs.save([(await work.jobs.get(JobId(1), lock=True)).delete(at=AT)])
        await work.commit()
    await news.happen(failed(1), failed(77))
    assert await news.deliver() == ["2 jobs failed"]
    assert [line.partition(":")[0] for line in news.body[:2]] == ["A (job 1)", "77 (job 77)"]


async def test_no_second_instance_delivers_what_one_has_in_hand() -> None:
    news = await Newsroom().with_jobs("A")
    await news.happen(failed())
    await news.clock.advance(GATHER)
    await asyncio.gather(news.notices("one").deliver(), news.notices("two").deliver())
    assert len(news.notifier.told) == 1


async def test_what_would_outlive_the_lease_is_left_to_the_next_time() -> None:
    news = await Newsroom().with_jobs("A")
    await news.happen(failed())
    await news.clock.advance(GATHER)
    await news.notices(lease=timedelta(0)).deliver()
    assert news.notifier.told == []
    assert await news.deliver() == ["Job 'A' failed"]


async def test_notices_are_delivered_while_the_block_is_open_also_after_the_storage_was_away() -> None:
    news = await Newsroom().with_jobs("A")
    away = Away(news.store, after=1, times=2)
    async with news.notices(store=away).delivering():
        await news.happen(failed())
        await news.clock.advance(GATHER + 10 * SECOND)
        assert len(news.notifier.told) == 1
    assert away.refused == 2


async def test_leaving_waits_no_longer_than_its_patience() -> None:
    news = await Newsroom().with_jobs("A")
    never = Hanging()
    await news.happen(failed())
    await news.clock.advance(GATHER)
    delivering = news.notices(notifier=never).delivering()
    await delivering.__aenter__()
    await never.begun.wait()
    leaving = asyncio.create_task(delivering.__aexit__(None, None, None))
    await turns()
    assert not leaving.done()
    await news.clock.advance(20 * SECOND)
    await asyncio.wait_for(leaving, 5)


async def test_without_channels_nothing_is_looked_for() -> None:
    news = await Newsroom(Subscription()).with_jobs("A")
    away = Away(news.store, after=0, times=10)
    async with news.notices(store=away).delivering():
        await news.clock.advance(MINUTE)
    assert away.refused == 0


@define(eq=False)
class Hanging:
    """A notifier that never answers over one channel."""

    begun: asyncio.Event = field(factory=asyncio.Event)
    over: str = "mail"
    others: ScriptedNotifier = field(factory=ScriptedNotifier)

    async def check(self) -> None: ...

    async def deliver(self, channel: str, title: str, body: str, *, good: bool = False) -> None:
        if channel != self.over:
            await self.others.deliver(channel, title, body, good=good)
            return
        self.begun.set()
        await asyncio.Event().wait()


async def test_the_service_delivers_while_it_watches(app: App) -> None:
    channels = Subscription(channels=("mail",))
    app.service.store = news = MemoryStore(app.memory, Publisher(_fail), MemoryWakeups(app.memory), channels)
    notifier, stop = ScriptedNotifier(), asyncio.Event()
    app.service.notices = Notices(
        store=news,
        notifier=notifier,
        clock=app.clock,
        crew=app.service.watching.crew,
        owner="first",
        channels=("mail",),
    )
    running = asyncio.create_task(app.service.run(stop))
    async with news.work() as work:
        await work.history.add([failed()])
        await work.commit()
    await app.clock.advance(MINUTE)
    assert [told.title for told in notifier.told] == ["TeckoChecker: Job '1' failed"]
    stop.set()
    await app.clock.advance(MINUTE)
    await running
