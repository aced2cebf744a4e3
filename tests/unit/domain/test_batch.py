from __future__ import annotations

from typing import Any

import pytest

from teckochecker.domain.batch import Batch, BatchReport, BatchStatus, RequestCounts
from teckochecker.domain.values import BatchId
from tests.builders import AT, HOUR, MINUTE, SECOND


def running(**changes: Any) -> Batch:
    """A batch that has been in progress for an hour, with a quarter of its requests done."""
    known: dict[str, Any] = {
        "status": BatchStatus.IN_PROGRESS,
        "counts": RequestCounts(total=400, completed=90, failed=10),
        "in_progress_at": AT - HOUR,
    }
    return Batch(id=BatchId("batch_1"), **known | changes)


def test_a_batch_is_expected_to_go_on_at_its_pace() -> None:
    assert running().expected_end(AT) == AT + 3 * HOUR


def test_new_counts_do_not_change_since_when_a_batch_has_its_status() -> None:
    counts = RequestCounts(total=400, completed=200, failed=10)
    report = BatchReport(batch_id=BatchId("batch_1"), status=BatchStatus.IN_PROGRESS, counts=counts)
    counted = running(changed_at=AT - HOUR).reported(report, at=AT)
    assert (counted.counts, counted.changed_at, counted.ended_at) == (counts, AT - HOUR, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": BatchStatus.COMPLETED},
        {"counts": None},
        {"counts": RequestCounts(total=400)},
        {"counts": RequestCounts(total=400, completed=400)},
        {"in_progress_at": None},
        {"in_progress_at": AT + SECOND},
    ],
    ids=str,
)
def test_where_no_pace_is_known_no_end_is_expected(changes: dict[str, Any]) -> None:
    assert running(**changes).expected_end(AT) is None


def test_the_times_of_its_stages_are_kept_when_a_later_answer_leaves_them_out() -> None:
    first = BatchReport(
        batch_id=BatchId("batch_1"), status=BatchStatus.FINALIZING, in_progress_at=AT, finalizing_at=AT + MINUTE
    )
    later = BatchReport(batch_id=BatchId("batch_1"), status=BatchStatus.COMPLETED)
    batch = Batch(id=BatchId("batch_1")).reported(first, at=AT + 2 * MINUTE).reported(later, at=AT + 3 * MINUTE)
    assert (batch.in_progress_at, batch.finalizing_at) == (AT, AT + MINUTE)
