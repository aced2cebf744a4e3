from __future__ import annotations

from typing import Any

import pytest

from teckochecker.domain.configuration import Configuration, ConfigurationRow, Place
from teckochecker.domain.token import Token
from tests.builders import a_project, a_target


def a_configuration(body: Any = None, *rows: ConfigurationRow) -> Configuration:
    return Configuration(id="1", name="x", body=body or {}, rows=rows)


def a_row(*values: Any) -> ConfigurationRow:
    return ConfigurationRow(id="7", body={"values": list(values)})


def test_a_place_names_what_a_target_runs_and_what_lies_beside_it() -> None:
    place = Place.of(a_target(branch_id="12"))
    assert (place.component_id, place.configuration_id, place.branch_id) == (
        "kds-team.app-custom-python",
        "123456",
        "12",
    )
    assert place.beside("keboola.variables", "9") == Place(
        stack_url=place.stack_url, component_id="keboola.variables", configuration_id="9", branch_id="12"
    )


@pytest.mark.parametrize(
    ("body", "link"),
    [
        ({"variables_id": "9", "variables_values_id": 10}, ("9", "10")),
        ({}, (None, None)),
        ({"variables_id": "", "variables_values_id": True}, (None, None)),
        ({"variables_id": {"id": "9"}, "variables_values_id": None}, (None, None)),
    ],
)
def test_the_link_is_read_leniently(body: dict[str, Any], link: tuple[str | None, str | None]) -> None:
    stored = a_configuration(body)
    assert (stored.variables_id, stored.values_id) == link


def test_declared_names_come_in_their_order() -> None:
    entries = [{"name": "b", "type": "string"}, {"name": "a"}, {"type": "string"}, {"name": ""}, "odd"]
    assert a_configuration({"variables": entries}).declared == ("b", "a")
    assert a_configuration({"variables": {"name": "a"}}).declared == ()


def test_values_are_texts_as_keboola_casts_them_and_empty_ones_are_none() -> None:
    row = a_row(
        {"name": "text", "value": "dry"},
        {"name": "number", "value": 7},
        {"name": "yes", "value": True},
        {"name": "no", "value": False},
        {"name": "empty", "value": ""},
        {"name": "none"},
        {"value": "nameless"},
        {"name": "odd", "value": ["list"]},
    )
    assert a_configuration({}, row).values("7") == {"text": "dry", "number": "7", "yes": "1"}


def test_a_row_that_is_not_there_has_no_values() -> None:
    assert a_configuration({}, a_row({"name": "a", "value": "1"})).values("8") == {}
    assert a_configuration({}).values(None) == {}


def test_placeholders_are_found_wherever_they_stand() -> None:
    body = {"a": "{{ one }}", "b": ["x {{two}} {{  three-3  }}"], "{{ four }}": 1, "c": "{{ not.ours }} { five }"}
    assert a_configuration(body).placeholders == {"one", "two", "three-3", "four"}


def test_a_flow_names_each_configuration_that_it_runs_once() -> None:
    tasks = [
        {"task": {"componentId": "a", "configId": "1"}},
        {"task": {"type": "job", "componentId": "a", "configId": "1"}, "enabled": True},
        {"task": {"componentId": "b", "configId": 2}},
        {"task": {"componentId": "off", "configId": "3"}, "enabled": False},
        {"task": {"type": "notification"}},
        {"task": {"componentId": "half"}},
        {"task": {"configId": "4"}},
        {"task": "odd"},
        {},
    ]
    assert a_configuration({"tasks": tasks}).tasks == (("a", "1"), ("b", "2"))


@pytest.mark.parametrize(
    ("traits", "may"),
    [
        ({}, True),
        ({"components": frozenset({"kds-team.app-custom-python"})}, True),
        ({"components": frozenset({"another"})}, False),
        ({"role": "readOnly"}, False),
        ({"role": "admin"}, True),
    ],
)
def test_a_token_may_run_what_it_was_given(traits: dict[str, Any], may: bool) -> None:
    assert Token(project=a_project(), **traits).may_run("kds-team.app-custom-python") is may


@pytest.mark.parametrize(
    ("traits", "doubt"),
    [
        ({}, None),
        ({"features": frozenset({"other"})}, "the project does not use Keboola's job queue"),
        (
            {"features": frozenset({"queuev2", "protected-default-branch"})},
            "the project protects its main branch, where this token may not create jobs",
        ),
        ({"features": frozenset({"queuev2", "protected-default-branch"}), "creates_jobs": True}, None),
        ({"features": frozenset({"queuev2", "protected-default-branch"}), "role": "admin"}, None),
    ],
)
def test_a_token_says_what_may_keep_it_from_running(traits: dict[str, Any], doubt: str | None) -> None:
    assert Token(project=a_project(), **traits).doubtful == doubt
