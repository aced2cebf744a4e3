"""The stages of a job's batches over time, as the lanes of one picture.

All x and widths are percent of the picture, so that it stretches without its text; y is in pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from attrs import evolve, field, frozen

from teckochecker.application.views import JobView
from teckochecker.domain.batch import Batch, BatchStatus
from teckochecker.domain.run import KeboolaRun
from teckochecker.domain.status import JobStatus
from teckochecker.entrypoints.http.web.progress import expected_end
from teckochecker.entrypoints.http.web.standing import of_run
from teckochecker.entrypoints.http.web.words import clock, duration, spaced

_FIRST_LANE: Final = 41  # px: the middle of the first lane
_LANE: Final = 34  # px from lane to lane
_OWN_LANE: Final = 9  # px that Keboola's lane stands lower
_TICKS: Final = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 30, 60, 120, 180, 360, 720, 1440, 10080))
_MOST_TICKS: Final = 8
_ROOM: Final = 0.32  # of the range, behind its last moment, where the label of what ended then stands
_RUN: Final = 0.035  # of the range: the width of a run that has not started
_TURNS: Final = 82.0  # percent: a label that begins further right stands left of its mark;
_TURNS_SHORT: Final = 90.0  # a short one
_SHORT: Final = 12  # signs
_LETTER: Final = 0.95  # percent: the width of a letter in the narrowest picture on a desk
_APART: Final = 0.8  # percent between two texts at least
_ON_A_PHONE: Final = 24.0  # percent between the middles of two texts there
_LONG: Final = 6  # signs of a tick with a day beside the time


@frozen(kw_only=True)
class Piece:
    """A stage: `kind` is its class in the picture, `title` what it tells when pointed at."""

    kind: str
    x: float
    width: float
    title: str


@frozen(kw_only=True)
class Mark:
    """A moment on a lane, with the label beside it and what `more` it says where there is room.

    `turned`: the label stands left of it.
    """

    kind: str
    x: float
    label: str
    more: str = ""
    turned: bool


@frozen(kw_only=True)
class Lane:
    """One line of the picture; `y` is its middle in pixels."""

    y: int
    pieces: tuple[Piece, ...]
    mark: Mark | None
    label: Mark | None


@frozen(kw_only=True)
class Tick:
    """A line across the picture. `minor` ones lose their text where it is narrow or crowded."""

    x: float
    text: str
    minor: bool


@frozen(kw_only=True)
class Timeline:
    """The whole picture; `now_x` is None when all has ended."""

    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    now_x: float | None
    now_text: str
    height: int
    spent: str


@frozen
class _Scale:
    """From moments to percent of the picture."""

    begin: datetime
    end: datetime
    now: datetime
    zone: tzinfo
    step: timedelta = field(init=False)

    @step.default
    def _largest_that_fits(self) -> timedelta:
        span = self.end - self.begin
        return next((step for step in _TICKS if span / step <= _MOST_TICKS), _TICKS[-1])

    def x(self, at: datetime) -> float:
        return round(min(max(100 * ((at - self.begin) / (self.end - self.begin)), 0.0), 100.0), 2)

    def says(self, at: datetime) -> str:
        return clock(at, self.now, self.zone)

    def piece(self, kind: str, begin: datetime, end: datetime, word: str) -> Piece:
        until = "now" if end >= self.now else self.says(end)
        x = self.x(begin)
        return Piece(kind=kind, x=x, width=round(self.x(end) - x, 2), title=f"{word}, {self.says(begin)} to {until}")

    def mark(self, kind: str, at: datetime, label: str, more: str = "") -> Mark:
        x = self.x(at)
        turned = x > (_TURNS_SHORT if len(label) < _SHORT else _TURNS)
        return Mark(kind=kind, x=x, label=label, more=more, turned=turned)


def timeline(view: JobView, now: datetime, zone: tzinfo) -> Timeline:
    """The picture of a job as it stands `now`, with times in `zone`."""
    job, run = view.job, view.trigger.run if view.trigger else None
    counted_at = job.last_check_at or now
    expected = expected_end(job)
    ends = [end for batch in job.batches if (end := batch.expected_end(counted_at))]
    moving = bool(job.open_batches) or job.status is JobStatus.TRIGGERING or (run is not None and not run.finished)
    begin = min([job.created_at, *(batch.created_at for batch in job.batches if batch.created_at)])
    moments = [batch.ended_at for batch in job.batches if batch.ended_at]
    moments += [run.ended_at] if run and run.ended_at else ends
    moments += [job.completed_at] if job.completed_at and run is None else []
    last = max([*moments, now] if moving else moments or [now])
    span = max((last - begin) * (1 + _ROOM), timedelta(minutes=5))
    scale = _Scale(begin, begin + span, now, zone)
    scale = _Scale(_floor(begin, scale.step, zone), begin + span, now, zone)
    lanes = [
        _batch_lane(batch, scale, _FIRST_LANE + place * _LANE, counted_at, job.created_at)
        for place, batch in enumerate(job.batches)
    ]
    own = _FIRST_LANE + len(lanes) * _LANE + _OWN_LANE
    lanes.append(_run_lane(run, scale, own) if run and run.created_at else _lane_of_no_run(view, expected, scale, own))
    return Timeline(
        lanes=tuple(lanes),
        ticks=tuple(_ticks(scale, scale.x(now) if moving else None)),
        now_x=scale.x(now) if moving else None,
        now_text=_now(scale),
        height=own + 17,
        spent=duration((now if moving else last) - begin),
    )


def _batch_lane(batch: Batch, scale: _Scale, y: int, counted_at: datetime, watched_since: datetime) -> Lane:
    until = batch.ended_at or scale.now
    begin = min(batch.created_at or watched_since, until)
    stages = [("v", "validating", begin), ("p", "in progress", batch.in_progress_at)]
    stages.append(("z", "finalizing", batch.finalizing_at))
    entered = [(kind, word, max(at, begin)) for kind, word, at in stages if at and at <= until]
    if not batch.created_at and not batch.in_progress_at:
        entered = []  # never seen
    pieces = [
        scale.piece(kind, at, entered[place + 1][2] if place + 1 < len(entered) else until, word)
        for place, (kind, word, at) in enumerate(entered)
    ]
    if batch.ended_at:
        good = batch.status == BatchStatus.COMPLETED
        told = f"{spaced(batch.status)} {scale.says(batch.ended_at)}"
        after = f"after {duration(batch.ended_at - batch.created_at)}" if batch.created_at else ""
        mark = scale.mark("ok" if good else "no", batch.ended_at, told, after)
        return Lane(y=y, pieces=tuple(pieces), mark=mark, label=mark)
    end = batch.expected_end(counted_at)
    if end is None or end <= scale.now:
        return Lane(y=y, pieces=tuple(pieces), mark=None, label=None)
    about = f"about {scale.says(end)}"
    pieces.append(_dashed(scale, "exp", scale.now, end, f"expected end {about}"))
    return Lane(y=y, pieces=tuple(pieces), mark=None, label=scale.mark("lbl", end, about))


def _lane_of_no_run(view: JobView, expected: datetime | None, scale: _Scale, y: int) -> Lane:
    stands = of_run(view, scale.now)
    if view.job.status is JobStatus.FAILED and view.job.completed_at and stands:
        mark = scale.mark("no", view.job.completed_at, stands.word)
        return Lane(y=y, pieces=(), mark=mark, label=mark)
    begin = max(expected or scale.now, scale.now)
    end = begin + (scale.end - scale.begin) * _RUN
    piece = _dashed(scale, "exp k", begin, end, "Keboola run, not started yet")
    label = scale.mark("lbl", end, stands.word if stands else "after the last batch")
    return Lane(y=y, pieces=(piece,), mark=None, label=evolve(label, x=piece.x) if label.turned else label)


def _run_lane(run: KeboolaRun, scale: _Scale, y: int) -> Lane:
    begin = run.created_at or scale.now
    end = run.ended_at or scale.now
    pieces = [scale.piece("w", begin, run.started_at or end, "waiting")]
    if run.started_at:
        pieces.append(scale.piece("p", run.started_at, end, "processing"))
    if not run.ended_at:
        return Lane(y=y, pieces=tuple(pieces), mark=None, label=scale.mark("lbl", end, spaced(run.status)))
    good = run.status in ("success", "warning")
    mark = scale.mark("ok" if good else "no", run.ended_at, f"{spaced(run.status)} {scale.says(run.ended_at)}")
    return Lane(y=y, pieces=tuple(pieces), mark=mark, label=mark)


def _dashed(scale: _Scale, kind: str, begin: datetime, end: datetime, title: str) -> Piece:
    x = scale.x(begin)
    return Piece(kind=kind, x=x, width=round(scale.x(end) - x, 2), title=title)


def _ticks(scale: _Scale, now_x: float | None) -> Iterator[Tick]:
    at, place, now_letters = scale.begin, 0, len(_now(scale))
    while at <= scale.end:
        x, text = scale.x(at), scale.says(at)
        away = 100.0 if now_x is None else abs(x - now_x)
        crowded = away < (len(text) + now_letters) / 2 * _LETTER + _APART
        minor = away < _ON_A_PHONE or place % (4 if len(text) > _LONG else 2) > 0
        yield Tick(x=x, text="" if crowded else text, minor=minor)
        at, place = at + scale.step, place + 1


def _now(scale: _Scale) -> str:
    return f"now {scale.says(scale.now)}"


def _floor(at: datetime, step: timedelta, zone: tzinfo) -> datetime:
    """The last tick before a moment, counted from the viewer's midnight."""
    local = at.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight + (local - midnight) // step * step).astimezone(UTC)
