from __future__ import annotations

from typing import Any

import pytest

from teckochecker.entrypoints.simulator import RunScript, Simulator, default_token
from tests.simulator.driven import Door, DrivenClock, order, values


async def test_a_created_run_is_a_full_job(simulator: Simulator, door: Door) -> None:
    reply = await door.post()
    job = reply.json
    assert reply.status == 201
    assert job == {
        "id": job["id"],
        "runId": job["id"],
        "parentRunId": "",
        "project": {"id": "901", "name": "Simulated project"},
        "token": {"id": "1", "description": "simulated trigger"},
        "status": "created",
        "desiredStatus": "processing",
        "mode": "run",
        "component": "kds-team.app-custom-python",
        "config": "123456",
        "configData": [],
        "configRowIds": [],
        "tag": "1.2.3",
        "createdTime": "2026-03-26T04:40:00+00:00",
        "startTime": None,
        "endTime": None,
        "delayedStartTime": None,
        "durationSeconds": 0,
        "result": [],
        "usageData": [],
        "isFinished": False,
        "url": f"{simulator.keboola.queue_url}/jobs/{job['id']}",
        "branchId": "6",
        "variableValuesId": None,
        "variableValuesData": values(),
        "backend": [],
        "executor": "dind",
        "metrics": [],
        "behavior": {"onError": None},
        "parallelism": None,
        "type": "standard",
        "orchestrationJobId": None,
        "orchestrationTaskId": None,
        "onlyOrchestrationTaskIds": None,
        "previousJobId": None,
    }


async def test_ids_are_rising_numbers_as_text(door: Door) -> None:
    first, second = (await door.post()).json["id"], (await door.post()).json["id"]
    assert isinstance(first, str)
    assert int(second) > int(first)


async def test_a_run_may_have_a_parent(door: Door) -> None:
    job = (await door.keboola("POST", "/queue/jobs", json=order(), headers={"X-KBC-RunId": "55"})).json
    assert (job["parentRunId"], job["runId"]) == ("55", f"55.{job['id']}")


async def test_a_run_goes_its_way_and_ends_with_a_message(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.keboola.run_script = RunScript(1, 1, 3, "warning", "Two rows were odd.")
    run_id = (await door.post()).json["id"]
    seen = []
    for _ in range(6):
        seen.append((await door.job(run_id))["status"])
        clock.pass_(1)
    assert seen == ["created", "waiting", "processing", "processing", "processing", "warning"]
    job = await door.job(run_id)
    assert (job["isFinished"], job["durationSeconds"]) == (True, 3)
    assert job["result"]["message"] == "Two rows were odd."
    assert (job["startTime"], job["endTime"]) == ("2026-03-26T04:40:02+00:00", "2026-03-26T04:40:05+00:00")


async def test_a_run_that_fails_says_whose_fault_it_was(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.keboola.run_script = RunScript(0, 0, 1, "error", "No such table.")
    run_id = (await door.post()).json["id"]
    clock.pass_(2)
    result = (await door.job(run_id))["result"]
    assert (result["message"], result["error"]["type"]) == ("No such table.", "user")


async def test_a_configuration_may_have_its_own_script(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.keboola.add_configuration("x.y", "7", script=RunScript(0, 0, 0, "error"))
    run_id = (await door.post(component="x.y", config="7")).json["id"]
    clock.pass_(1)
    assert (await door.job(run_id))["status"] == "error"


async def test_a_run_of_a_flow_is_an_orchestration(simulator: Simulator, door: Door) -> None:
    simulator.keboola.add_configuration("keboola.flow", "55")
    job = (await door.post(component="keboola.flow", config="55")).json
    assert job["type"] == "orchestrationContainer"


async def test_an_unknown_run_is_not_found(simulator: Simulator, door: Door) -> None:
    stranger = simulator.keboola.add_token(project_id="902")
    run_id = (await door.post()).json["id"]
    assert (await door.keboola("GET", "/queue/jobs/999999999")).status == 404
    reply = await door.keboola("GET", f"/queue/jobs/{run_id}", stranger.value)
    assert (reply.status, reply.json["error"]) == (404, f'Job "{run_id}" not found')


async def test_runs_of_one_configuration_go_one_after_the_other(
    simulator: Simulator, door: Door, clock: DrivenClock
) -> None:
    simulator.keboola.run_script = RunScript(0, 0, 10)
    first, second = (await door.post()).json["id"], (await door.post()).json["id"]
    assert [(await door.job(each))["status"] for each in (first, second)] == ["processing", "waiting"]
    clock.pass_(10)
    assert [(await door.job(each))["status"] for each in (first, second)] == ["success", "processing"]
    clock.pass_(10)
    begun = [run.begun_at for run in simulator.keboola.runs]
    ended = [run.ended_at for run in simulator.keboola.runs]
    assert begun[1] == ended[0]


async def test_runs_of_two_configurations_go_side_by_side(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.keboola.run_script = RunScript(0, 0, 10)
    simulator.keboola.add_configuration("x.y", "7")
    first, second = (await door.post()).json["id"], (await door.post(component="x.y", config="7")).json["id"]
    clock.pass_(1)
    assert [(await door.job(each))["status"] for each in (first, second)] == ["processing", "processing"]


async def test_a_delayed_run_does_not_begin_before_its_time(
    simulator: Simulator, door: Door, clock: DrivenClock
) -> None:
    simulator.keboola.run_script = RunScript(0, 0, 10)
    job = (await door.post(delay=360)).json
    assert job["delayedStartTime"] == "2026-03-26T04:46:00+00:00"
    clock.pass_(359)
    assert (await door.job(job["id"]))["status"] == "created"
    assert not simulator.keboola.runs[0].begun
    clock.pass_(1)
    assert (await door.job(job["id"]))["status"] == "processing"


async def test_a_start_time_may_be_named(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.keboola.run_script = RunScript(0, 0, 10)
    run_id = (await door.post(delayedStartTime="2026-03-26T04:41:00Z")).json["id"]
    clock.pass_(59)
    assert (await door.job(run_id))["status"] == "created"
    clock.pass_(1)
    assert (await door.job(run_id))["status"] == "processing"


async def test_a_delayed_run_holds_no_lock(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.keboola.run_script = RunScript(0, 0, 10)
    await door.post(delay=360)
    second = (await door.post()).json["id"]
    clock.pass_(1)
    assert (await door.job(second))["status"] == "processing"


async def test_a_delayed_run_that_is_killed_never_begins(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    run_id = (await door.post(delay=360)).json["id"]
    reply = await door.kill(run_id)
    assert (reply.status, reply.json["desiredStatus"], reply.json["status"]) == (202, "terminating", "created")
    clock.pass_(1000)
    job = await door.job(run_id)
    assert (job["status"], job["isFinished"], job["startTime"]) == ("cancelled", True, None)
    run = simulator.keboola.runs[0]
    assert (run.killed, run.begun, run.finished) == (True, False, True)


async def test_a_running_run_that_is_killed_is_terminated(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.keboola.run_script = RunScript(0, 0, 10)
    run_id = (await door.post()).json["id"]
    clock.pass_(1)
    assert (await door.kill(run_id)).json["status"] == "terminating"
    clock.pass_(1)
    assert (await door.job(run_id))["status"] == "terminated"


async def test_a_kill_lets_the_next_run_begin(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.keboola.run_script = RunScript(0, 0, 100)
    first, second = (await door.post()).json["id"], (await door.post()).json["id"]
    clock.pass_(1)
    await door.kill(first)
    clock.pass_(1)
    assert (await door.job(second))["status"] == "processing"


async def test_a_waiting_run_that_is_killed_is_cancelled(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.keboola.run_script = RunScript(0, 0, 10)
    await door.post()
    second = (await door.post()).json["id"]
    clock.pass_(1)
    await door.kill(second)
    clock.pass_(100)
    assert (await door.job(second))["status"] == "cancelled"
    assert [run.begun for run in simulator.keboola.runs] == [True, False]


async def test_a_run_may_end_before_its_kill_takes_effect(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.keboola.run_script = RunScript(0, 0, 2)
    simulator.keboola.queue.kill_takes = 5
    run_id = (await door.post()).json["id"]
    clock.pass_(1)
    await door.kill(run_id)
    clock.pass_(10)
    assert (await door.job(run_id))["status"] == "success"


async def test_a_finished_run_cannot_be_killed(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    run_id = (await door.post()).json["id"]
    clock.pass_(100)
    assert (await door.kill(run_id)).status == 400
    simulator.keboola.queue.kill_of_finished_answers_500 = True
    odd = await door.kill(run_id)
    assert (odd.status, odd.json["code"]) == (500, 404)


async def test_the_old_list_is_gone(door: Door) -> None:
    assert (await door.keboola("GET", "/queue/jobs")).status == 410


async def test_an_unknown_address_of_the_queue_is_refused(door: Door) -> None:
    reply = await door.keboola("GET", "/queue/stats/project")
    assert (reply.status, reply.json["code"]) == (404, 404)


async def test_every_post_is_kept_with_its_outcome(simulator: Simulator, door: Door) -> None:
    created = (await door.post()).json["id"]
    await door.post("901-9-wrong")
    await door.post(config="nowhere")
    posts = simulator.keboola.posts
    assert [(post.token, post.run_id, post.refused) for post in posts] == [
        (default_token, created, None),
        ("901-9-wrong", None, 401),
        (default_token, None, 400),
    ]
    assert posts[0].body == order()


async def test_runs_are_found_by_what_they_were_given(simulator: Simulator, door: Door) -> None:
    created = (await door.post(variableValuesData=values(trigger_id="T"))).json["id"]
    await door.post()
    assert [run.id for run in simulator.keboola.runs_with(trigger_id="T")] == [created]


def _entry(value: Any, name: Any = "trigger_id") -> dict[str, Any]:
    return {"variableValuesData": {"values": [{"name": name, "value": value}]}}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"component": None}, '"component"'),
        ({"component": "no.such"}, "Component"),
        ({"component": "keboola.variables"}, "not runnable"),
        ({"component": 5}, "job.component"),
        ({"config": "nowhere"}, 'Configuration "nowhere" not found'),
        ({"config": None}, "At least one"),
        ({"mode": "walk"}, "job.mode"),
        ({"surprise": 1}, '"surprise"'),
        ({"branchId": "77"}, "Branch"),
        ({"configRowIds": ["77"]}, "Row"),
        ({"configRowIds": "77"}, "configRowIds"),
        ({"configData": "x"}, "configData"),
        ({"parallelism": "1"}, "parallelism"),
        ({"delay": -1}, "delay"),
        ({"delay": "5"}, "delay"),
        ({"delay": 5, "delayedStartTime": "2026-03-26T05:00:00Z"}, "together"),
        ({"delayedStartTime": "soon"}, "delayedStartTime"),
        ({"variableValuesId": "5"}, "but not both"),
        (_entry(""), "empty value"),
        (_entry(None), "empty value"),
        (_entry("x", ""), "empty value"),
        (_entry(["x"]), "scalar"),
        ({"variableValuesData": {"values": "x"}}, "values"),
        ({"variableValuesData": {"values": ["x"]}}, "values.0"),
    ],
)
async def test_a_body_that_is_wrong_is_refused(door: Door, changes: dict[str, Any], sentence: str) -> None:
    reply = await door.post(**changes)
    assert (reply.status, reply.json["code"], reply.json["status"]) == (400, 400, "error")
    assert sentence in reply.json["error"]
    assert reply.json["exceptionId"]


@pytest.mark.parametrize("body", [b"", b"no json", b"[]"])
async def test_a_body_that_is_no_object_is_refused(door: Door, body: bytes) -> None:
    assert (await door.keboola("POST", "/queue/jobs", data=body)).status == 400


@pytest.mark.parametrize(("value", "text"), [("0", "0"), ("[]", "[]"), (" ", " "), (5, "5"), (True, "1")])
async def test_values_that_are_not_empty_become_text(door: Door, value: Any, text: str) -> None:
    job = (await door.post(**_entry(value))).json
    assert job["variableValuesData"]["values"] == [{"name": "trigger_id", "value": text}]


async def test_a_disabled_configuration_runs_by_force_only(simulator: Simulator, door: Door) -> None:
    simulator.keboola.add_configuration("x.y", "7", is_disabled=True)
    refused = await door.post(component="x.y", config="7")
    assert (refused.status, refused.json["error"]) == (400, 'Configuration "7" of component "x.y" is disabled.')
    assert (await door.post(component="x.y", config="7", mode="forceRun")).status == 201


@pytest.mark.parametrize(
    ("traits", "status"),
    [
        ({"component_access": ["keboola.flow"]}, 403),
        ({"component_access": ["kds-team.app-custom-python"]}, 201),
        ({"role": "readOnly"}, 403),
        ({"features": []}, 403),
        ({"is_disabled": True}, 401),
        ({"is_expired": True}, 401),
        ({"project_id": "902"}, 400),
    ],
)
async def test_a_token_may_run_what_it_has_access_to(
    simulator: Simulator, door: Door, traits: dict[str, Any], status: int
) -> None:
    token = simulator.keboola.add_token(**traits)
    assert (await door.post(token.value)).status == status


async def test_a_removed_token_is_let_in_no_more(simulator: Simulator, door: Door) -> None:
    simulator.keboola.remove_token(default_token)
    assert (await door.post()).status == 401
