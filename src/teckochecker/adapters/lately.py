"""The last hour of checks, minute by minute, kept in the process that makes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final

from attrs import define, evolve, field, frozen

from teckochecker.application.ports import Clock, Span, Telemetry

KEPT: Final = 60
"""Minutes that are kept."""


@frozen
class Minute:
    """The jobs looked at within a minute, and how late the latest of them was, in seconds."""

    number: int
    checks: int = 0
    worst: float = 0.0


@define(eq=False)
class Lately:
    """Telemetry that remembers the last hour, and hands everything on to another."""

    _inner: Telemetry
    _clock: Clock
    _minutes: deque[Minute] = field(factory=lambda: deque(maxlen=KEPT), init=False)

    def span(self, name: str, **about: str | int) -> AbstractContextManager[Span]:
        """A piece of work, measured by the other."""
        return self._inner.span(name, **about)

    def late(self, seconds: Sequence[float]) -> None:
        """Jobs were looked at so long after they had become due."""
        self._inner.late(seconds)
        number = self._now()
        if not self._minutes or self._minutes[-1].number != number:
            self._minutes.append(Minute(number))
        last = self._minutes[-1]
        self._minutes[-1] = evolve(last, checks=last.checks + len(seconds), worst=max([last.worst, *seconds]))

    def holding(self, what: str, count: int) -> None:
        """So many leases of this kind are in hand now."""
        self._inner.holding(what, count)

    @property
    def hour(self) -> Sequence[Minute]:
        """The last sixty minutes, the present one last; one without a check is there too."""
        known = {minute.number: minute for minute in self._minutes}
        now = self._now()
        return [known.get(number, Minute(number)) for number in range(now - KEPT + 1, now + 1)]

    def _now(self) -> int:
        return int(self._clock.monotonic() // 60)
