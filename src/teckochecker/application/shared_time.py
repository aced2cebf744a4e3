"""The time that all instances share."""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import define, field

from teckochecker.application.ports import Clock


@define(eq=False)
class SharedTime:
    """What time it is by the storage's clock, told without asking it again. Our own clock may be off, or jump.

    Due times are judged by the storage's clock, so they are made by it too.
    """

    _clock: Clock
    _read: datetime = field(init=False)
    _read_at: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.read(self._clock.now())

    def read(self, now: datetime) -> None:
        """The storage has just told the time."""
        self._read, self._read_at = now, self._clock.monotonic()

    def now(self) -> datetime:
        """The time that was read last, at first our own, and what has passed since."""
        return self._read + timedelta(seconds=self._clock.monotonic() - self._read_at)
