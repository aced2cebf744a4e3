from __future__ import annotations

from typing import Any

import pytest

from teckochecker.entrypoints.simulator import Simulator, default_token, default_variables
from tests.simulator.driven import Door

storage = "/v2/storage"
custom = f"{storage}/branch/default/components/kds-team.app-custom-python/configs"
variables = f"{storage}/branch/default/components/keboola.variables/configs"


async def test_the_index_names_the_queue_without_a_token(simulator: Simulator, door: Door) -> None:
    reply = await door.keboola("GET", f"{storage}?exclude=components", token=None)
    assert reply.status == 200
    assert reply.json["services"] == [{"id": "queue", "url": f"{simulator.keboola.stack_url}/queue"}]
    assert "components" not in reply.json


async def test_the_index_lists_the_components_unless_told_not_to(door: Door) -> None:
    listed = (await door.keboola("GET", storage, token=None)).json["components"]
    assert "keboola.flow" in [component["id"] for component in listed]


async def test_a_token_is_verified_and_echoed(door: Door) -> None:
    token = (await door.keboola("GET", f"{storage}/tokens/verify")).json
    assert (token["id"], token["token"]) == ("1", default_token)
    assert (token["owner"]["id"], token["owner"]["name"]) == (901, "Simulated project")
    assert (token["isExpired"], token["isDisabled"], token["isMasterToken"]) == (False, False, True)
    assert "componentAccess" not in token


async def test_a_limited_token_names_its_components_and_no_admin(simulator: Simulator, door: Door) -> None:
    limited = simulator.keboola.add_token(
        is_master=False, can_manage_buckets=False, component_access=["keboola.flow"], project_id="902"
    )
    token = (await door.keboola("GET", f"{storage}/tokens/verify", limited.value)).json
    assert (token["componentAccess"], token["owner"]["id"]) == (["keboola.flow"], 902)
    assert "admin" not in token


@pytest.mark.parametrize("token", [None, "", "901-9-wrong"])
async def test_an_unknown_token_is_refused(door: Door, token: str | None) -> None:
    reply = await door.keboola("GET", f"{storage}/tokens/verify", token)
    assert (reply.status, reply.json["code"], reply.json["status"]) == (401, "storage.tokenInvalid", "error")
    assert reply.json["exceptionId"]


@pytest.mark.parametrize(
    ("traits", "code"),
    [({"is_expired": True}, "storage.tokenExpired"), ({"is_disabled": True}, "storage.tokenInvalid")],
)
async def test_a_token_that_has_ended_is_refused(
    simulator: Simulator, door: Door, traits: dict[str, Any], code: str
) -> None:
    token = simulator.keboola.add_token(**traits)
    reply = await door.keboola("GET", f"{storage}/tokens/verify", token.value)
    assert (reply.status, reply.json["code"]) == (401, code)


@pytest.mark.parametrize("branch", ["/branch/default", "/branch/6", ""])
async def test_a_configuration_is_found_with_and_without_a_branch(door: Door, branch: str) -> None:
    path = f"{storage}{branch}/components/kds-team.app-custom-python/configs/123456"
    found = (await door.keboola("GET", path)).json
    assert (found["id"], found["isDisabled"], found["state"]) == ("123456", False, [])
    properties = found["configuration"]["parameters"]["user_properties"]
    assert properties["trigger_id"] == "{{ trigger_id }}"


async def test_a_dev_branch_is_known_once_it_was_made(simulator: Simulator, door: Door) -> None:
    path = f"{storage}/branch/77/components/kds-team.app-custom-python/configs/123456"
    assert (await door.keboola("GET", path)).status == 404
    simulator.keboola.stack.dev_branches.add("77")
    assert (await door.keboola("GET", path)).status == 200


async def test_the_default_configuration_declares_our_variables(door: Door) -> None:
    linked = (await door.keboola("GET", f"{custom}/123456")).json["configuration"]["variables_id"]
    declared = (await door.keboola("GET", f"{variables}/{linked}")).json["configuration"]["variables"]
    assert [each["name"] for each in declared] == list(default_variables)


async def test_stored_default_values_are_a_row(simulator: Simulator, door: Door) -> None:
    made = simulator.keboola.add_configuration("x.y", variables=["a"], defaults={"a": "1"})
    link = made.configuration
    row = f"{variables}/{link['variables_id']}/rows/{link['variables_values_id']}"
    assert (await door.keboola("GET", row)).json["configuration"]["values"] == [{"name": "a", "value": "1"}]


async def test_configurations_are_listed(simulator: Simulator, door: Door) -> None:
    simulator.keboola.add_configuration("keboola.flow", "55")
    path = f"{storage}/branch/default/components/keboola.flow/configs?isDeleted=false"
    assert [each["id"] for each in (await door.keboola("GET", path)).json] == ["55"]


async def test_components_in_use_are_listed_with_their_configurations(simulator: Simulator, door: Door) -> None:
    simulator.keboola.add_configuration("keboola.flow", "55", configuration={"phases": []})
    path = f"{storage}/branch/default/components?include=configuration&componentType=other"
    listed = (await door.keboola("GET", path)).json
    assert [component["id"] for component in listed] == ["keboola.flow", "keboola.variables"]
    assert listed[0]["configurations"][0]["configuration"] == {"phases": []}


async def test_a_component_is_shown_without_a_token(door: Door) -> None:
    reply = await door.keboola("GET", f"{storage}/components/keboola.flow", token=None)
    assert (reply.status, reply.json["name"]) == (200, "Flow")
    assert (await door.keboola("GET", f"{storage}/components/no.such", token=None)).status == 404


async def test_another_project_sees_no_configuration_of_ours(simulator: Simulator, door: Door) -> None:
    stranger = simulator.keboola.add_token(project_id="902")
    assert (await door.keboola("GET", f"{custom}/123456", stranger.value)).status == 404


async def test_a_token_for_one_component_reads_that_one_only(simulator: Simulator, door: Door) -> None:
    token = simulator.keboola.add_token(
        is_master=False, can_manage_buckets=False, component_access=["kds-team.app-custom-python"]
    ).value
    assert (await door.keboola("GET", f"{custom}/123456", token)).status == 200
    refused = await door.keboola("GET", variables, token)
    assert (refused.status, refused.json["code"]) == (403, "accessDenied")


async def test_a_configuration_is_made_changed_and_deleted(door: Door) -> None:
    made = await door.keboola("POST", variables, json={"name": "ours", "configuration": {"variables": []}})
    assert (made.status, made.json["version"]) == (201, 1)
    path = f"{variables}/{made.json['id']}"
    body = {"configuration": {"variables": [{"name": "a", "type": "string"}]}, "changeDescription": "why"}
    changed = (await door.keboola("PUT", path, json=body)).json
    assert (changed["version"], changed["changeDescription"]) == (2, "why")
    assert (await door.keboola("GET", path)).json["configuration"] == body["configuration"]
    assert (await door.keboola("DELETE", path)).status == 204
    assert (await door.keboola("GET", path)).status == 404
    deleted = (await door.keboola("GET", f"{variables}?isDeleted=true")).json
    assert [each["id"] for each in deleted] == [made.json["id"]]


async def test_a_row_is_made_and_changed(door: Door) -> None:
    made = await door.keboola("POST", variables, json={"name": "ours"})
    rows = f"{variables}/{made.json['id']}/rows"
    row = await door.keboola("POST", rows, json={"name": "default", "configuration": {"values": []}})
    assert row.status == 201
    new = {"values": [{"name": "a", "value": "1"}]}
    await door.keboola("PUT", f"{rows}/{row.json['id']}", json={"configuration": new})
    assert [each["configuration"] for each in (await door.keboola("GET", rows)).json] == [new]


@pytest.mark.parametrize(
    "body", [{"json": {"name": ""}}, {"json": []}, {"data": b"no json"}, {"json": {"name": "a", "configuration": 5}}]
)
async def test_a_configuration_that_makes_no_sense_is_refused(door: Door, body: dict[str, Any]) -> None:
    assert (await door.keboola("POST", variables, **body)).status == 400


@pytest.mark.parametrize(
    ("given", "stored"), [('{"a": 1}', {"a": 1}), ([], []), ({}, [])], ids=["text", "php", "empty"]
)
async def test_a_configuration_may_come_as_text_or_empty(door: Door, given: Any, stored: Any) -> None:
    made = await door.keboola("POST", variables, json={"name": "ours", "configuration": given})
    assert (made.status, made.json["configuration"]) == (201, stored)


async def test_a_configuration_of_text_that_is_no_json_is_refused(door: Door) -> None:
    body = {"name": "ours", "configuration": "{no"}
    assert (await door.keboola("POST", variables, json=body)).status == 400


async def test_an_unknown_row_is_not_found(door: Door) -> None:
    assert (await door.keboola("GET", f"{custom}/123456/rows/5")).status == 404


async def test_an_id_that_is_taken_is_refused(door: Door) -> None:
    body = {"name": "again", "configurationId": "123456"}
    reply = await door.keboola("POST", custom, json=body)
    assert (reply.status, reply.json["code"]) == (400, "configurationAlreadyExists")


async def test_an_unknown_address_is_refused(door: Door) -> None:
    assert (await door.keboola("GET", f"{storage}/buckets")).status == 404
    assert (await door.keboola("PATCH", f"{custom}/123456")).status == 404
