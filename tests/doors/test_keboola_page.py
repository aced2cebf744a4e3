"""docs/keboola.md: its commands work, its JSON is what they make, and its program is the one that is shown."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from teckochecker.domain.configuration import VARIABLES
from teckochecker.entrypoints.consumer import consumer
from teckochecker.entrypoints.simulator import Simulator, default_component, default_token
from tests.doors.cli.shell import Done, Shell
from tests.doors.pages import DOCS, commands

PAGE = DOCS / "keboola.md"
STACK = "https://connection.eu-central-1.keboola.com"
EMPTY: dict[str, Any] = {"parameters": {"user_properties": {}}}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A folder with a token that the stand-in takes."""
    shell = Shell(tmp_path)
    assert shell.run("init", "--create-env").code == 0
    added = shell.run("secret", "add", "--name", "keboola-prod", "--type", "keboola", stdin=f"{default_token}\n")
    assert added.code == 0
    return shell


async def follow(shell: Shell, simulator: Simulator, *more: str) -> list[Done]:
    """Each command of the page, on the stand-in's stack."""
    done = []
    for line in commands(PAGE):
        words = [word.replace(STACK, simulator.keboola.stack_url) for word in line[1:]]
        extra = more if words[1] == "setup" else ()
        done.append(await asyncio.to_thread(shell.run, *words, *extra, **simulator.environment))
    return done


def bodies() -> tuple[Any, Any, str]:
    """The page's JSON: what is declared, the stored values, and the configuration before its IDs are known."""
    declared, values, main = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return json.loads(declared), json.loads(values), main


async def test_its_commands_make_what_it_says_is_to_be_made_by_hand(shell: Shell) -> None:
    declared, values, main = bodies()
    async with Simulator.open() as simulator:
        stack = simulator.keboola.stack
        simulator.keboola.add_configuration(default_component, "123456", configuration=dict(EMPTY))
        assert [done.code for done in await follow(shell, simulator, "--yes")] == [0, 0]
        made = stack.find("901", default_component, "123456")
        assert made is not None
        linked = stack.find("901", VARIABLES, made.configuration["variables_id"])
        assert linked is not None
        row = linked.rows[made.configuration["variables_values_id"]]
    assert linked.configuration == declared
    assert row.configuration == values
    assert made.configuration == json.loads(main.replace("VARIABLES", linked.id).replace("VALUES", row.id))


def test_its_program_is_the_one_that_the_command_prints() -> None:
    (shown,) = re.findall(r"```py\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown == consumer()
