"""How a configuration comes to receive the variables: which row is taken, and what a person has to see to."""

from __future__ import annotations

from typing import Any

import pytest

from teckochecker.domain.configuration import Configuration, ConfigurationRow, Place
from teckochecker.domain.receiving import PYTHON, ROW_NAME, Reception
from teckochecker.domain.values import OWN_VARIABLES, StackUrl


def receiving(body: dict[str, Any], *rows: ConfigurationRow, component: str = PYTHON) -> Reception:
    place = Place(stack_url=StackUrl("https://connection.keboola.com"), component_id=component, configuration_id="1")
    declared = [{"name": name, "type": "string"} for name in ("trigger_id", "tone")]
    variables = Configuration(id="9", name="variables", body={"variables": declared}, rows=rows)
    return Reception(place=place, main=Configuration(id="1", name="Reviews", body=body), variables=variables)


def row(id: str, name: str = "", *values: Any) -> ConfigurationRow:
    return ConfigurationRow(id=id, name=name, body={"values": list(values)})


def test_the_row_that_is_linked_is_taken_and_else_the_one_that_was_made_and_not_linked() -> None:
    rows = (row("10"), row("11", ROW_NAME), row("12"))
    assert [receiving(body, *rows).row for body in ({"variables_values_id": "12"}, {})] == [rows[2], rows[1]]
    assert receiving({}, row("10")).row is None


def test_stored_values_that_are_no_objects_stay_as_they_are() -> None:
    [values] = [body["values"] for body in receiving({}, row("10", "", "odd", {"name": "tone"})).values.values()]
    assert values[:2] == ["odd", {"name": "tone"}]
    assert {one["name"] for one in values[2:]} == OWN_VARIABLES


@pytest.mark.parametrize(
    ("body", "remarks"),
    [
        ({"parameters": {"user_properties": {"trigger_id": "{{ trigger_id }}"}}}, []),
        ({"parameters": {"user_properties": {"x": "{{ tone }}"}}}, []),
        ({"parameters": {"user_properties": {"job_id": "7"}}}, ["The user property 'job_id' holds something of yours"]),
        ({"parameters": {"code": "print('{{ zone }}')"}}, ["The configuration holds {{ in other places"]),
        ({"parameters": {"code": "{{% raw %}}"}}, ["The configuration holds {{ in other places"]),
    ],
)
def test_a_person_is_told_what_to_see_to_and_nothing_else(body: dict[str, Any], remarks: list[str]) -> None:
    told = receiving(body).remarks
    assert len(told) == len(remarks)
    assert all(said.startswith(remark) for said, remark in zip(told, remarks, strict=True))


def test_other_components_and_flows_are_told_where_placeholders_belong() -> None:
    [shape] = receiving({}, component="keboola.python-transformation-v2").remarks
    assert shape.endswith("within quotes, such as {{ trigger_id }}")
    tasks = [{"task": {"componentId": PYTHON, "configId": "5"}}]
    [flow] = receiving({"tasks": tasks}, component="keboola.flow").remarks
    assert flow.endswith(f"; --component-id {PYTHON} --config-id 5")
