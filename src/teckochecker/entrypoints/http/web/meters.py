"""How everything is, as a row of gauges: the terminal look has them above the list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import frozen

from teckochecker.adapters.lately import Minute
from teckochecker.application.views import Overview
from teckochecker.domain.status import DONE, JobStatus
from teckochecker.entrypoints.http.web.words import number

_LATE: Final = 10.0  # seconds that fill a bar
_SEEN: Final = 3.0  # percent: so wide is a bar at the least, so that one of many is seen


@frozen
class Meter:
    """A gauge: its word, what it says, and the bar, in percent and in the colour of a part of a bar."""

    word: str
    says: str
    share: float
    colour: str


def lateness(hour: Sequence[Minute]) -> float:
    """How late the latest check was within the last minute or two, in seconds."""
    return max(minute.worst for minute in hour[-2:])


def meters(overview: Overview, hour: Sequence[Minute]) -> Sequence[Meter]:
    """The gauges, in the order of reading."""
    return tuple(_meters(overview, hour))


def _meters(overview: Overview, hour: Sequence[Minute]) -> Iterator[Meter]:
    counts = overview.counts
    everything = sum(counts.values())
    done = sum(counts[status] for status in DONE)
    still_open = everything - done - counts[JobStatus.FAILED]
    late, last, most = lateness(hour), hour[-2].checks, max(minute.checks for minute in hour)

    yield _meter("watching", f"{number(counts[JobStatus.ACTIVE])} active", counts[JobStatus.ACTIVE], still_open, "d")
    yield _meter("lateness", f"{late:.1f} s", late, _LATE, "d" if late < _LATE else "h")
    yield _meter("checks/min", f"{number(last)} of {number(most)}", last, most, "r")
    yield _meter("completed", f"{number(done)} of {number(everything)}", done, everything, "d")
    yield _meter("failed", number(counts[JobStatus.FAILED]), counts[JobStatus.FAILED], everything, "f")
    yield _meter("held", number(overview.held), overview.held, still_open, "h")


def _meter(word: str, says: str, part: float, whole: float, colour: str) -> Meter:
    share = min(max(100 * part / whole, _SEEN), 100.0) if part and whole else 0.0
    return Meter(word, says, round(share, 1), colour)
