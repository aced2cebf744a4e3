"""doctor --live: what the services tell of each secret, and what is no fault of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from teckochecker.entrypoints.simulator import Simulator, default_component, default_token
from tests.doors.cli.shell import Done, Shell
from tests.doors.cli.test_run import with_job


@pytest.fixture
async def shell(tmp_path: Any) -> Shell:
    """A folder without any secret."""
    shell = Shell(tmp_path)
    assert (await asyncio.to_thread(shell.run, "init", "--create-env")).code == 0
    return shell


async def live(shell: Shell, environment: dict[str, str]) -> tuple[Done, dict[str, tuple[str, str]]]:
    """What the doctor says: of each thing its state and its sentence."""
    done = await asyncio.to_thread(shell.run, "doctor", "--live", "--json", **environment)
    return done, {check["name"]: (check["state"], check["detail"]) for check in done.body["checks"]}


async def test_it_changes_nothing_and_tells_no_value(shell: Shell) -> None:
    async with Simulator.open() as simulator:
        environment = await with_job(shell, simulator, "batch_1")
        simulator.keboola.server.requests.clear()
        done, found = await live(shell, environment)
        asked = {operation for operation, _ in simulator.keboola.server.requests}
    assert done.code == 0
    assert asked == {"verify", "index", "search", "components", "config"}
    assert found["Secret 'keboola', search lag"][0] == "note"
    assert "TRIGGER_SEARCH_GRACE" in found["Secret 'keboola', search lag"][1]
    assert default_token not in done.out + done.err


async def test_a_token_of_one_component_is_tried_on_what_it_may_read(shell: Shell) -> None:
    async with Simulator.open() as simulator:
        environment = await with_job(shell, simulator, "batch_1")
        token = simulator.keboola.stack.tokens[default_token]
        token.is_master = token.can_manage_buckets = False
        token.component_access = [default_component]
        done, found = await live(shell, environment)
    assert done.code == 0
    assert found["Secret 'keboola'"][1].endswith(f"components: {default_component}")
    assert found["Secret 'keboola', configurations"][0] == "ok"
    assert found["Secret 'keboola', variables"] == (
        "note",
        "it may not read keboola.variables, so that is not checked before a job is kept",
    )


async def test_a_token_that_was_revoked_is_at_fault_with_its_cure(shell: Shell) -> None:
    async with Simulator.open() as simulator:
        environment = await with_job(shell, simulator, "batch_1")
        simulator.keboola.remove_token(default_token)
        done, found = await live(shell, environment)
    state, says = found["Secret 'keboola'"]
    assert (done.code, state) == (1, "fault")
    assert says.endswith("teckochecker secret replace keboola")


async def test_services_that_are_not_there_are_no_fault(shell: Shell) -> None:
    async with Simulator.open() as simulator:
        environment = await with_job(shell, simulator, "batch_1")
    done, found = await live(shell, environment)
    assert done.code == 0
    for kind in ("openai", "keboola"):
        state, says = found[f"Secret '{kind}'"]
        assert state == "note"
        assert says.startswith("could not be checked: ")
