from __future__ import annotations

import pytest
from yarl import URL

from teckochecker.entrypoints.simulator import RunScript, Simulator, default_token
from teckochecker.entrypoints.simulator.project import Row
from tests.simulator.driven import Door, DrivenClock, order


async def test_the_index_is_behind_by_the_lag(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.keboola.search_lag = 5
    run_id = (await door.post()).json["id"]
    assert (await door.job(run_id))["status"] == "created"
    clock.pass_(4.9)
    assert await door.found() == []
    clock.pass_(0.1)
    assert await door.found() == [run_id]


async def test_changes_of_a_run_are_behind_too(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.keboola.run_script = RunScript(0, 0, 10)
    simulator.keboola.search_lag = 5
    run_id = (await door.post()).json["id"]
    clock.pass_(12)
    assert (await door.job(run_id))["status"] == "success"
    assert await door.found("status[]=processing") == [run_id]
    assert await door.found("status[]=success") == []
    listed = (await door.keboola("GET", "/queue/search/jobs")).json[0]
    assert (listed["endTime"], listed["isFinished"], listed["result"]) == (None, False, [])
    clock.pass_(3)
    assert await door.found("status[]=success") == [run_id]


async def test_runs_can_be_sorted_by_their_last_change(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.keboola.run_script = RunScript(100, 0, 10)
    first = (await door.post()).json["id"]
    clock.pass_(1)
    second = (await door.post()).json["id"]
    assert await door.found("sortBy=updatedTime") == [second, first]
    clock.pass_(1)
    await door.keboola("POST", f"/queue/jobs/{first}/kill")
    clock.pass_(5)
    assert await door.found("sortBy=updatedTime") == [first, second]


async def test_found_jobs_are_whole(door: Door) -> None:
    run_id = (await door.post()).json["id"]
    listed = (await door.keboola("GET", "/queue/search/jobs")).json
    assert listed == [await door.job(run_id)]


async def test_jobs_are_found_by_component_and_configuration(simulator: Simulator, door: Door) -> None:
    simulator.keboola.add_configuration("x.y", "7")
    ours = (await door.post()).json["id"]
    theirs = (await door.post(component="x.y", config="7")).json["id"]
    assert await door.found("componentId[]=x.y&configId[]=7") == [theirs]
    assert await door.found("componentId=x.y") == [theirs]
    assert await door.found("component[]=x.y&component[]=kds-team.app-custom-python") == [theirs, ours]
    assert await door.found("config[0]=123456") == [ours]


async def test_jobs_are_found_by_id_token_and_parent(simulator: Simulator, door: Door) -> None:
    other = simulator.keboola.add_token(description="by hand")
    first = (await door.post()).json["id"]
    second = (await door.post(other.value)).json["id"]
    third = (await door.keboola("POST", "/queue/jobs", json=order(), headers={"X-KBC-RunId": "5"})).json["id"]
    assert await door.found(f"id[]={first}&id[]={third}") == [third, first]
    assert await door.found(f"tokenId[]={other.id}") == [second]
    assert await door.found("tokenDescription[]=by+hand") == [second]
    assert await door.found("parentRunId[]=5") == [third]


async def test_jobs_are_found_by_their_rows(simulator: Simulator, door: Door) -> None:
    rows = simulator.keboola.configuration("kds-team.app-custom-python", "123456").rows
    rows |= {"r1": Row("r1", "r1", {}, 0), "r2": Row("r2", "r2", {}, 0)}
    one = (await door.post(configRowIds=["r1"])).json["id"]
    both = (await door.post(configRowIds=["r1", "r2"])).json["id"]
    await door.post()
    assert await door.found("configRowIds[]=r1") == [both, one]
    assert await door.found("configRowIds[]=r2") == [both]


async def test_jobs_are_found_by_the_type_of_their_component(simulator: Simulator, door: Door) -> None:
    simulator.keboola.add_configuration("keboola.flow", "7")
    flow = (await door.post(component="keboola.flow", config="7")).json["id"]
    ours = (await door.post()).json["id"]
    assert await door.found("componentProps[type]=application") == [ours]
    assert await door.found("componentProps[type]=other") == [flow]
    assert await door.found("componentProps[type]=other&componentProps[type]=application") == [ours, flow]
    assert (await door.keboola("GET", "/queue/search/jobs?componentProps[name]=x")).status == 400


async def test_the_main_branch_is_found_as_null(simulator: Simulator, door: Door) -> None:
    simulator.keboola.stack.dev_branches.add("77")
    main = (await door.post()).json["id"]
    dev = (await door.post(branchId="77")).json["id"]
    assert await door.found("branchId[]=null") == [main]
    assert await door.found("branchId[]=77") == [dev]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("createdTimeFrom=2026-03-26T04:40:01%2B00:00", [False, True]),
        ("createdTimeFrom=2026-03-26T04:40:00Z", [True, True]),
        ("createdTimeTo=2026-03-26T04:40:00%2B00:00", [True, False]),
        ("createdTimeFrom=2026-03-26T05:40:05%2B01:00", [False, True]),
        ("createdTimeFrom=-15+seconds", [False, True]),
        ("createdTimeFrom=-8+hours", [True, True]),
        ("createdTimeFrom=now", [False, False]),
        ("endTimeFrom=-8+hours", [True, False]),
        ("durationSecondsFrom=2", [True, False]),
    ],
)
async def test_jobs_are_found_by_time(door: Door, clock: DrivenClock, query: str, expected: list[bool]) -> None:
    first = (await door.post()).json["id"]
    clock.pass_(10)
    second = (await door.post(delay=3600)).json["id"]
    clock.pass_(10)
    found = await door.found(query)
    assert [each in found for each in (first, second)] == expected


async def test_the_newest_come_first_and_pages_follow(door: Door) -> None:
    ids = [(await door.post()).json["id"] for _ in range(5)]
    assert await door.found() == ids[::-1]
    assert await door.found("limit=2") == [ids[4], ids[3]]
    assert await door.found("limit=2&offset=4") == [ids[0]]
    assert await door.found("sortBy=id&sortOrder=asc&limit=2") == ids[:2]
    assert await door.found("sortBy=createdTime&sortOrder=asc") == ids
    assert await door.found("sortBy=status&sortOrder=asc") == ids


@pytest.mark.parametrize(
    "query",
    [
        "createdTimeFrom=2026-03-26T04:40:00+00:00",
        "createdTimeFrom=whenever",
        "limit=0",
        "limit=x",
        "offset=-1",
        "sortBy=colour",
        "sortOrder=up",
        "durationSecondsFrom=long",
        "componentIds[]=x",
    ],
)
async def test_a_search_that_makes_no_sense_is_refused(door: Door, query: str) -> None:
    # encoded=True keeps the plus sign as it is, which a server reads as a blank.
    url = URL(f"{door.simulator.keboola.queue_url}/search/jobs?{query}", encoded=True)
    async with door.http.get(url, headers={"X-StorageApi-Token": default_token}) as reply:
        assert reply.status == 400


async def test_another_project_finds_nothing_of_ours(simulator: Simulator, door: Door) -> None:
    stranger = simulator.keboola.add_token(project_id="902")
    await door.post()
    assert (await door.keboola("GET", "/queue/search/jobs", stranger.value)).json == []
