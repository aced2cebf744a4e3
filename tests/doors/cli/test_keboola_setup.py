"""teckochecker keboola setup, and the program that it prints."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from teckochecker.domain.configuration import VARIABLES
from teckochecker.domain.values import OWN_VARIABLES
from teckochecker.entrypoints.consumer import consumer
from teckochecker.entrypoints.simulator import (
    BatchScript,
    default_component,
)
from tests.doors.cli.desk import Desk
from tests.doors.cli.shell import Done, Shell

STAND_IN = '''
"""What the program uses of Keboola's own package."""
import json, os, pathlib, types

class CommonInterface:
    def __init__(self):
        self.data = pathlib.Path(os.environ["KBC_DATADIR"])
        config = json.loads((self.data / "config.json").read_text())
        self.configuration = types.SimpleNamespace(parameters=config["parameters"])

    def get_state_file(self):
        file = self.data / "in" / "state.json"
        return json.loads(file.read_text()) if file.exists() else {}

    def write_state_file(self, state):
        (self.data / "out" / "state.json").write_text(json.dumps(state))
'''
SENT = {"trigger_id": "t-1", "batch_ids_completed": '["batch_1"]', "batch_ids_failed": "[]", "batches_json": "[]"}


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """With a configuration that is not linked yet."""
    desk.simulator.keboola.add_configuration(default_component, "77", name="Reviews")
    return desk


def command(desk: Desk, config: str = "77", component: str = default_component) -> tuple[str, ...]:
    """The command for a configuration."""
    target = ("--component-id", component, "--config-id", config)
    return ("keboola", "setup", "--secret", "keboola", "--stack", desk.simulator.keboola.stack_url, *target)


def body(desk: Desk) -> dict[str, Any]:
    """The configuration as it is stored."""
    found = desk.simulator.keboola.stack.find("901", default_component, "77")
    assert found is not None
    return found.configuration


async def test_the_change_is_shown_asked_for_and_made_once(desk: Desk) -> None:
    question = ("Make these changes in Keboola? [y/N]: ", "y\n")
    done = await asyncio.to_thread(
        lambda: Shell(desk.folder).on_terminal(*command(desk), answers=[question], **desk.simulator.environment)
    )
    assert done.code == 0
    assert "Make variables (its new ID):" in done.out
    assert '+      "trigger_id": "{{ trigger_id }}"' in done.out
    assert "✓ 'Reviews' receives the variables now" in done.out
    assert "from keboola.component import CommonInterface" in done.out
    before = json.dumps(body(desk))
    again = await desk.run(*command(desk))
    assert (again.code, again.out.splitlines()[0]) == (0, "✓ 'Reviews' receives them: nothing to do")
    assert json.dumps(body(desk)) == before


async def test_what_is_there_keeps_its_place(desk: Desk) -> None:
    placed = {"mine": "1", "trigger_id": "{{ trigger_id }}"}
    desk.simulator.keboola.add_configuration(
        default_component, "77", name="Reviews", configuration={"parameters": {"user_properties": placed}}
    )
    assert (await desk.run(*command(desk), "--yes")).code == 0
    assert list(body(desk)["parameters"]["user_properties"])[:3] == ["mine", "trigger_id", "job_id"]


async def test_without_a_yes_nothing_is_changed(desk: Desk) -> None:
    done = await desk.run(*command(desk))
    assert (done.code, done.err) == (1, "This has to be confirmed on a terminal; to skip the question add --yes\n")
    assert '+  "variables_id": "(its new ID)"' in done.out
    shown = await desk.run(*command(desk), "--json")
    assert (shown.code, shown.body["applied"], len(shown.body["changes"])) == (0, False, 3)
    assert body(desk) == {"parameters": {"user_properties": {}}}
    assert [(one["what"], one["before"]) for one in shown.body["changes"]] == [
        ("variables (its new ID)", None),
        ("stored values (its new ID)", None),
        ("configuration 77", body(desk)),
    ]
    assert shown.body["changes"][2]["after"]["variables_id"] == "(its new ID)"
    assert (shown.body["remarks"], shown.body["consumer"]) == ([], consumer())
    made = await desk.run(*command(desk), "--yes", "--json")
    assert (made.body["applied"], len(made.body["changes"])) == (True, 3)
    assert body(desk)["variables_id"]


async def test_a_run_then_receives_what_is_sent(desk: Desk) -> None:
    assert (await desk.run(*command(desk), "--yes")).code == 0
    desk.simulator.openai.add_batch("batch_1", BatchScript.stays())
    assert await desk.create(config="77") == Done(0, "✓ Polling job 'checked' created successfully (ID: 1)\n")


async def test_what_lacks_nothing_gets_no_new_version(desk: Desk) -> None:
    assert (await desk.run(*command(desk), "--yes")).code == 0
    stack = desk.simulator.keboola.stack
    main, variables = (
        stack.find("901", default_component, "77"),
        stack.find("901", VARIABLES, body(desk)["variables_id"]),
    )
    assert main
    assert variables
    before = main.version
    variables.configuration["variables"].pop()
    assert (await desk.run(*command(desk), "--yes")).code == 0
    assert (main.version, len(variables.configuration["variables"])) == (before, len(OWN_VARIABLES))


async def test_a_token_goes_to_no_stack_but_its_own(desk: Desk) -> None:
    desk.simulator.openai.add_batch("batch_1", BatchScript.stays())
    assert (await desk.create(config="77")).code == 0
    done = await desk.run("keboola", "configs", "--secret", "keboola", "--stack", "https://connection.keboola.com")
    own = desk.simulator.keboola.stack_url
    assert done == Done(1, "", f"Secret 'keboola' belongs to {own}, not to https://connection.keboola.com\n")


async def test_a_configuration_that_is_not_there_is_said(desk: Desk) -> None:
    done = await desk.run(*command(desk, "78"), "--yes")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Keboola answered 404: ")
    assert done.err.endswith("; list what there is: teckochecker keboola configs --secret keboola\n")


# The program


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of a component, and a stand-in for Keboola's package beside it."""
    for name in ("data/in", "data/out", "keboola"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "keboola" / "component.py").write_text(STAND_IN)
    return tmp_path / "data"


def perform(data: Path, parameters: Mapping[str, str]) -> tuple[int, str]:
    """One run of the program: its exit code, and what it said. What it leaves as state is there the next time."""
    (data / "config.json").write_text(json.dumps({"parameters": parameters}))
    environment = {"KBC_DATADIR": str(data), "PYTHONPATH": str(data.parent)}
    done = subprocess.run(
        [sys.executable, "-c", consumer()], env=environment, capture_output=True, text=True, timeout=30
    )
    left = data / "out" / "state.json"
    if left.exists():
        left.replace(data / "in" / "state.json")
    return done.returncode, done.stderr


def test_the_program_works_once_for_each_trigger(data: Path) -> None:
    (data / "in" / "state.json").write_text('{"mine": 1}')
    worked = (0, "WARNING:root:1 batches completed, 0 failed: ['batch_1']\n")
    assert perform(data, SENT) == worked
    skipped = perform(data, SENT)
    assert skipped == (0, "WARNING:root:trigger t-1 was worked on before, so there is nothing to do\n")
    assert perform(data, {**SENT, "trigger_id": "t-2"}) == worked
    assert json.loads((data / "in" / "state.json").read_text()) == {"mine": 1, "trigger_ids": ["t-1", "t-2"]}


def test_the_program_remembers_the_latest_triggers_alone(data: Path) -> None:
    known = [f"t{number}" for number in range(200)]
    (data / "in" / "state.json").write_text(json.dumps({"trigger_ids": known}))
    assert perform(data, SENT)[0] == 0
    assert json.loads((data / "in" / "state.json").read_text())["trigger_ids"] == [*known[1:], "t-1"]


def test_a_run_by_hand_works_each_time(data: Path) -> None:
    by_hand = {**SENT, "trigger_id": "by-hand"}
    assert perform(data, by_hand) == perform(data, by_hand)
    assert json.loads((data / "in" / "state.json").read_text()) == {"trigger_ids": []}


@pytest.mark.parametrize("parameters", [{}, {"trigger_id": "{{ trigger_id }}"}])
def test_a_configuration_that_is_not_linked_is_an_error_of_its_user(data: Path, parameters: dict[str, str]) -> None:
    code, said = perform(data, parameters)
    assert code == 1
    assert said.startswith("No variables are linked to this configuration")


def test_keboola_takes_nothing_in_the_program_for_a_variable() -> None:
    assert "{{" not in consumer()
