"""The service: watching and triggering in one loop, until told to stop, and then finishing what is in hand."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Final

from attrs import define, field

from teckochecker.application.errors import StorageUnavailable
from teckochecker.application.health import Pulse
from teckochecker.application.housekeeping import Housekeeping
from teckochecker.application.notices import Notices
from teckochecker.application.ports import Clock, Store, Wakeups
from teckochecker.application.secrets import Secrets
from teckochecker.application.triggering import Triggering
from teckochecker.application.watching import Watching

LULL: Final = timedelta(seconds=1)


@define(kw_only=True)
class Service:
    """Runs what is due, sleeps until the next is, and wakes when somebody changes something.

    `idle` is the longest sleep: the due times in storage are the truth, and wake-ups are only hints. When told
    to stop it finishes what it holds for at most `patience`.
    """

    store: Store
    watching: Watching
    triggering: Triggering
    secrets: Secrets
    wakeups: Wakeups
    clock: Clock
    pulse: Pulse
    notices: Notices | None = None
    housekeeping: Housekeeping | None = None
    lease: timedelta = timedelta(seconds=30)
    idle: timedelta = timedelta(seconds=5)
    pause: timedelta = timedelta(milliseconds=50)
    patience: timedelta = timedelta(seconds=30)
    _holds: asyncio.Event = field(factory=asyncio.Event, init=False)
    _moved: tuple[int, int] = field(default=(0, 0), init=False)
    _moved_at: float = field(default=float("-inf"), init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Watch and trigger until `stop` is set.

        Raises:
            WrongKey: SECRET_KEY does not open what is stored; nothing was looked at.
            InvalidValue: a channel of notices is not understood.
        """
        await self.secrets.check()
        if self.notices:
            await self.notices.notifier.check()
        async with self.notices.delivering() if self.notices else nullcontext():
            await self._work(stop)

    async def _work(self, stop: asyncio.Event) -> None:
        beside = [asyncio.create_task(self._beat()), asyncio.create_task(self._wake_on(stop))]
        if self.housekeeping:
            beside.append(asyncio.create_task(self.housekeeping.run()))
        try:
            # cleared before each look at `stop`, so that neither a hint nor the stop can fall between
            with self.pulse.turning():
                while self._heard() and not stop.is_set():
                    wait = await self._round()
                    await self.clock.sleep(wait, unless=self.wakeups.signal)
        finally:
            await self._finish()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def run_until_idle(self) -> None:
        """Do everything that is due now, and what becomes due by it, and give everything back."""
        await self.secrets.check()
        try:
            while await self._due_now():
                await self._tick()
                if not self._in_flight:
                    break  # what is due is in others' hands
                await self._settle()
        finally:
            await self._finish()

    async def next_due(self) -> datetime | None:
        """When the next step of a job or trigger is due."""
        due, _ = await self._ahead()
        return due

    async def _ahead(self) -> tuple[datetime | None, datetime]:
        """When our next step is due and what time it is now, both by the storage's clock: ours may be off."""
        async with self.store.view() as view:
            times = (await view.groups.next_due(self.watching.owner), await view.triggers.next_due())
            now = await view.now()
        return min((time for time in times if time), default=None), now

    async def _due_now(self) -> bool:
        due, now = await self._ahead()
        return due is not None and due <= now

    def _heard(self) -> bool:
        self.wakeups.signal.clear()
        return True

    async def _round(self) -> timedelta:
        """Start what is due. Returns how long to sleep."""
        try:
            await self._tick()
            due, now = await self._ahead()
        except StorageUnavailable:
            now = self.clock.now()
            due = now + timedelta(seconds=1)
        self.pulse.turn(due, checks=self.watching.checks)
        wait = self.idle if due is None else min(due - now, self.idle)
        return max(wait, self._breath())

    def _breath(self) -> timedelta:
        """What is due but in flight stays due until it is kept. Looking again at once would only spin, and looking
        often does no good while nothing moves, as when a service is slow to answer."""
        moved, now = (self._in_flight, self.watching.checks), self.clock.monotonic()
        if moved != self._moved:
            self._moved, self._moved_at = moved, now
        lull = now - self._moved_at >= LULL.total_seconds()
        return max(self.pause, LULL) if lull else self.pause

    async def _tick(self) -> None:
        await self.watching.tick()
        await self.triggering.tick()
        if self._in_flight:
            self._holds.set()

    @property
    def _in_flight(self) -> int:
        return self.watching.in_flight + self.triggering.in_flight

    async def _settle(self) -> None:
        await self.watching.settle()
        await self.triggering.settle()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.wakeups.signal.set()

    async def _beat(self) -> None:
        while await self._holds.wait():
            await self.clock.sleep(self.lease / 3)
            if not self._in_flight:
                self._holds.clear()
            try:
                await self.watching.beat()
                await self.triggering.beat()
            except StorageUnavailable:
                # the leases run on; if the storage stays away they run out and others take over
                continue

    async def _finish(self) -> None:
        waiting = asyncio.create_task(self.clock.sleep(self.patience))
        settling = asyncio.create_task(self._settle())
        await asyncio.wait({settling, waiting}, return_when=asyncio.FIRST_COMPLETED)
        for task in (settling, waiting):
            task.cancel()
        await asyncio.gather(settling, waiting, return_exceptions=True)
        await self.watching.close()
        await self.triggering.close()
