"""A configuration is made to receive the variables: what is there stays, and a second time nothing is done."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from teckochecker.adapters.clock import ManualClock
from teckochecker.application.errors import CredentialRejected, EditedMeanwhile
from teckochecker.application.receiving import Receiving
from teckochecker.domain.configuration import VARIABLES, Configuration, Place
from teckochecker.domain.receiving import PYTHON, Reception
from teckochecker.domain.values import OWN_VARIABLES
from tests.contracts.configuration_services import SERVICES, TOKEN, ConfigurationService

PROPERTIES = {"tone": "dry", "job_name": "mine", "#key": "KBC::sealed"}
MINE = {"parameters": {"venv": "3.13", "user_properties": PROPERTIES}, "storage": {"input": {}}}


@pytest.fixture(params=SERVICES, ids=lambda service: service.__name__)
async def service(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncGenerator[ConfigurationService]:
    async with request.param(clock) as opened:
        yield opened


def place(service: ConfigurationService, component_id: str = PYTHON, configuration_id: str = "77") -> Place:
    """Where a configuration is."""
    return Place(stack_url=service.stack_url, component_id=component_id, configuration_id=configuration_id)


async def plan(service: ConfigurationService, component_id: str = PYTHON) -> Reception:
    """What would change."""
    return await Receiving(configurations=service.gateway).plan(place(service, component_id), TOKEN)


async def apply(service: ConfigurationService, made: Reception) -> tuple[Configuration, Configuration]:
    """The configuration and its variables after the change."""
    await Receiving(configurations=service.gateway).apply(made, TOKEN)
    main = await service.gateway.read(made.place, TOKEN)
    assert main.variables_id is not None
    variables = place(service, VARIABLES, main.variables_id)
    return main, await service.gateway.read(variables, TOKEN)


async def stored(service: ConfigurationService, values: Mapping[str, str]) -> str:
    """A configuration of variables with one row of these values, which 77 is linked to; gives the row's id."""
    service.has(VARIABLES, "9", {"variables": [{"name": name, "type": "string"} for name in values], "note": "mine"})
    body = {"values": [{"name": name, "value": value} for name, value in values.items()]}
    row = await service.gateway.add_row(place(service, VARIABLES, "9"), "mine", body, TOKEN)
    service.has(PYTHON, "77", {**MINE, "variables_id": "9", "variables_values_id": row.id})
    return row.id


async def test_variables_defaults_link_and_placeholders_are_made(service: ConfigurationService) -> None:
    service.has(PYTHON, "77", MINE)
    made = await plan(service)
    assert [(change.what, change.before is None) for change in made.changes] == [
        ("variables (its new ID)", True),
        ("stored values (its new ID)", True),
        ("configuration 77", False),
    ]
    assert made.variables_name == f"TeckoChecker: {PYTHON} 77"
    assert {"name": "trigger_id", "type": "string"} in made.declaration["variables"]
    main, variables = await apply(service, made)
    properties: Any = main.body["parameters"]["user_properties"]
    assert set(variables.declared) == OWN_VARIABLES
    assert variables.values(main.values_id).keys() == OWN_VARIABLES
    assert properties["trigger_id"] == "{{ trigger_id }}"
    assert {name: properties[name] for name in PROPERTIES} == PROPERTIES
    assert (main.body["parameters"]["venv"], main.body["storage"]) == ("3.13", MINE["storage"])
    assert any("'job_name' holds something of yours" in remark for remark in made.remarks)


async def test_a_second_time_there_is_nothing_to_do(service: ConfigurationService) -> None:
    service.has(PYTHON, "77", MINE)
    first = await apply(service, await plan(service))
    again = await plan(service)
    assert again.changes == ()
    assert await apply(service, again) == first


async def test_other_variables_and_their_values_stay(service: ConfigurationService) -> None:
    row = await stored(service, {"region": "eu", "trigger_id": "", "job_id": "12"})
    main, variables = await apply(service, await plan(service))
    assert (main.variables_id, main.values_id, len(variables.rows)) == ("9", row, 1)
    assert variables.declared[0] == "region"
    assert sorted(variables.declared) == sorted({*OWN_VARIABLES, "region"})
    values = variables.values(row)
    assert (values["region"], values["job_id"], values["trigger_id"]) == ("eu", "12", "by-hand")
    assert variables.body["note"] == "mine"
    assert len(variables.rows[0].body["values"]) == len(values)


async def test_only_what_lacks_is_written(service: ConfigurationService) -> None:
    service.has(PYTHON, "77", MINE)
    main, variables = await apply(service, await plan(service))
    declared = [{"name": name, "type": "string"} for name in variables.declared if name != "job_name"]
    await service.gateway.write(place(service, VARIABLES, variables.id), {"variables": declared}, TOKEN, why="mine")
    made = await plan(service)
    assert [change.what for change in made.changes] == [f"variables {variables.id}"]
    again, variables = await apply(service, made)
    assert again == main
    assert set(variables.declared) == OWN_VARIABLES


async def test_every_row_gets_a_value_because_others_may_take_it(service: ConfigurationService) -> None:
    mine = await stored(service, {"region": "eu"})
    odd = {"values": "odd", "note": "mine"}
    other = await service.gateway.add_row(place(service, VARIABLES, "9"), "other", odd, TOKEN)
    made = await plan(service)
    assert {f"stored values {row}" for row in (mine, other.id)} <= {change.what for change in made.changes}
    _, variables = await apply(service, made)
    assert variables.values(other.id).keys() == OWN_VARIABLES
    assert {row.id: row.body.get("note") for row in variables.rows}[other.id] == "mine"


async def test_what_an_earlier_attempt_made_is_taken_up(service: ConfigurationService) -> None:
    service.has(PYTHON, "77", MINE)
    made = await plan(service)
    left = await service.gateway.create(place(service, VARIABLES, "new"), made.variables_name, made.declaration, TOKEN)
    half = await plan(service)
    assert [change.before is None for change in half.changes] == [True, False]
    row = await service.gateway.add_row(
        place(service, VARIABLES, left.id), "TeckoChecker defaults", half.new_row, TOKEN
    )
    main, _ = await apply(service, await plan(service))
    assert (main.variables_id, main.values_id) == (left.id, row.id)


async def test_a_link_to_deleted_variables_is_made_anew(service: ConfigurationService) -> None:
    service.has_not(VARIABLES, "404")
    service.has(PYTHON, "77", {**MINE, "variables_id": "404"})
    main, variables = await apply(service, await plan(service))
    assert main.variables_id == variables.id != "404"


async def test_variables_that_may_not_be_read_end_it(service: ConfigurationService) -> None:
    await stored(service, {"region": "eu"})
    service.hides(VARIABLES)
    with pytest.raises(CredentialRejected):
        await plan(service)


async def test_a_change_by_somebody_else_ends_it_before_anything_is_done(service: ConfigurationService) -> None:
    service.has(PYTHON, "77", MINE)
    made = await plan(service)
    await service.gateway.write(made.place, {"parameters": {}}, TOKEN, why="mine")
    with pytest.raises(EditedMeanwhile, match="was changed in Keboola meanwhile; look at the changes anew"):
        await apply(service, made)
    assert (await service.gateway.read(made.place, TOKEN)).body == {"parameters": {}}


async def test_empty_parameters_written_as_a_list_are_an_object(service: ConfigurationService) -> None:
    service.has(PYTHON, "77", {"parameters": []})
    main, _ = await apply(service, await plan(service))
    assert main.body["parameters"]["user_properties"].keys() == OWN_VARIABLES


async def test_a_flow_is_linked_and_its_tasks_are_named(service: ConfigurationService) -> None:
    task = {"task": {"componentId": PYTHON, "configId": "12"}}
    service.has("keboola.flow", "77", {"tasks": [task]})
    made = await plan(service, "keboola.flow")
    main, _ = await apply(service, made)
    assert main.body.keys() == {"tasks", "variables_id", "variables_values_id"}
    assert made.remarks[0].endswith(f"--component-id {PYTHON} --config-id 12")


async def test_another_component_is_linked_and_told_where_placeholders_go(service: ConfigurationService) -> None:
    service.has("keboola.python-transformation-v2", "77", {"parameters": {"blocks": []}})
    made = await plan(service, "keboola.python-transformation-v2")
    main, _ = await apply(service, made)
    assert main.body["parameters"] == {"blocks": []}
    assert made.remarks[0].endswith("within quotes, such as {{ trigger_id }}")


@pytest.mark.parametrize("code", ["print('{{ greeting }}')", "print(f'{{x}, 1}')"])
async def test_braces_in_program_text_are_told(service: ConfigurationService, code: str) -> None:
    service.has(PYTHON, "77", {"parameters": {"code": code}})
    assert "holds {{ in other places" in (await plan(service)).remarks[-1]
