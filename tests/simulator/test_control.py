from __future__ import annotations

from typing import Any

import pytest

from teckochecker.entrypoints.simulator import default_key
from teckochecker.entrypoints.simulator.server import is_loopback
from tests.simulator.driven import Door, DrivenClock, start


async def openai(door: Door, method: str, path: str, json: Any = None) -> Any:
    url = door.simulator.openai.base_url.removesuffix("/v1") + f"/_simulator/{path}"
    async with door.http.request(method, url, json=json) as response:
        return await response.json()


async def keboola(door: Door, method: str, path: str, json: Any = None) -> Any:
    return (await door.keboola(method, f"/_simulator/{path}", None, json=json)).json


async def test_batches_are_added_changed_and_removed_from_outside(door: Door, clock: DrivenClock) -> None:
    script = {"preset": "succeeds", "after": 7, "total": 10}
    added = await openai(door, "POST", "batches", {"id": "batch_a", "script": script})
    assert added == {"ids": ["batch_a"]}
    clock.pass_(7)
    assert (await door.openai("/batches/batch_a")).json["status"] == "completed"
    listed = await openai(door, "GET", "batches")
    assert (listed[0]["id"], listed[0]["_end_shown_at"]) == ("batch_a", start + 7)
    await openai(door, "PATCH", "batches/batch_a", {"script": {"preset": "fails", "after": 0}})
    await openai(door, "PATCH", "batches/batch_a", {"fields": {"metadata": {"a": "b"}}})
    changed = (await door.openai("/batches/batch_a")).json
    assert (changed["status"], changed["metadata"]) == ("failed", {"a": "b"})
    await openai(door, "DELETE", "batches/batch_a")
    assert (await door.openai("/batches/batch_a")).status == 404


async def test_many_batches_are_added_at_once(door: Door) -> None:
    many = [{"id": f"batch_{n}", "script": {"preset": "stays"}} for n in range(50)]
    assert len((await openai(door, "POST", "batches", many))["ids"]) == 50


async def test_a_script_may_be_spelled_out(door: Door, clock: DrivenClock) -> None:
    stages = [{"status": "in_progress", "lasts": 2}]
    ending = {"status": "failed", "errors": [{"code": "empty_file", "message": "Nothing there."}]}
    script = {"stages": stages, "ending": ending, "total": 3}
    await openai(door, "POST", "batches", {"id": "batch_a", "script": script, "fields": {"model": "m"}})
    clock.pass_(2)
    batch = (await door.openai("/batches/batch_a")).json
    assert (batch["status"], batch["errors"]["data"], batch["model"]) == ("failed", ending["errors"], "m")


async def test_keys_come_and_go_from_outside(door: Door) -> None:
    await openai(door, "POST", "keys", {"key": "sk-other", "project": "proj_other"})
    assert (await door.openai("/batches", "sk-other")).status == 200
    await openai(door, "DELETE", "keys/sk-other")
    assert (await door.openai("/batches", "sk-other")).status == 401


async def test_faults_are_set_and_cleared_from_outside(door: Door) -> None:
    await openai(door, "POST", "faults", {"kind": "status", "status": 503, "times": None})
    assert (await door.openai("/batches")).status == 503
    (rule,) = await openai(door, "GET", "faults")
    assert (rule["kind"], rule["played"]) == ("status", 1)
    await openai(door, "DELETE", "faults")
    assert (await door.openai("/batches")).status == 200


async def test_requests_are_counted_but_not_those_of_the_control(door: Door) -> None:
    await door.openai("/batches")
    counted = await openai(door, "GET", "requests")
    assert counted["counts"] == [{"operation": "list", "credential": default_key, "count": 1}]
    assert (await openai(door, "DELETE", "requests"))["counts"] == []


async def test_keboola_is_furnished_from_outside(door: Door) -> None:
    token = (await keboola(door, "POST", "tokens", {"component_access": ["x.y"]}))["token"]
    await keboola(door, "POST", "components", {"component_id": "x.y", "name": "X"})
    body = {"component": "x.y", "configuration_id": "7", "variables": ["a"], "script": {"created_for": 0}}
    assert await keboola(door, "POST", "configurations", body) == {"id": "7"}
    reply = await door.post(token, component="x.y", config="7")
    assert reply.status == 201
    await keboola(door, "DELETE", f"tokens/{token}")
    assert (await door.post(token, component="x.y", config="7")).status == 401


async def test_runs_and_posts_are_read_from_outside(door: Door, clock: DrivenClock) -> None:
    await keboola(door, "POST", "faults", {"kind": "status", "operation": "create", "after_effect": True})
    assert (await door.post()).status == 500
    clock.pass_(100)
    (run,) = await keboola(door, "GET", "runs")
    assert (run["status"], run["begun"], run["finished"], run["killed"]) == ("success", True, True, False)
    assert run["variables"]["trigger_id"] == "1"
    (post,) = await keboola(door, "GET", "posts")
    assert (post["run_id"], post["fault"], post["complete"]) == (run["id"], "status", True)


async def test_the_lag_and_the_course_of_runs_are_set_from_outside(door: Door, clock: DrivenClock) -> None:
    settings = {"search_lag": 5, "kill_takes": 2, "run_script": {"outcome": "error", "message": "No."}}
    assert (await keboola(door, "PATCH", "settings", settings))["search_lag"] == 5
    run_id = (await door.post()).json["id"]
    assert await door.found() == []
    clock.pass_(100)
    assert (await door.job(run_id))["result"]["message"] == "No."
    assert await door.found() == [run_id]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "batches", {"script": {"preset": "explodes"}}),
        ("POST", "batches", {"colour": "red", "script": {"preset": "succeeds", "when": "now"}}),
        ("POST", "batches", {"script": {"total": 5}}),
        ("POST", "batches", [5]),
        ("POST", "faults", {"kind": "sneeze"}),
        ("POST", "faults", {"kind": "status", "colour": "red"}),
        ("POST", "keys", None),
        ("PATCH", "batches/batch_nowhere", {}),
        ("DELETE", "batches/batch_nowhere", None),
        ("GET", "nowhere", None),
    ],
)
async def test_orders_that_make_no_sense_are_refused(door: Door, method: str, path: str, body: Any) -> None:
    assert "error" in await openai(door, method, path, body)


async def test_an_unknown_setting_is_refused(door: Door) -> None:
    assert "colour" in (await keboola(door, "PATCH", "settings", {"colour": "red"}))["error"]


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("2001:db8::127", False),
        ("", False),
    ],
)
def test_only_this_machine_controls(address: str, local: bool) -> None:
    assert is_loopback(address) is local
