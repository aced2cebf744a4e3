"""teckochecker job apply and export: jobs as files."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests.doors.cli.desk import Call
from tests.doors.cli.page import PAGE
from tests.doors.cli.shell import Done, Shell

JOB = """\
[[jobs]]
key = "nightly"
name = "Nightly reviews"
batch_ids = ["batch_abc123", "batch_def456"]
openai_secret = "openai-prod"
keboola_secret = "keboola-prod"
keboola_stack_url = "https://connection.eu-central-1.keboola.com"
keboola_component_id = "kds-team.app-custom-python"
keboola_configuration_id = "123456"
poll_interval_seconds = 300
row_ids = ["7"]
variables = { colour = "red", "it's" = "no" }
"""
GOOD = JOB.replace(', "it\'s" = "no"', "")


def apply(call: Call, folder: Path, text: str, *more: str, name: str = "jobs.toml") -> Done:
    (folder / name).write_text(text, encoding="utf-8")
    return call("job", "apply", "-f", name, "--no-check", *more)


def total(call: Call) -> int:
    count: int = call("job", "list", "--json").body["total"]
    return count


def test_a_file_is_applied_once(call: Call, shell: Shell) -> None:
    assert apply(call, shell.folder, GOOD, "--dry-run") == Done(0, "nightly: would be created\n")
    assert total(call) == 0
    assert apply(call, shell.folder, GOOD) == Done(0, "nightly: created (ID: 1)\n")
    assert apply(call, shell.folder, GOOD) == Done(0, "nightly: unchanged (ID: 1)\n")
    slower = GOOD.replace("300", "600")
    assert apply(call, shell.folder, slower, "--dry-run") == Done(0, "nightly: would be edited: interval (ID: 1)\n")
    assert apply(call, shell.folder, slower) == Done(0, "nightly: edited: interval (ID: 1)\n")
    told = apply(call, shell.folder, slower, "--json").body
    assert told == {
        "jobs": [{"key": "nightly", "job_id": 1, "made": "unchanged", "changed": [], "checked": None}],
        "dry_run": False,
    }


@pytest.mark.parametrize(("as_json", "name"), [((), "again.toml"), (("--json",), "again.json")])
def test_what_is_exported_can_be_applied(call: Call, shell: Shell, as_json: tuple[str, ...], name: str) -> None:
    apply(call, shell.folder, GOOD)
    exported = call("job", "export", *as_json).out
    assert apply(call, shell.folder, exported, name=name) == Done(0, "nightly: unchanged (ID: 1)\n")
    call("job", "delete", "1", "--force")
    assert apply(call, shell.folder, exported, name=name) == Done(0, "nightly: created (ID: 2)\n")
    assert call("job", "export", "2", *as_json).out == exported


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_what_is_exported_can_be_applied_from_standard_input(shell: Shell, as_json: tuple[str, ...]) -> None:
    (shell.folder / "jobs.toml").write_text(GOOD)
    shell.run("job", "apply", "-f", "jobs.toml", "--no-check")
    exported = shell.run("job", "export", *as_json).out
    applied = shell.run("job", "apply", "-f", "-", "--no-check", stdin=exported)
    assert applied == Done(0, "nightly: unchanged (ID: 1)\n")


def test_standard_input_that_holds_no_jobs_is_refused(shell: Shell) -> None:
    done = shell.run("job", "apply", "-f", "-")
    assert done == Done(1, "", "Standard input must hold a list `jobs` and nothing beside it\n")


def test_the_file_of_the_documentation_is_applied(call: Call, shell: Shell) -> None:
    _, _, after = PAGE.read_text(encoding="utf-8").partition("```toml\n")
    assert apply(call, shell.folder, after.partition("```")[0]) == Done(0, "nightly: created (ID: 1)\n")
    shown = call("job", "show", "1").out
    for name, value in {"Branch": "5", "Rows": "7", "Variables": "colour=red", "Key": "nightly"}.items():
        assert f"│ {name:14} │ {value} " in shown


def test_all_faults_of_a_file_are_told_with_their_place(call: Call, shell: Shell) -> None:
    text = "".join(
        (
            JOB,
            GOOD.replace("openai-prod", "nope").replace("nightly", "second"),
            GOOD.replace("batch_abc123", "abc").replace("nightly", "third"),
            GOOD.replace('name = "Nightly reviews"', "nmae = 7").replace("nightly", "fourth"),
            GOOD.replace("300", '"often"').replace("nightly", "fifth"),
            GOOD.replace("nightly", "sixth"),
        )
    )
    done = apply(call, shell.folder, text)
    assert done.code == 1
    assert done.err.splitlines() == [
        "job 3 'third': Invalid batch ID format: 'abc' (must start with 'batch_')",
        "job 4 'fourth': `name` is missing",
        "job 4 'fourth': there is no field `nmae`",
        "job 5 'fifth': `poll_interval_seconds` must be a whole number",
        "job 1 'nightly': Invalid variable name: 'it's' (letters, digits, '_' and '-' only)",
        "job 2 'second': Secret not found: 'nope'; list them with: teckochecker secret list",
    ]
    assert json.loads(apply(call, shell.folder, text, "--json").err)["faults"] == done.err.splitlines()
    assert total(call) == 0


@pytest.mark.parametrize(
    ("text", "name", "sentence"),
    [
        ("[[jobs]\n", "a.toml", "a.toml cannot be read: "),
        ("{", "a.json", "a.json cannot be read: "),
        ("[]", "a.json", "a.json must hold a list `jobs` and nothing beside it\n"),
        ("job = 1\n", "a.toml", "a.toml must hold a list `jobs` and nothing beside it\n"),
        ('{"jobs": [7]}', "a.json", "job 1: it must be a table\n"),
        ('{"jobs": {}}', "a.json", "a.json must hold a list `jobs` and nothing beside it\n"),
        ('{"jobs": [], "more": 1}', "a.json", "a.json must hold a list `jobs` and nothing beside it\n"),
    ],
)
def test_what_is_no_file_of_jobs_is_refused(call: Call, shell: Shell, text: str, name: str, sentence: str) -> None:
    done = apply(call, shell.folder, text, name=name)
    assert done.code == 1
    assert done.err.startswith(sentence)


@pytest.mark.parametrize(
    ("field", "wrong", "kind"),
    [
        ("poll_interval_seconds", True, "a whole number"),
        ("row_ids", "7", "a list of texts"),
        ("row_ids", ["7", 8], "a list of texts"),
        ("variables", [], "a table of texts"),
        ("variables", {"a": "1", "b": 2}, "a table of texts"),
    ],
)
def test_what_a_field_must_be_is_told(call: Call, shell: Shell, field: str, wrong: object, kind: str) -> None:
    fields = {**tomllib.loads(GOOD)["jobs"][0], field: wrong}
    done = apply(call, shell.folder, json.dumps({"jobs": [fields]}), name="a.json")
    assert done == Done(1, "", f"job 1 'nightly': `{field}` must be {kind}\n")


def test_a_file_without_jobs_is_told(call: Call, shell: Shell) -> None:
    assert apply(call, shell.folder, '{"jobs": []}', name="a.json") == Done(0, "The file describes no jobs\n")


def test_a_file_with_a_fault_makes_none_of_its_jobs(call: Call, shell: Shell) -> None:
    other = GOOD.replace("nightly", "other").replace('name = "Nightly reviews"', "nmae = 7")
    assert apply(call, shell.folder, GOOD + other).code == 1
    assert total(call) == 0


def test_a_file_that_is_no_text_is_told(call: Call, shell: Shell) -> None:
    (shell.folder / "jobs.toml").write_bytes(b"\xff\xfe")
    assert call("job", "apply", "-f", "jobs.toml") == Done(1, "", "jobs.toml is not UTF-8 text\n")


def test_a_file_that_is_not_there_is_told(call: Call) -> None:
    assert call("job", "apply", "-f", "none.toml") == Done(
        1, "", "none.toml cannot be read: No such file or directory\n"
    )
