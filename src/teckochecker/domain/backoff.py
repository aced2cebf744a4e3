"""How long to wait after what. `chance` in [0, 1) spreads waiters, so that they do not come back together."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

NOT_FOUND_SOON: Final = timedelta(seconds=60)
NOT_FOUND_SOON_FOR: Final = timedelta(minutes=10)
"""A batch that is not found is looked at again every minute for ten minutes, then at the job's interval."""

BETWEEN_CONFIRMS: Final = timedelta(seconds=10)
"""How often a run is read again while another one might still surface."""


def _widening(first: float, times: int, most: float, factor: float = 2.0) -> float:
    """`first` seconds, growing by `factor` with each time, never above `most`."""
    return min(first * factor ** min(times, 64), most)


def after_failed_looks(failures: int, interval: timedelta, chance: float) -> timedelta:
    """A check failed `failures` (>= 1) times in a row: 5 s doubling to 5 min or the interval, spread by half."""
    most = max(interval.total_seconds(), 300.0)
    return timedelta(seconds=_widening(5, failures - 1, most) * (0.75 + chance / 2))


def after_refused_credential(refusals: int, chance: float) -> timedelta:
    """A service refused a credential `refusals` (>= 1) times: 1 min doubling to 60 min."""
    return timedelta(seconds=_widening(60, refusals - 1, 3600) * (0.9 + chance / 5))


def after_failed_sends(failures: int, first: timedelta, chance: float) -> timedelta:
    """A send was surely not processed `failures` (>= 1) times: `first` doubling to 15 min."""
    most = max(first.total_seconds(), 900.0)
    return timedelta(seconds=_widening(first.total_seconds(), failures - 1, most) * (0.75 + chance / 2))


def between_searches(looks: int) -> timedelta:
    """A run of unknown outcome is looked for: 5 s widening to 60 s (Keboola asks for 3-5 s at least)."""
    return timedelta(seconds=_widening(5, looks, 60, 1.5))


def between_follows(looks: int) -> timedelta:
    """An accepted run is followed to its end: 5 s widening to 5 min."""
    return timedelta(seconds=_widening(5, looks, 300, 1.2))


def between_notices(attempts: int) -> timedelta:
    """A notice was not taken `attempts` (>= 1) times: 1 min doubling to 60 min."""
    return timedelta(seconds=_widening(60, attempts - 1, 3600))
