"""Time and chance: the real ones, and ones that a test or an embedder drives by hand."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from attrs import define, field, frozen

from teckochecker.domain.errors import InvalidValue

_ZERO = timedelta()
_TURNS = 64  # of the event loop: more than one step of the engine takes, less than a millisecond of an idle loop


@frozen
class SystemClock:
    """The computer's own time."""

    def now(self) -> datetime:
        """The time of day, in UTC. It may jump when somebody sets the computer's clock."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment in the past. It never goes back."""
        return time.monotonic()

    async def sleep(self, delay: timedelta, *, unless: asyncio.Event | None = None) -> None:
        """Wait for `delay`, or until `unless` is set. Others get a turn even when there is nothing to wait for."""
        seconds = max(delay.total_seconds(), 0.0)
        if unless is None:
            await asyncio.sleep(seconds)
        elif unless.is_set():
            await asyncio.sleep(0)
        else:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(unless.wait(), seconds)


@frozen(order=True)
class _Waiter:
    """Somebody who sleeps. `number` keeps those of the same moment in the order in which they lay down."""

    due: timedelta
    number: int
    woken: asyncio.Event = field(eq=False, order=False)


def _aware(when: datetime) -> datetime:
    if when.tzinfo is None:
        raise InvalidValue("The clock needs a time with a time zone")
    return when.astimezone(UTC)


@define(eq=False)
class ManualClock:
    """A clock that stands still until somebody calls `advance` or `set`. For one event loop."""

    _now: datetime = field(converter=_aware, alias="start")
    _elapsed: timedelta = field(default=_ZERO, init=False)
    _waiters: list[_Waiter] = field(factory=list, init=False, repr=False)
    _slept: int = field(default=0, init=False, repr=False)

    def now(self) -> datetime:
        """The time of day, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that were advanced so far. Setting the clock does not change them."""
        return self._elapsed.total_seconds()

    async def sleep(self, delay: timedelta, *, unless: asyncio.Event | None = None) -> None:
        """Wait until the clock was advanced by `delay`, or until `unless` is set."""
        if delay <= _ZERO or (unless is not None and unless.is_set()):
            await asyncio.sleep(0)
            return
        self._slept += 1
        waiter = _Waiter(self._elapsed + delay, self._slept, asyncio.Event())
        self._waiters.append(waiter)
        try:
            await _either(waiter.woken, unless)
        finally:
            self._waiters = [other for other in self._waiters if other is not waiter]

    async def advance(self, step: timedelta) -> None:
        """Let `step` pass: go to each sleeper's moment in turn, wake it, and let everybody settle in between.

        What the woken do counts: whoever lies down again within `step` is woken again.

        Raises:
            InvalidValue: `step` is negative; time passes forwards only (`set` turns the hands back).
        """
        if step < _ZERO:
            raise InvalidValue("Time cannot be advanced by a negative step")
        end = self._elapsed + step
        await _settle()
        while due := [waiter for waiter in self._waiters if waiter.due <= end]:
            moment = min(due).due
            self._pass(moment - self._elapsed)
            for waiter in sorted(due):
                if waiter.due == moment:
                    waiter.woken.set()
                    self._waiters.remove(waiter)
            await _settle()
        self._pass(end - self._elapsed)
        await _settle()

    def set(self, when: datetime) -> None:
        """Turn the hands to `when`, forwards or back. Nobody wakes: sleep is measured, not read off the hands."""
        self._now = _aware(when)

    def _pass(self, step: timedelta) -> None:
        self._elapsed += step
        self._now += step


@frozen
class StandingClock:
    """The time of a clock that stands: nobody waits for it, only for those who have something to do right now."""

    _clock: ManualClock

    def now(self) -> datetime:
        """The time of day, in UTC."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Seconds that were advanced so far."""
        return self._clock.monotonic()

    async def sleep(self, delay: timedelta, *, unless: asyncio.Event | None = None) -> None:
        """Wait until everybody has settled, or until `unless` is set."""
        for _ in range(_TURNS):
            if unless is not None and unless.is_set():
                return
            await asyncio.sleep(0)


async def _either(first: asyncio.Event, second: asyncio.Event | None) -> None:
    """Return when one of the two is set."""
    if second is None:
        await first.wait()
        return
    waits = [asyncio.ensure_future(event.wait()) for event in (first, second)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _settle() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)


@frozen
class SystemChance:
    """Randomness from the operating system."""

    def uniform(self, a: float, b: float) -> float:
        """Some number between `a` and `b`."""
        return random.SystemRandom().uniform(a, b)

    def trigger_id(self) -> UUID:
        """A fresh id that nobody can guess."""
        return uuid4()

    def secret(self, length: int) -> bytes:
        """So many bytes from the operating system, made for keys."""
        return secrets.token_bytes(length)


@frozen
class SeededChance:
    """Randomness that comes out the same for the same seed."""

    _random: random.Random = field(converter=random.Random, alias="seed", repr=False)

    def uniform(self, a: float, b: float) -> float:
        """Some number between `a` and `b`."""
        return self._random.uniform(a, b)

    def trigger_id(self) -> UUID:
        """The next id of this seed's row."""
        return UUID(int=self._random.getrandbits(128), version=4)

    def secret(self, length: int) -> bytes:
        """The next bytes of this seed's row."""
        return self._random.randbytes(length)
