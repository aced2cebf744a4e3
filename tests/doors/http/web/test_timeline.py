from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest
from attrs import evolve

from teckochecker.application.views import JobView
from teckochecker.domain.batch import Batch, BatchStatus, RequestCounts
from teckochecker.domain.protocol import TriggerState
from teckochecker.domain.status import JobStatus
from teckochecker.domain.values import BatchId
from teckochecker.entrypoints.http.web.timeline import timeline
from tests.builders import AT, HOUR, MINUTE, a_job, a_run, a_trigger


def batch(status: str, **changes: Any) -> Batch:
    """A batch created an hour ago that was in progress two minutes later."""
    known = {"created_at": AT - HOUR, "in_progress_at": AT - 58 * MINUTE}
    return Batch(id=BatchId("batch_1"), status=BatchStatus(status), **known | changes)


def view(*batches: Batch, **changes: Any) -> JobView:
    return JobView(job=a_job(batches=batches, created_at=AT - HOUR, last_check_at=AT, **changes))


def test_a_lane_shows_the_stages_of_a_batch_one_after_the_other() -> None:
    ended = batch("completed", finalizing_at=AT - 10 * MINUTE, ended_at=AT - 5 * MINUTE)
    lane = timeline(view(ended), AT, UTC).lanes[0]
    assert [piece.kind for piece in lane.pieces] == ["v", "p", "z"]
    for before, after in zip(lane.pieces, lane.pieces[1:], strict=False):
        assert round(before.x + before.width, 2) == after.x
    assert [piece.title for piece in lane.pieces] == [
        "validating, 11:00 to 11:02",
        "in progress, 11:02 to 11:50",
        "finalizing, 11:50 to 11:55",
    ]
    assert lane.mark
    assert (lane.mark.kind, lane.mark.label, lane.mark.more) == ("ok", "completed 11:55", "after 55 min")


def test_a_running_batch_reaches_to_now_and_its_rest_is_dashed() -> None:
    running = batch("in_progress", counts=RequestCounts(100, 58, 0))
    picture = timeline(view(running), AT, UTC)
    *_, going, expected = picture.lanes[0].pieces
    assert going.title == "in progress, 11:02 to now"
    assert round(going.x + going.width, 2) == picture.now_x == expected.x
    assert (expected.kind, expected.title) == ("exp", "expected end about 12:42")


def test_a_batch_that_nobody_has_seen_yet_has_an_empty_lane() -> None:
    lane = timeline(view(Batch(id=BatchId("batch_1"))), AT, UTC).lanes[0]
    assert (lane.pieces, lane.mark, lane.label) == ((), None, None)


def test_stages_never_run_backwards_whatever_the_service_tells() -> None:
    odd = batch("failed", in_progress_at=AT - 2 * HOUR, finalizing_at=AT + HOUR, ended_at=AT)
    assert all(piece.width >= 0 for piece in timeline(view(odd), AT, UTC).lanes[0].pieces)


def test_the_last_lane_is_the_run() -> None:
    done = view(batch("completed", ended_at=AT - 30 * MINUTE), status="completed", next_check_at=None)
    trigger = a_trigger(done.job, state=TriggerState.ENDED)
    run = a_run(
        status="error", created_at=AT - 30 * MINUTE, started_at=AT - 29 * MINUTE, ended_at=AT - 20 * MINUTE, of=trigger
    )
    picture = timeline(evolve(done, trigger=evolve(trigger, runs=(run,), run_id=run.id)), AT, UTC)
    own = picture.lanes[-1]
    assert [piece.kind for piece in own.pieces] == ["w", "p"]
    assert own.mark
    assert (own.mark.kind, own.mark.label) == ("no", "error 11:40")
    assert picture.now_x is None


def test_at_most_eight_steps_span_the_picture_and_all_of_it_lies_inside() -> None:
    for length in (timedelta(seconds=5), HOUR, timedelta(hours=7), timedelta(days=2), timedelta(days=40)):
        old = batch("in_progress", created_at=AT - length, in_progress_at=AT - length, counts=RequestCounts(9, 8, 0))
        picture = timeline(view(old), AT, UTC)
        assert 1 < len(picture.ticks) <= 10
        pieces = [piece for lane in picture.lanes for piece in lane.pieces]
        assert all(0 <= piece.x <= piece.x + piece.width <= 100.01 for piece in pieces)


def test_no_time_above_the_picture_stands_in_that_of_now() -> None:
    for length in (HOUR, timedelta(hours=7), timedelta(days=2), timedelta(days=40)):
        old = batch("in_progress", created_at=AT - length, in_progress_at=AT - length, counts=RequestCounts(9, 5, 0))
        picture = timeline(view(old), AT, UTC)
        assert picture.now_x
        said = [(abs(tick.x - picture.now_x), len(tick.text), tick.minor) for tick in picture.ticks if tick.text]
        assert all(away > (letters + len(picture.now_text)) / 2 * 0.95 for away, letters, _ in said)
        assert all(away > 24 for away, _, minor in said if not minor)  # what a phone shows, too


@pytest.mark.parametrize(
    ("state", "status", "says"),
    [
        (TriggerState.UNKNOWN, "triggering", ("exp k", None, "looking for the run")),
        (TriggerState.REFUSED, "failed", (None, "no", "refused")),
    ],
)
def test_a_run_that_is_not_there_says_in_its_lane_where_it_stands(
    state: TriggerState, status: str, says: tuple[str | None, str | None, str]
) -> None:
    ended = AT if status == "failed" else None
    done = view(
        batch("completed", ended_at=AT - 30 * MINUTE), status=JobStatus(status), next_check_at=None, completed_at=ended
    )
    own = timeline(evolve(done, trigger=a_trigger(done.job, state=state)), AT, UTC).lanes[-1]
    assert own.label
    kind, mark = own.pieces[0].kind if own.pieces else None, own.mark.kind if own.mark else None
    assert (kind, mark, own.label.label) == says
    assert own.label.x < 100
