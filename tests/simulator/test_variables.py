from __future__ import annotations

from teckochecker.entrypoints.simulator import Simulator
from tests.simulator.driven import Door, DrivenClock, values


async def outcome(door: Door, clock: DrivenClock, run_id: str) -> tuple[str, str | None]:
    clock.pass_(100)
    job = await door.job(run_id)
    return job["status"], job["result"]["message"]


def give(**given: str) -> dict[str, object]:
    return {"values": [{"name": name, "value": value} for name, value in given.items()]}


async def test_the_component_sees_the_values_as_text(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    odd = '["a", "b"] \\ \n ž'
    await door.post(variableValuesData=values(batch_ids_completed=odd))
    clock.pass_(100)
    seen = simulator.keboola.runs[0].configuration
    assert seen is not None
    assert seen["parameters"]["user_properties"]["batch_ids_completed"] == odd


async def test_a_declared_variable_without_a_value_fails_the_run(
    simulator: Simulator, door: Door, clock: DrivenClock
) -> None:
    reply = await door.post(variableValuesData=give(trigger_id="T"))
    assert reply.status == 201
    status, message = await outcome(door, clock, reply.json["id"])
    assert status == "error"
    assert message == 'No value provided for variable "batch_ids_completed".'
    assert simulator.keboola.runs[0].begun


async def test_a_variable_that_is_not_declared_does_no_harm(door: Door, clock: DrivenClock) -> None:
    reply = await door.post(variableValuesData=values(extra="x"))
    assert (await outcome(door, clock, reply.json["id"]))[0] == "success"


async def test_without_linked_variables_nothing_is_replaced(
    simulator: Simulator, door: Door, clock: DrivenClock
) -> None:
    simulator.keboola.add_configuration("x.y", "7", configuration={"parameters": {"id": "{{ trigger_id }}"}})
    reply = await door.post(component="x.y", config="7")
    assert (await outcome(door, clock, reply.json["id"]))[0] == "success"
    assert simulator.keboola.runs[0].configuration == {"parameters": {"id": "{{ trigger_id }}"}}


async def test_a_placeholder_without_a_value_fails_the_run(
    simulator: Simulator, door: Door, clock: DrivenClock
) -> None:
    body = {"parameters": {"other": "{{ other }}"}}
    simulator.keboola.add_configuration("x.y", "7", variables=["a"], configuration=body)
    reply = await door.post(component="x.y", config="7", variableValuesData=give(a="1"))
    assert await outcome(door, clock, reply.json["id"]) == (
        "error",
        'Missing values for placeholders: "other"',
    )


async def test_stored_values_are_used_when_none_are_given(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.keboola.add_configuration("x.y", "7", variables=["a"], defaults={"a": "stored"})
    reply = await door.post(component="x.y", config="7", variableValuesData=None)
    assert (await outcome(door, clock, reply.json["id"]))[0] == "success"
    seen = simulator.keboola.runs[0].configuration
    assert seen is not None
    assert seen["parameters"]["user_properties"] == {"a": "stored"}


async def test_given_values_replace_the_stored_ones_and_do_not_join_them(
    simulator: Simulator, door: Door, clock: DrivenClock
) -> None:
    simulator.keboola.add_configuration("x.y", "7", variables=["a", "b"], defaults={"a": "1", "b": "2"})
    reply = await door.post(component="x.y", config="7", variableValuesData=give(a="mine"))
    assert await outcome(door, clock, reply.json["id"]) == (
        "error",
        'No value provided for variable "b".',
    )


async def test_a_stored_row_may_be_named(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    made = simulator.keboola.add_configuration("x.y", "7", variables=["a"], defaults={"a": "stored"})
    row = made.configuration.pop("variables_values_id")
    named = await door.post(component="x.y", config="7", variableValuesData=None, variableValuesId=row)
    wrong = await door.post(component="x.y", config="7", variableValuesData=None, variableValuesId="5")
    assert (await outcome(door, clock, named.json["id"]))[0] == "success"
    assert await outcome(door, clock, wrong.json["id"]) == ("error", 'Variable values "5" not found.')


async def test_a_link_to_nowhere_fails_the_run(simulator: Simulator, door: Door, clock: DrivenClock) -> None:
    simulator.keboola.add_configuration("x.y", "7", configuration={"variables_id": "5"})
    reply = await door.post(component="x.y", config="7")
    assert await outcome(door, clock, reply.json["id"]) == (
        "error",
        'Variable configuration "5" not found.',
    )


async def test_a_configuration_in_the_request_takes_the_place_of_the_stored_one(
    simulator: Simulator, door: Door, clock: DrivenClock
) -> None:
    reply = await door.post(configData={"parameters": {"mine": True}})
    assert (await outcome(door, clock, reply.json["id"]))[0] == "success"
    assert simulator.keboola.runs[0].configuration == {"parameters": {"mine": True}}
