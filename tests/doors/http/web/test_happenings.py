from __future__ import annotations

import pytest

from teckochecker.domain.events import (
    BatchEnded,
    BatchMoved,
    Event,
    JobCompleted,
    JobOverdue,
    JobPaused,
    RunEnded,
    RunNamed,
)
from teckochecker.entrypoints.http.web import happenings
from tests.builders import AT

LONG = "batch_68fb922a7cac8190b4b219404737cdf6"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            BatchMoved(at=AT, batch_id=LONG, before="validating", after="in_progress"),
            "Batch …4737cdf6 went from validating to in progress",
        ),
        (BatchEnded(at=AT, batch_id="batch_a", status="completed"), "Batch batch_a ended: completed"),
        (
            JobCompleted(at=AT, status="completed_with_failures", completed=2, failed=1),
            "The job is completed with failures, batches: 2 completed, 1 failed",
        ),
        (JobPaused(at=AT), "The job was paused"),
    ],
)
def test_a_history_tells_states_in_words_and_batches_by_their_ends(event: Event, said: str) -> None:
    assert happenings.told(event) == said


@pytest.mark.parametrize(
    ("event", "looks"),
    [
        (BatchMoved(at=AT, batch_id=LONG, before="queued", after="validating"), ("validating", "queued")),
        (BatchMoved(at=AT, batch_id=LONG, before="validating", after="in_progress"), ("in_progress", "in_progress")),
        (BatchEnded(at=AT, batch_id=LONG, status="completed"), ("completed", "completed")),
        (BatchEnded(at=AT, batch_id=LONG, status="expired"), ("expired", "failed")),
        (RunEnded(at=AT, run_id="1001", status="error"), ("error", "error")),
        (JobOverdue(at=AT, batch_id=LONG, status="in_progress"), ("warning", "warning")),
        (RunNamed(at=AT, run_id="1001"), ("info", "info")),
    ],
)
def test_what_has_ended_badly_never_looks_as_if_it_had_ended_well(event: Event, looks: tuple[str, str]) -> None:
    assert (happenings.status(event), happenings.sign(event)) == looks
