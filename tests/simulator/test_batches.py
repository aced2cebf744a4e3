from __future__ import annotations

from math import inf

import pytest

from teckochecker.entrypoints.simulator import BatchScript, Ending, Simulator, Stage
from tests.simulator.driven import Door, DrivenClock, start


async def test_a_batch_goes_through_its_stages_at_their_times(
    simulator: Simulator, door: Door, clock: DrivenClock
) -> None:
    simulator.openai.add_batch("batch_a", BatchScript.succeeds(7, total=100))
    seen = []
    for _ in range(8):
        seen.append((await door.openai("/batches/batch_a")).json)
        clock.pass_(1)
    assert [batch["status"] for batch in seen] == [
        "validating",
        "in_progress",
        "in_progress",
        "in_progress",
        "in_progress",
        "in_progress",
        "finalizing",
        "completed",
    ]
    assert [batch["request_counts"]["completed"] for batch in seen] == [0, 0, 20, 40, 60, 80, 100, 100]


async def test_a_completed_batch_has_the_times_of_its_way(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.openai.add_batch("batch_a", BatchScript.succeeds(70))
    clock.pass_(1000)
    batch = (await door.openai("/batches/batch_a")).json
    moments = {name: batch[name] for name in batch if name.endswith("_at") and batch[name] is not None}
    assert moments == {
        "created_at": start,
        "in_progress_at": start + 10,
        "finalizing_at": start + 60,
        "completed_at": start + 70,
        "expires_at": start + 86_400,
    }


async def test_a_clean_batch_has_an_empty_error_file_id(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.openai.add_batch("batch_a", BatchScript.succeeds(7))
    clock.pass_(7)
    batch = (await door.openai("/batches/batch_a")).json
    assert (batch["output_file_id"], batch["error_file_id"]) == ("file-a-output", "")


async def test_with_every_request_failed_a_batch_is_completed_without_output(
    simulator: Simulator, door: Door, clock: DrivenClock
) -> None:
    simulator.openai.add_batch("batch_a", BatchScript.all_requests_failed(7, total=9))
    clock.pass_(7)
    batch = (await door.openai("/batches/batch_a")).json
    assert batch["status"] == "completed"
    assert batch["request_counts"] == {"total": 9, "completed": 0, "failed": 9}
    assert (batch["output_file_id"], batch["error_file_id"]) == (None, "file-a-error")


async def test_a_failed_batch_says_why(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.openai.add_batch("batch_a", BatchScript.fails(2))
    clock.pass_(2)
    batch = (await door.openai("/batches/batch_a")).json
    assert (batch["status"], batch["failed_at"]) == ("failed", start + 2)
    assert batch["errors"]["data"][0]["code"] == "token_limit_exceeded"
    assert batch["request_counts"] == {"total": 0, "completed": 0, "failed": 0}


async def test_an_expired_batch_has_done_a_part(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.openai.add_batch("batch_a", BatchScript.expires(7, total=10, completed=4, failed=1))
    clock.pass_(8)
    batch = (await door.openai("/batches/batch_a")).json
    assert (batch["status"], batch["expired_at"]) == ("expired", start + 7)
    assert batch["request_counts"] == {"total": 10, "completed": 4, "failed": 1}
    assert batch["output_file_id"] == "file-a-output"


async def test_a_cancelled_batch_is_cancelling_first(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.openai.add_batch("batch_a", BatchScript.cancelled(7))
    clock.pass_(6)
    assert (await door.openai("/batches/batch_a")).json["status"] == "cancelling"
    clock.pass_(1)
    batch = (await door.openai("/batches/batch_a")).json
    assert (batch["status"], batch["cancelling_at"], batch["cancelled_at"]) == (
        "cancelled",
        start + 5,
        start + 7,
    )


async def test_a_status_that_nobody_knows_is_shown_for_ever(
    simulator: Simulator, door: Door, clock: DrivenClock
) -> None:
    simulator.openai.add_batch("batch_a", BatchScript.stays("meditating"))
    clock.pass_(1e9)
    assert (await door.openai("/batches/batch_a")).json["status"] == "meditating"


async def test_a_script_of_ones_own_is_followed(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    script = BatchScript((Stage("in_progress", 3),), Ending("cancelled", 2, 1, error_file="file-x"), 5)
    simulator.openai.add_batch("batch_a", script)
    clock.pass_(3)
    batch = (await door.openai("/batches/batch_a")).json
    assert (batch["status"], batch["error_file_id"]) == ("cancelled", "file-x")


async def test_fields_lie_over_the_script(simulator: Simulator, door: Door) -> None:
    simulator.openai.add_batch("batch_a", request_counts=None, status="Validating", created_at=start - 60)
    batch = (await door.openai("/batches/batch_a")).json
    assert (batch["request_counts"], batch["status"]) == (None, "Validating")
    assert batch["created_at"] == start - 60


async def test_a_batch_that_is_set_changes_at_once(simulator: Simulator, door: Door) -> None:
    simulator.openai.add_batch("batch_a", BatchScript.stays())
    assert (await door.openai("/batches/batch_a")).json["status"] == "in_progress"
    simulator.openai.set_batch("batch_a", BatchScript.fails(0))
    assert (await door.openai("/batches/batch_a")).json["status"] == "failed"
    simulator.openai.set_batch("batch_a", metadata={"team": "x"})
    assert (await door.openai("/batches/batch_a")).json["metadata"] == {"team": "x"}


async def test_a_removed_batch_is_not_found(simulator: Simulator, door: Door) -> None:
    simulator.openai.add_batch("batch_a")
    simulator.openai.remove_batch("batch_a")
    assert (await door.openai("/batches/batch_a")).status == 404
    assert (await door.openai("/batches")).json["data"] == []


async def test_the_moment_when_an_end_was_first_shown_is_kept(
    simulator: Simulator, door: Door, clock: DrivenClock
) -> None:
    batch = simulator.openai.add_batch("batch_a", BatchScript.succeeds(7))
    await door.openai("/batches/batch_a")
    assert batch.end_shown_at is None
    clock.pass_(9)
    await door.openai("/batches/batch_a")
    clock.pass_(9)
    await door.openai("/batches/batch_a")
    assert batch.end_shown_at == start + 9


async def test_a_clock_that_goes_back_shows_the_earlier_state(
    simulator: Simulator, door: Door, clock: DrivenClock
) -> None:
    simulator.openai.add_batch("batch_a", BatchScript.succeeds(7))
    clock.pass_(100)
    assert (await door.openai("/batches/batch_a")).json["status"] == "completed"
    clock.pass_(-98)
    assert (await door.openai("/batches/batch_a")).json["status"] == "in_progress"


@pytest.mark.parametrize("lasts", [-1, -inf])
def test_a_stage_cannot_last_less_than_nothing(lasts: float) -> None:
    with pytest.raises(ValueError, match="lasts"):
        Stage("in_progress", lasts)
