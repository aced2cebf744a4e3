from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from email.utils import parsedate_to_datetime

import aiohttp
import pytest

from teckochecker.entrypoints.simulator import Fault, FaultKind, Simulator, default_key, default_token
from tests.simulator.driven import Door, start
from tests.waiting import until

quick = aiohttp.ClientTimeout(total=0.2)


async def raw(simulator: Simulator, path: str = "/v1/batches") -> bytes:
    """Everything the server sends on one connection until it closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.openai.server.port)
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {default_key}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_a_status_has_the_shape_of_the_service(simulator: Simulator, door: Door) -> None:
    simulator.openai.fault("status", status=429, retry_after=7)
    reply = await door.openai("/batches")
    assert (reply.status, reply.headers["Retry-After"]) == (429, "7")
    assert reply.json["error"]["code"] == "slow_down"


@pytest.mark.parametrize(("path", "code"), [("/queue/jobs/1", 500), ("/v2/storage/tokens/verify", "application.error")])
async def test_storage_and_queue_fail_in_their_own_shapes(
    simulator: Simulator, door: Door, path: str, code: object
) -> None:
    simulator.keboola.fault("status", status=500)
    reply = await door.keboola("GET", path)
    assert (reply.status, reply.json["code"], reply.json["status"]) == (500, code, "error")


@pytest.mark.parametrize(("body", "seen"), [({"a": 1}, {"a": 1}), ("plain", "plain")])
async def test_a_status_may_have_any_body(simulator: Simulator, door: Door, body: object, seen: object) -> None:
    simulator.openai.fault("status", status=503, body=body, headers={"x-should-retry": "false"})
    reply = await door.openai("/batches")
    assert (reply.status, reply.json, reply.headers["x-should-retry"]) == (503, seen, "false")


@pytest.mark.parametrize("absurd", ["soon", "-1", "99999999999999"])
async def test_retry_after_may_be_absurd(simulator: Simulator, door: Door, absurd: str) -> None:
    simulator.openai.fault("status", status=503, retry_after=absurd)
    assert (await door.openai("/batches")).headers["Retry-After"] == absurd


async def test_retry_after_may_be_a_date_of_the_clock(simulator: Simulator, door: Door) -> None:
    simulator.openai.fault("status", status=503, retry_after_date=90)
    found = parsedate_to_datetime((await door.openai("/batches")).headers["Retry-After"])
    assert found.timestamp() == start + 90


async def test_maintenance_says_when_it_ends(simulator: Simulator, door: Door) -> None:
    simulator.keboola.fault("maintenance")
    reply = await door.post()
    assert (reply.status, reply.json["status"], reply.headers["Retry-After"]) == (503, "maintenance", "60")
    assert simulator.keboola.runs == []


async def test_a_proxy_answers_html(simulator: Simulator, door: Door) -> None:
    simulator.openai.fault("html")
    reply = await door.openai("/batches")
    assert (reply.status, reply.headers["Content-Type"]) == (502, "text/html")
    assert "<html>" in reply.json


async def test_a_redirect_names_another_place(simulator: Simulator, door: Door) -> None:
    simulator.openai.fault("redirect", location="http://127.0.0.1:9/away", status=307)
    reply = await door.openai("/batches", allow_redirects=False)
    assert (reply.status, reply.headers["Location"]) == (307, "http://127.0.0.1:9/away")


async def test_a_reset_before_the_effect_creates_nothing(simulator: Simulator, door: Door) -> None:
    simulator.keboola.fault("reset", operation="create")
    with pytest.raises(aiohttp.ClientOSError, match="reset by peer"):
        await door.post()
    assert simulator.keboola.runs == []
    assert [(post.fault, post.run_id) for post in simulator.keboola.posts] == [("reset", None)]


async def test_a_reset_after_the_effect_creates_a_run_nobody_hears_of(simulator: Simulator, door: Door) -> None:
    simulator.keboola.fault("reset", operation="create", after_effect=True)
    with pytest.raises(aiohttp.ClientOSError, match="reset by peer"):
        await door.post()
    (run,) = simulator.keboola.runs
    assert [(post.fault, post.run_id) for post in simulator.keboola.posts] == [("reset", run.id)]


async def test_a_status_after_the_effect_hides_the_run(simulator: Simulator, door: Door) -> None:
    simulator.keboola.fault("status", status=504, operation="create", after_effect=True)
    assert (await door.post()).status == 504
    assert len(simulator.keboola.runs) == 1


async def test_a_connection_may_close_without_an_answer(simulator: Simulator, door: Door) -> None:
    simulator.openai.fault("close")
    assert await raw(simulator) == b""
    simulator.openai.fault("close", times=2)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await door.openai("/batches")


async def test_a_hanging_request_is_never_answered(simulator: Simulator, door: Door) -> None:
    simulator.openai.fault("hang")
    with pytest.raises(TimeoutError):
        await door.openai("/batches", timeout=quick)
    assert (await door.openai("/batches")).status == 200


async def test_a_malformed_body_is_announced_in_full(simulator: Simulator, door: Door) -> None:
    simulator.openai.add_batch("batch_a")
    simulator.openai.fault("malformed")
    head, _, body = (await raw(simulator, "/v1/batches/batch_a")).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


async def test_a_truncated_body_ends_before_its_length(simulator: Simulator, door: Door) -> None:
    simulator.openai.add_batch("batch_a")
    simulator.openai.fault("truncated", times=2)
    with pytest.raises(aiohttp.ClientPayloadError):
        await door.openai("/batches/batch_a")
    head, _, body = (await raw(simulator, "/v1/batches/batch_a")).partition(b"\r\n\r\n")
    length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
    assert 0 < len(body) < length


async def test_a_truncated_answer_has_had_its_effect(simulator: Simulator, door: Door) -> None:
    simulator.keboola.fault("truncated", operation="create")
    with pytest.raises(aiohttp.ClientPayloadError):
        await door.post()
    assert len(simulator.keboola.runs) == 1


async def test_json_may_be_called_text(simulator: Simulator, door: Door) -> None:
    simulator.openai.fault("content_type")
    reply = await door.openai("/batches")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert json.loads(reply.json)["object"] == "list"


async def test_a_body_may_drip(simulator: Simulator, door: Door) -> None:
    simulator.openai.fault("drip", interval=0.001)
    began = time.monotonic()
    reply = await door.openai("/batches")
    assert reply.json["object"] == "list"
    assert time.monotonic() - began > 0.05
    simulator.openai.fault("drip", interval=0.05)
    with pytest.raises(TimeoutError):
        await door.openai("/batches", timeout=quick)


async def test_a_body_may_be_huge(simulator: Simulator) -> None:
    simulator.openai.fault("huge", size=3_000_000)
    _, _, body = (await raw(simulator)).partition(b"\r\n\r\n")
    assert len(json.loads(body)["padding"]) == 3_000_000


async def test_a_huge_body_stops_when_nobody_reads_it(simulator: Simulator, door: Door) -> None:
    simulator.openai.fault("huge", size=2**40)
    url = simulator.openai.base_url + "/batches"
    async with door.http.get(url, headers={"Authorization": f"Bearer {default_key}"}) as reply:
        assert reply.content_length is not None
        assert reply.content_length > 2**40
        await reply.content.readexactly(1000)
    assert (await door.openai("/batches")).status == 200


async def test_a_delay_before_the_effect_holds_the_effect_back(simulator: Simulator, door: Door) -> None:
    simulator.keboola.fault("pass", operation="create", delay_before=0.4)
    with pytest.raises(TimeoutError):
        await door.keboola("POST", "/queue/jobs", json={}, timeout=quick)
    assert (simulator.keboola.posts[0].run_id, simulator.keboola.posts[0].refused) == (None, None)


async def test_a_caller_who_gives_up_early_starts_a_run_all_the_same(simulator: Simulator, door: Door) -> None:
    simulator.keboola.fault("pass", operation="create", delay_before=0.3)
    request = asyncio.ensure_future(door.post())
    await until(lambda: simulator.keboola.posts)
    request.cancel()
    assert simulator.keboola.runs == []
    await until(lambda: simulator.keboola.runs)
    assert simulator.keboola.posts[0].run_id == simulator.keboola.runs[0].id


async def test_a_delay_after_the_effect_holds_the_answer_back(simulator: Simulator, door: Door) -> None:
    simulator.keboola.fault("pass", operation="create", delay_after=30)
    request = asyncio.ensure_future(door.post())
    await until(lambda: simulator.keboola.runs)
    assert not request.done()
    request.cancel()


async def test_a_delayed_answer_is_the_real_one(simulator: Simulator, door: Door) -> None:
    simulator.keboola.fault("pass", operation="create", delay_before=0.01, delay_after=0.01)
    assert (await door.post()).status == 201
    simulator.keboola.fault("pass", times=None, delay_after=30)
    simulator.keboola.clear_faults()
    assert (await door.post()).status == 201


async def test_a_fault_plays_as_often_as_it_is_told(simulator: Simulator, door: Door) -> None:
    simulator.openai.fault("status", times=2)
    assert [(await door.openai("/batches")).status for _ in range(3)] == [500, 500, 200]
    simulator.openai.fault("status", times=None)
    assert [(await door.openai("/batches")).status for _ in range(3)] == [500, 500, 500]
    simulator.openai.clear_faults()
    assert (await door.openai("/batches")).status == 200


async def test_a_fault_is_for_the_requests_it_names(simulator: Simulator, door: Door) -> None:
    other = simulator.openai.add_key("sk-other")
    simulator.openai.add_batch("batch_a")
    simulator.openai.add_batch("batch_b")
    simulator.openai.fault("status", status=501, operation="list", credential=other, times=None)
    simulator.openai.fault("status", status=502, path="/v1/batches/*_b", method="get", times=None)
    statuses = [
        (await door.openai("/batches")).status,
        (await door.openai("/batches", other)).status,
        (await door.openai("/batches/batch_a")).status,
        (await door.openai("/batches/batch_b")).status,
    ]
    assert statuses == [200, 501, 200, 502]


async def test_the_first_rule_that_fits_plays(simulator: Simulator, door: Door) -> None:
    simulator.openai.fault("status", status=501)
    simulator.openai.fault("status", status=502)
    assert [(await door.openai("/batches")).status for _ in range(3)] == [501, 502, 200]


async def test_chance_is_repeatable(simulator: Simulator, door: Door) -> None:
    async def twenty() -> list[int]:
        simulator.openai.clear_faults()
        simulator.openai.fault("status", times=None, probability=0.5, seed=3)
        return [(await door.openai("/batches")).status for _ in range(20)]

    first, second = await twenty(), await twenty()
    assert first == second
    assert set(Counter(first)) == {200, 500}


async def test_every_operation_of_keboola_can_be_met(simulator: Simulator, door: Door) -> None:
    run_id = (await door.post()).json["id"]
    configs = "/v2/storage/branch/default/components/kds-team.app-custom-python/configs"
    requests = {
        "create": ("POST", "/queue/jobs"),
        "get": ("GET", f"/queue/jobs/{run_id}"),
        "jobs": ("GET", "/queue/jobs"),
        "search": ("GET", "/queue/search/jobs"),
        "kill": ("POST", f"/queue/jobs/{run_id}/kill"),
        "index": ("GET", "/v2/storage"),
        "verify": ("GET", "/v2/storage/tokens/verify"),
        "component": ("GET", "/v2/storage/components/keboola.flow"),
        "components": ("GET", "/v2/storage/branch/default/components"),
        "configs": ("GET", configs),
        "config": ("GET", f"{configs}/123456"),
        "rows": ("GET", f"{configs}/123456/rows"),
        "row": ("GET", f"{configs}/123456/rows/1"),
        "create_config": ("POST", configs),
        "update_config": ("PUT", f"{configs}/123456"),
        "delete_config": ("DELETE", f"{configs}/123456"),
        "create_row": ("POST", f"{configs}/123456/rows"),
        "update_row": ("PUT", f"{configs}/123456/rows/1"),
    }
    for operation, (method, path) in requests.items():
        simulator.keboola.fault("status", status=599, operation=operation)
        assert (await door.keboola(method, path)).status == 599, operation
    assert simulator.keboola.requests(credential=default_token) == len(requests) + 1


async def test_a_post_whose_body_never_came_starts_nothing(simulator: Simulator) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", simulator.keboola.server.port)
    writer.write(
        b"POST /queue/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n"
        b"X-StorageApi-Token: " + default_token.encode() + b"\r\n\r\n"
    )
    await writer.drain()
    await until(lambda: simulator.keboola.server.in_flight)
    writer.close()
    await until(lambda: simulator.keboola.posts)
    assert simulator.keboola.posts[0].complete is False
    assert simulator.keboola.runs == []


async def test_a_caller_may_ask_first_whether_to_send_the_body(simulator: Simulator, door: Door) -> None:
    reply = await door.keboola("POST", "/queue/jobs", json={}, expect100=True)
    assert reply.status == 400
    assert simulator.keboola.posts[0].body == {}


@pytest.mark.parametrize(
    "conditions",
    [{"kind": "sneeze"}, {"kind": "status", "times": 0}, {"kind": "status", "probability": 2}],
)
def test_a_rule_that_makes_no_sense_is_refused(conditions: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"sneeze|times|probability"):
        Fault(**conditions)  # type: ignore[arg-type]


def test_spoilt_answers_have_had_their_effect() -> None:
    acting = {kind for kind in FaultKind if Fault(kind=kind).acts}
    assert acting == {"pass", "malformed", "truncated", "content_type", "drip", "huge"}
