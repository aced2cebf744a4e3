from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest

from teckochecker.entrypoints.simulator import BatchScript, Simulator, default_key
from tests.simulator.driven import Door, DrivenClock, start


async def test_a_batch_has_every_field_that_openai_sends(simulator: Simulator, door: Door) -> None:
    made = simulator.openai.add_batch(script=BatchScript.stays("validating"))
    reply = await door.openai(f"/batches/{made.id}")
    assert reply.status == 200
    assert reply.json == {
        "id": made.id,
        "object": "batch",
        "endpoint": "/v1/responses",
        "model": None,
        "errors": None,
        "input_file_id": f"file-{made.id[-22:]}-input",
        "completion_window": "24h",
        "status": "validating",
        "output_file_id": None,
        "error_file_id": None,
        "created_at": start,
        "in_progress_at": None,
        "expires_at": start + 86_400,
        "finalizing_at": None,
        "completed_at": None,
        "failed_at": None,
        "expired_at": None,
        "cancelling_at": None,
        "cancelled_at": None,
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "usage": None,
        "metadata": None,
    }


async def test_an_id_given_by_the_simulator_looks_like_one_of_openai(simulator: Simulator) -> None:
    batch_id = simulator.openai.add_batch().id
    assert len(batch_id) == len("batch_") + 32
    assert int(batch_id[6:14], 16) == start


async def test_every_answer_carries_the_date_of_the_clock_and_an_id(
    simulator: Simulator, door: Door, clock: DrivenClock
) -> None:
    simulator.openai.add_batch("batch_a")
    first = await door.openai("/batches/batch_a")
    clock.pass_(3600)
    second = await door.openai("/batches/batch_a")
    dates = [parsedate_to_datetime(reply.headers["Date"]).timestamp() for reply in (first, second)]
    assert dates == [start, start + 3600]
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_an_unknown_batch_is_not_found_in_the_documented_shape(door: Door) -> None:
    reply = await door.openai("/batches/batch_nowhere")
    assert reply.status == 404
    assert reply.headers["x-request-id"].startswith("req_")
    assert reply.json == {
        "error": {
            "message": "No batch found with that id.",
            "type": "invalid_request_error",
            "param": None,
            "code": "batch_not_found",
        }
    }


@pytest.mark.parametrize("key", [None, "", "sk-wrong"])
async def test_an_unknown_key_is_refused(door: Door, key: str | None) -> None:
    reply = await door.openai("/batches/batch_a", key)
    assert (reply.status, reply.json["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize(
    ("refused", "status"),
    [("invalid_api_key", 401), ("missing_scope", 401), ("unsupported_country_region_territory", 403)],
)
async def test_a_key_can_be_refused_for_a_reason(simulator: Simulator, door: Door, refused: str, status: int) -> None:
    key = simulator.openai.add_key("sk-other", refused=refused)
    reply = await door.openai("/batches", key)
    assert (reply.status, reply.json["error"]["code"]) == (status, refused)


def test_a_key_is_refused_for_known_reasons_only(simulator: Simulator) -> None:
    with pytest.raises(ValueError, match="missing_scope"):
        simulator.openai.add_key("sk-other", refused="mood")


async def test_a_removed_key_is_let_in_no_more(simulator: Simulator, door: Door) -> None:
    simulator.openai.remove_key(default_key)
    assert (await door.openai("/batches")).status == 401


async def test_a_key_sees_the_batches_of_its_own_project_only(simulator: Simulator, door: Door) -> None:
    key = simulator.openai.add_key("sk-other", "proj_other")
    simulator.openai.add_batch("batch_ours")
    simulator.openai.add_batch("batch_theirs", project="proj_other")
    assert (await door.openai("/batches/batch_ours", key)).status == 404
    assert (await door.openai("/batches/batch_theirs", key)).status == 200
    assert (await door.openai("/batches")).json["first_id"] == "batch_ours"


async def test_a_batch_id_may_be_percent_encoded(simulator: Simulator, door: Door) -> None:
    simulator.openai.add_batch("batches/with slash")
    reply = await door.openai("/batches/batches%2Fwith%20slash")
    assert reply.json["id"] == "batches/with slash"


async def test_an_id_is_there_once_only(simulator: Simulator) -> None:
    simulator.openai.add_batch("batch_a")
    with pytest.raises(ValueError, match="already there"):
        simulator.openai.add_batch("batch_a")


async def test_a_list_is_empty_at_first(door: Door) -> None:
    reply = await door.openai("/batches")
    assert reply.json == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


async def test_a_list_shows_twenty_the_newest_first(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    ids = []
    for _ in range(25):
        ids.append(simulator.openai.add_batch().id)
        clock.pass_(1)
    page = (await door.openai("/batches")).json
    assert [batch["id"] for batch in page["data"]] == ids[:4:-1]
    assert (page["first_id"], page["last_id"], page["has_more"]) == (ids[24], ids[5], True)


async def test_pages_follow_one_another_without_gap(simulator: Simulator, door: Door) -> None:
    ids = [simulator.openai.add_batch().id for _ in range(25)]
    seen, after, more = [], "", True
    while more:
        page = (await door.openai(f"/batches?limit=10{after}")).json
        seen += [batch["id"] for batch in page["data"]]
        after, more = f"&after={page['last_id']}", page["has_more"]
    assert seen == ids[::-1]


async def test_a_list_shows_what_a_retrieve_shows(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.openai.add_batch("batch_a", BatchScript.succeeds(7, total=10))
    clock.pass_(3.3)
    listed = (await door.openai("/batches")).json["data"]
    assert listed == [(await door.openai("/batches/batch_a")).json]


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ("0", "integer_below_min_value"),
        ("-1", "integer_below_min_value"),
        ("101", "integer_above_max_value"),
        ("many", "invalid_type"),
    ],
)
async def test_a_limit_out_of_range_is_refused(door: Door, limit: str, code: str) -> None:
    reply = await door.openai(f"/batches?limit={limit}")
    assert reply.status == 400
    assert (reply.json["error"]["param"], reply.json["error"]["code"]) == ("limit", code)


async def test_an_unknown_cursor_is_refused(door: Door) -> None:
    assert (await door.openai("/batches?after=batch_nowhere")).status == 404


async def test_an_unknown_address_is_refused(door: Door) -> None:
    reply = await door.openai("/files")
    assert (reply.status, reply.json["error"]["type"]) == (404, "invalid_request_error")


async def test_requests_are_counted_by_operation_and_key(simulator: Simulator, door: Door) -> None:
    other = simulator.openai.add_key("sk-other")
    await door.openai("/batches")
    await door.openai("/batches", other)
    await door.openai("/batches/batch_a", other)
    assert simulator.openai.requests() == 3
    assert simulator.openai.requests("list") == 2
    assert simulator.openai.requests(credential=other) == 2
    assert simulator.openai.requests("retrieve", other) == 1
