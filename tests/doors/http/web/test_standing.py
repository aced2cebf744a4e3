"""Where jobs, batches and runs stand, and what a person may do there."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from attrs import evolve

from teckochecker.application.views import JobView
from teckochecker.domain.protocol import TriggerState
from teckochecker.domain.status import JobStatus
from teckochecker.entrypoints.http.web import standing
from teckochecker.entrypoints.http.web.detail import Detail
from teckochecker.entrypoints.http.web.row import Row
from tests.builders import AT, MINUTE, a_job, a_run, a_trigger, some_batches


@pytest.mark.parametrize(
    ("status", "css", "icon"),
    [
        ("completed", "completed", "completed"),
        ("failed", "failed", "failed"),
        ("expired", "expired", "failed"),
        ("lost", "lost", "failed"),
        ("cancelled", "cancelled", "cancelled"),
        ("in_progress", "in_progress", "in_progress"),
        ("finalizing", "finalizing", "in_progress"),
        ("cancelling", "cancelling", "in_progress"),
        ("validating", "validating", "queued"),
        ("queued", "queued", "queued"),
        ("terminated", "terminated", "cancelled"),
        ("waiting", "created", "queued"),
        ("brand_new", "in_progress", "in_progress"),  # nobody knows it: it moves
    ],
)
def test_every_status_has_its_colours_and_a_sign(status: str, css: str, icon: str) -> None:
    assert (standing.css(status), standing.icon(status)) == (css, icon)


@pytest.mark.parametrize(
    ("status", "held", "says"),
    [
        ("active", None, ("active", "Active", "")),
        ("active", "OpenAI refuses this key (401)", ("held", "Held", "active")),
        ("triggering", "Keboola refuses this token (401)", ("held", "Held", "triggering")),
        ("completed_with_failures", None, ("completed", "Completed", "with failures")),
        ("failed", None, ("failed", "Failed", "")),
    ],
)
def test_a_held_job_is_shown_as_held_whatever_its_status(status: str, held: str | None, says: tuple[str, ...]) -> None:
    shown = standing.of_job(JobView(job=a_job(status=JobStatus(status)), held_reason=held))
    assert (shown.status, shown.word, shown.sub) == says


def view(status: str, state: TriggerState | None = None, **changes: Any) -> JobView:
    """A job in a status, with a trigger in a state."""
    job = a_job(status=JobStatus(status), batches=some_batches("completed" if state else "in_progress"))
    return JobView(job=job, trigger=a_trigger(job, state=state, **changes) if state else None)


@pytest.mark.parametrize(
    ("job", "moves"),
    [
        (view("active"), ["check-now", "pause"]),
        (view("paused"), ["resume"]),
        (view("triggering", TriggerState.INTENT), ["pause", "retry"]),
        (view("triggering", TriggerState.UNKNOWN, runs=(a_run(),)), ["retry"]),
        (view("completed", TriggerState.ACCEPTED), ["again"]),
        (view("completed", TriggerState.ENDED), ["again"]),
        (view("completed_with_failures", TriggerState.ENDED), ["again"]),
        (view("completed", TriggerState.INTENT), []),
        (view("failed", TriggerState.REFUSED), ["retry"]),
    ],
    ids=lambda value: value.job.status.value if isinstance(value, JobView) else None,
)
def test_what_is_offered_is_what_the_state_allows(job: JobView, moves: list[str]) -> None:
    offered = Row(view=job, now=AT).moves
    assert [move.action for move in offered] == moves
    assert [move.action for move in offered if move.asks] == [move for move in moves if move == "again"]


@pytest.mark.parametrize("state", list(TriggerState))
def test_only_a_run_that_is_under_way_can_be_cancelled(state: TriggerState) -> None:
    assert Detail(view=view("completed", state), now=AT, zone=UTC).may_cancel is (state is TriggerState.ACCEPTED)


def test_a_job_whose_run_is_being_started_counts_down_to_the_next_step() -> None:
    starting = view("triggering", TriggerState.INTENT, due_at=AT + MINUTE)
    row = Row(view=starting, now=AT)
    assert (row.next_step, row.pace) == (AT + MINUTE, "next step")
    checked = Row(view=JobView(job=a_job(next_check_at=AT + MINUTE)), now=AT)
    assert (checked.next_step, checked.pace) == (AT + MINUTE, "every 2 min")


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (TriggerState.INTENT, ("triggering", "to be sent")),
        (TriggerState.SENT, ("triggering", "being sent")),
        (TriggerState.UNKNOWN, ("unknown", "looking for the run")),
        (TriggerState.CONFIRMING, ("unknown", "making sure it is one")),
        (TriggerState.HELD, ("held", "held")),
        (TriggerState.REFUSED, ("refused", "refused")),
    ],
)
def test_the_way_to_a_run_is_told_in_words(state: TriggerState, says: tuple[str, str]) -> None:
    shown = standing.of_run(view("triggering", state), AT)
    assert shown
    assert (shown.status, shown.word) == says


def test_a_run_tells_its_status_and_how_long_it_took() -> None:
    started = view("completed", TriggerState.ENDED)
    assert started.trigger
    run = a_run(status="error", of=started.trigger, started_at=AT, ended_at=AT + 2 * MINUTE)
    ended = evolve(started, trigger=evolve(started.trigger, runs=(run,), run_id=run.id))
    shown = standing.of_run(ended, AT + 9 * MINUTE)
    assert shown
    assert (shown.status, shown.word, shown.sub) == ("error", "error", "2:00")
    assert standing.of_run(view("active"), AT) is None
