"""Telling people: notices are delivered beside the watching, tried again, and given up where everybody sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from attrs import evolve, field, frozen

from teckochecker.application.crew import Crew
from teckochecker.application.errors import JobNotFound, StorageUnavailable, Unavailable
from teckochecker.application.messages import Message, Story, message, secret_behind, story_of
from teckochecker.application.ports import Clock, Notice, NoticeClaim, Notifier, Store, Telemetry, UnitOfWork
from teckochecker.application.silence import Silence
from teckochecker.domain import backoff
from teckochecker.domain.events import NoticeGivenUp
from teckochecker.domain.job import PollingJob
from teckochecker.domain.values import JobId

MOST_ATTEMPTS: Final = 30  # about a day
_AT_ONCE: Final = 500
_QUIET: Final = timedelta(hours=1)  # between two notices of one cause that lasts

Jobs = Mapping[JobId, PollingJob]


@frozen(kw_only=True)
class _Group:
    """Notices of one channel that are told as one."""

    story: Story
    cause: str
    claims: Sequence[NoticeClaim]


@frozen(kw_only=True)
class Notices:
    """Delivers what is due over these channels. `address` is the public address of the pages, for links.

    A notice is delivered once, by whichever instance holds its lease. When a process dies between the delivery and
    its record, the notice is delivered again after `lease`.
    """

    store: Store
    notifier: Notifier
    clock: Clock
    crew: Crew
    owner: str
    channels: tuple[str, ...] = ()
    address: str | None = None
    lease: timedelta = timedelta(minutes=5)
    every: timedelta = timedelta(seconds=2)
    patience: timedelta = timedelta(seconds=20)
    telemetry: Telemetry = field(factory=Silence)

    async def undelivered(self, *, limit: int = 100) -> Sequence[Notice]:
        """Those that wait or were given up, the latest first."""
        async with self.store.view() as view:
            return await view.notices.undelivered(limit=limit)

    @asynccontextmanager
    async def delivering(self) -> AsyncGenerator[None]:
        """Deliver what is due while inside. Leaving waits for what is on its way, but not for ever."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._deliver_until(stop))
        try:
            yield
        finally:
            stop.set()
            waiting = asyncio.create_task(self.clock.sleep(self.patience))
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
            for one in (task, waiting):
                one.cancel()
            await asyncio.gather(task, waiting, return_exceptions=True)

    async def deliver(self) -> None:
        """Deliver everything that is due now; one channel does not wait for another.

        Raises:
            StorageUnavailable: nothing was taken in hand.
        """
        until = self.clock.monotonic() + self.lease.total_seconds() / 2
        async with self.store.work() as work:
            claims = await work.notices.claim(self.owner, self.channels, lease=self.lease, limit=_AT_ONCE)
            if not claims:
                return
            await work.commit()
            jobs = await _jobs(work, claims)
        channels: dict[str, list[NoticeClaim]] = {}
        for claim in claims:
            channels.setdefault(claim.notice.channel, []).append(claim)
        work_of = [partial(self._tell, channel, mine, jobs, until) for channel, mine in channels.items()]
        await asyncio.gather(*(self.crew.start("a notice", work) for work in work_of))

    async def _deliver_until(self, stop: asyncio.Event) -> None:
        while self.channels and not stop.is_set():
            with suppress(StorageUnavailable):
                await self.deliver()
            await self.clock.sleep(self.every, unless=stop)

    async def _tell(self, channel: str, claims: Sequence[NoticeClaim], jobs: Jobs, until: float) -> None:
        """The groups of one channel, one after another. What would outlive the lease is left to the next time."""
        for group in _grouped(claims, jobs):
            if self.clock.monotonic() >= until:
                return
            if not await self._told_lately(channel, group):
                told = message(group.story, [claim.notice.event for claim in group.claims], jobs, self.address)
                await self._hand_over(channel, group, told)

    async def _told_lately(self, channel: str, group: _Group) -> bool:
        """A cause that lasts was told already: what comes of it meanwhile is gathered for the next time."""
        if not group.story.rare:
            return False
        async with self.store.work() as work:
            last = await work.notices.last_delivered(channel, group.cause)
            if last is None or await work.now() >= last + _QUIET:
                return False
            await work.notices.save([_due(claim, last + _QUIET) for claim in group.claims])
            await work.commit()
        return True

    async def _hand_over(self, channel: str, group: _Group, told: Message) -> None:
        error: str | None = None
        with self.telemetry.span("notice", channel=channel) as span:
            try:
                await self.notifier.deliver(channel, told.title, told.body, good=told.good)
            except Unavailable as refused:
                error = str(refused)
            span.note(outcome="failed" if error else "delivered")
        async with self.store.work() as work:
            at = await work.now()
            await work.notices.save([_after(claim, group.cause, error, at) for claim in group.claims])
            lost = sum(claim.notice.attempts + 1 >= MOST_ATTEMPTS for claim in group.claims)
            if error and lost:
                await work.history.add([NoticeGivenUp(at=at, channel=channel, count=lost, reason=error)])
            await work.commit()


def _grouped(claims: Sequence[NoticeClaim], jobs: Jobs) -> Sequence[_Group]:
    """What has the same cause is told as one, in the order in which it happened."""
    found: dict[tuple[Story, str], list[NoticeClaim]] = {}
    told = [(claim, claim.notice.event, story) for claim in claims if (story := story_of(claim.notice.event))]
    for claim, event, story in told:
        found.setdefault((story, secret_behind(event, jobs.get(event.job_id or JobId(0)))), []).append(claim)
    return [
        _Group(story=story, cause=f"{story.one}: {secret}", claims=claims) for (story, secret), claims in found.items()
    ]


async def _jobs(work: UnitOfWork, claims: Sequence[NoticeClaim]) -> Jobs:
    """The jobs that these notices are about, deleted ones too."""
    ids = {claim.notice.event.job_id for claim in claims if claim.notice.event.job_id}
    found = {job.id: job for job in await work.jobs.get_many(ids)}
    for job_id in ids - found.keys():
        with suppress(JobNotFound):
            found[job_id] = await work.jobs.get(job_id, deleted=True)
    return found


def _due(claim: NoticeClaim, at: datetime) -> NoticeClaim:
    return evolve(claim, notice=evolve(claim.notice, due_at=at))


def _after(claim: NoticeClaim, cause: str, error: str | None, at: datetime) -> NoticeClaim:
    """The notice after an attempt."""
    attempts = claim.notice.attempts + 1
    known = evolve(claim.notice, attempts=attempts, cause=cause, last_error=error, due_at=None)
    if error is None:
        return evolve(claim, notice=evolve(known, delivered_at=at))
    if attempts >= MOST_ATTEMPTS:
        return evolve(claim, notice=known)
    return _due(evolve(claim, notice=known), at + backoff.between_notices(attempts))
