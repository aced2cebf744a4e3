"""What job create, edit and check say of services that answer, refuse, or are not there."""

from __future__ import annotations

import asyncio
import json
import socket
import time

from teckochecker.domain.configuration import VARIABLES
from teckochecker.entrypoints.simulator import (
    BatchScript,
    default_component,
    default_configuration,
)
from tests.doors.cli.desk import Desk
from tests.doors.cli.shell import Done, Shell


async def test_where_all_is_well_nothing_is_said(desk: Desk) -> None:
    desk.simulator.openai.add_batch("batch_1", BatchScript.stays())
    done = await desk.create()
    assert done == Done(0, "✓ Polling job 'checked' created successfully (ID: 1)\n")
    checked = (await desk.run("job", "check", "1")).out
    assert "✓ fine" in checked
    assert "opens project 'Simulated project' (901)" in checked
    assert checked.endswith("✓ Everything is in order\n")


async def test_warnings_are_told_beside_the_answer_and_stay_with_the_job(desk: Desk) -> None:
    done = await desk.create()
    assert done.out == "✓ Polling job 'checked' created successfully (ID: 1)\n"
    assert done.err.startswith("! Batch batch_1: OpenAI does not find it with this key (yet)")
    shown = (await desk.run("job", "show", "1")).out
    assert "│ ! warning │ Batch batch_1 │ OpenAI does not find it" in shown
    body = (await desk.run("job", "show", "1", "--json")).body
    assert [one["level"] for one in body["checked"]["findings"] if one["about"] == "Batch batch_1"] == ["warning"]


async def test_an_error_refuses_the_job_with_all_that_was_found(desk: Desk) -> None:
    done = await desk.create("--json", config="404")
    problem = json.loads(done.err)
    assert (done.code, done.out, problem["status"]) == (1, "", 409)
    assert problem["type"] == "urn:teckochecker:problem:check-failed"
    assert "there is no configuration 404 of kds-team.app-custom-python" in problem["detail"]
    assert {"error", "warning", "fine"} == {one["level"] for one in problem["findings"]}
    assert (await desk.run("job", "list", "--json")).body["total"] == 0
    assert (await desk.create("--no-check", config="404")).code == 0


async def test_an_edit_is_checked_too(desk: Desk) -> None:
    await desk.create("--no-check")
    warned = await desk.run("job", "edit", "1", "--batch-id", "batch_2")
    assert warned.out == "✓ Job 'checked' has been changed\n"
    assert warned.err.startswith("! Batch batch_2: OpenAI does not find it with this key (yet)")
    refused = await desk.run("job", "edit", "1", "--config-id", "404")
    assert (refused.code, refused.out) == (1, "")
    assert "there is no configuration 404" in refused.err
    assert (await desk.run("job", "edit", "1", "--config-id", "404", "--no-check")).code == 0
    checked = await desk.run("job", "check", "1")
    assert checked.code == 1
    assert checked.out.endswith("1 of these would make the job fail; the lines say what helps\n")


async def test_definitions_are_checked_too_and_all_their_faults_told_at_once(desk: Desk) -> None:
    desk.simulator.openai.add_batch("batch_1", BatchScript.stays())
    good, unsure = {"name": "good"}, {"name": "unsure", "batch_ids": ["batch_2"]}
    refused = await desk.apply(good, {"name": "gone", "keboola_configuration_id": "404"}, {"name": "odd", "nmae": 1})
    assert (refused.code, refused.out) == (1, "")
    odd, gone = refused.err.splitlines()
    assert odd == "job 3 'odd': there is no field `nmae`"
    assert gone.startswith("job 2 'gone': Configuration: there is no configuration 404 of ")
    assert (await desk.run("job", "list", "--json")).body["total"] == 0
    done = await desk.apply(good, unsure)
    assert done.out == "good: created (ID: 1)\nunsure: created (ID: 2)\n"
    assert done.err.startswith("unsure: ! Batch batch_2: OpenAI does not find it with this key (yet)")
    assert (await desk.apply(good, unsure)) == Done(0, "good: unchanged (ID: 1)\nunsure: unchanged (ID: 2)\n")


async def test_a_configuration_without_variables_is_told_with_its_cure(desk: Desk) -> None:
    desk.simulator.keboola.add_configuration(default_component, "77")
    done = await desk.create(config="77")
    assert done.code == 0
    assert "! Variables: the configuration is not linked to variables" in done.err
    assert "teckochecker keboola setup --secret keboola --stack" in done.err


async def test_what_a_token_sees_is_listed_to_choose_from(desk: Desk) -> None:
    desk.simulator.keboola.add_configuration("keboola.flow", "5", name="Downstream")
    named = ("--secret", "keboola", "--json")
    unbound = await desk.run("keboola", "configs", *named)
    assert json.loads(unbound.err)["detail"] == "Secret 'keboola' is bound to no stack yet; name it with --stack"
    stack = ("--stack", desk.simulator.keboola.stack_url)
    flows = (await desk.run("keboola", "flows", *named, *stack)).body
    assert flows == {"flows": [{"component_id": "keboola.flow", "configuration_id": "5", "name": "Downstream"}]}
    configs = (await desk.run("keboola", "configs", "--component-id", default_component, *named, *stack)).body
    assert [one["configuration_id"] for one in configs["configurations"]] == [default_configuration]
    every = (await desk.run("keboola", "configs", *named, *stack)).body["configurations"]
    assert {one["component_id"] for one in every} == {default_component, "keboola.flow", VARIABLES}
    components = (await desk.run("keboola", "components", *named, *stack)).body["components"]
    assert {"id": "keboola.flow", "name": "Flow", "type": "other", "count": 1} in components
    shown = (await desk.run("keboola", "components", *named[:2], *stack)).out
    for line in (" Components ", "│ Component ID ", "│ Name ", "│ Type ", "│ Configurations │", "│ keboola.flow "):
        assert line in shown
    shown = (await desk.run("keboola", "flows", *named[:2], *stack)).out
    assert "│ Component ID │ Configuration ID │ Name       │" in shown
    assert "│ keboola.flow │ 5                │ Downstream │" in shown
    none = await desk.run("keboola", "configs", "--component-id", "keboola.none", *named[:2], *stack)
    assert none == Done(0, "This token sees none\n")


async def test_only_a_keboola_secret_opens_keboola(desk: Desk) -> None:
    for name in ("openai", "nobody"):
        done = await desk.run("keboola", "configs", "--secret", name, "--stack", desk.simulator.keboola.stack_url)
        assert done == Done(1, "", f"There is no Keboola secret '{name}'; list them with: teckochecker secret list\n")


async def test_a_secret_that_is_bound_needs_no_stack(desk: Desk) -> None:
    assert (await desk.create()).code == 0
    assert (await desk.run("keboola", "configs", "--secret", "keboola")).code == 0
    stack = ("--stack", desk.simulator.keboola.stack_url)
    assert (await desk.run("keboola", "configs", "--secret", "keboola", *stack)).code == 0


async def test_services_that_hang_are_given_up_within_five_seconds(desk: Desk) -> None:
    desk.simulator.openai.fault("hang", times=None)
    desk.simulator.keboola.fault("hang", times=None)
    began = time.monotonic()
    done = await desk.create("--json")
    spent = time.monotonic() - began
    assert done.code == 0
    assert {one["level"] for one in done.body["checked"]["findings"]} == {"could-not-check"}
    assert spent < 10  # of which the check has less than five: the rest is a busy machine's start of a process


async def test_services_that_are_not_there_are_given_up_at_once(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        stack = f"http://127.0.0.1:{door.getsockname()[1]}"
    target = ("--openai-secret", "openai-prod", "--keboola-secret", "keboola-prod", "--keboola-stack", stack)
    aim = ("--component-id", default_component, "--config-id", default_configuration)
    environment = {"KEBOOLA_ALLOWED_STACKS": json.dumps([stack]), "OPENAI_BASE_URL": f"{stack}/v1"}
    argv = ("job", "create", "--name", "x", "--batch-id", "batch_1", *target, *aim)
    done = await asyncio.to_thread(lambda: shell.run(*argv, **environment))
    assert done.code == 0
    assert "? Keboola token: could not be checked: 127.0.0.1" in done.err
    assert "? Batch batch_1: could not be checked: 127.0.0.1" in done.err
    assert "901-1-0123456789abcdef" not in done.err + done.out
