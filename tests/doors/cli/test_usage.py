"""What holds for every command: exit codes, help, version, JSON, signs, and several processes at once."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from importlib.metadata import version

import pytest

from tests.doors.cli.desk import Call
from tests.doors.cli.shell import PROGRAM, TARGET, Done, Shell, clean

TIMES_AS_LONG = 2.5


@pytest.mark.parametrize(
    "argv",
    [
        ("nonsense",),
        ("job", "creat"),
        ("job", "show"),
        ("job", "show", "one"),
        ("job", "list", "--status", "done"),
        ("job", "create", "--name", "x"),
        ("job", "pause", "1", "2"),
        ("secret", "list", "--bogus"),
    ],
)
def test_wrong_usage_is_told_on_standard_error_with_exit_code_2(call: Call, argv: tuple[str, ...]) -> None:
    done = call(*argv)
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    problem = json.loads(call(*argv, "--json").err)
    assert problem["title"] == "Wrong usage"
    assert problem["exit_code"] == 2


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (("job", "show"), "JOB_ID is missing; see: teckochecker job show --help"),
        (("job", "apply", "jobs.toml"), "--file is missing; see: teckochecker job apply --help"),
        (("secret", "add", "--type", "openai", "--name"), "--name needs a value"),
        (("job", "show", "one"), "JOB_ID must be a whole number (it is 'one')"),
        (("job", "list", "--limit", "x"), "--limit must be a whole number (it is 'x')"),
        (("job", "watch", "1", "--every", "x"), "--every must be a number (it is 'x')"),
        (("job", "list", "--limit", "0"), 'Invalid value "0" for --limit. Must be >= 1.'),
        (("audit", "--limit", "1001"), 'Invalid value "1001" for --limit. Must be <= 1000.'),
        (("job", "show", "1", "--log-limit", "-1"), 'Invalid value "-1" for --log-limit. Must be >= 0.'),
        (("simulate", "--timescale", "-1"), 'Invalid value "-1.0" for --timescale. Must be a number from 0 on.'),
        (("simulate", "--openai-port", "65536"), 'Invalid value "65536" for --openai-port. Must be <= 65535.'),
        (("job", "watch", "1", "--every", "nan"), 'Invalid value "nan" for --every. Must be a number from 0 on.'),
        (("job", "pause", "1", "2"), "'2' is more than this command takes; see: teckochecker job pause --help"),
        (("secret", "add", "--name", "a", "--name", "b"), "--name may be given only once"),
        (("jobs",), 'Unknown command "jobs". Did you mean "job"?'),
    ],
)
def test_wrong_usage_is_told_in_plain_words(call: Call, argv: tuple[str, ...], sentence: str) -> None:
    assert call(*argv).err.startswith(sentence)


@pytest.mark.parametrize("argv", [("job", "show"), ("job", "pause"), ("job", "list", "--after"), ("job", "export")])
def test_a_number_beyond_all_ids_is_refused(call: Call, argv: tuple[str, ...]) -> None:
    assert call(*argv, "9" * 30) == Done(1, "", "A number is too large: there is nothing of that ID\n")


@pytest.mark.parametrize("argv", [("secret", "delete", "--force"), ("token", "revoke")])
def test_a_name_that_is_no_text_is_not_found(call: Call, argv: tuple[str, ...]) -> None:
    what = argv[0]
    sentence = f"{what.capitalize()} not found: 'a b'; list them with: teckochecker {what} list\n"
    assert call(*argv, "a\udcffb") == Done(1, "", sentence)


def test_json_may_stand_before_or_after_the_command(call: Call) -> None:
    assert call("--json", "secret", "list") == call("secret", "list", "--json")


def test_a_problem_in_json_is_the_one_of_the_rest_api(call: Call) -> None:
    problem = json.loads(call("job", "show", "9", "--json").err)
    assert problem["detail"] == "Job with ID 9 not found"
    assert problem["status"] == 404
    assert problem["exit_code"] == 1


def test_the_module_and_the_version_are_those_of_the_package(empty: Shell) -> None:
    assert empty.run("--version") == Done(0, f"{version('teckochecker')}\n")


def test_a_program_is_told_the_version_as_json(call: Call) -> None:
    assert call("--version", "--json").body == {"version": version("teckochecker")}


def test_help_names_every_command_and_touches_nothing(empty: Shell) -> None:
    done = empty.run("--help")
    assert done.code == 0
    for name in ("init", "doctor", "secret", "job", "run", "simulate", "demo", "db", "--json", "--install-completion"):
        assert name in done.out
    assert list(empty.folder.iterdir()) == []


def test_help_is_quick() -> None:
    # in pairs, so that a busy machine slows both alike
    pairs = [(_took(*PROGRAM, "--help"), _took(sys.executable, "-c", "import cyclopts")) for _ in range(9)]
    times = statistics.median(ours / library for ours, library in pairs)
    ours, library = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"--help {ours:.3f} s, import cyclopts {library:.3f} s: {times:.2f} times as long")
    assert times <= TIMES_AS_LONG


def test_plain_words_stand_where_the_terminal_has_no_signs(shell: Shell) -> None:
    made = shell.run("job", "create", "--name", "ž", "--batch-id", "batch_1", *TARGET, PYTHONIOENCODING="ascii")
    assert made.out == "OK Polling job '\\u017e' created successfully (ID: 1)\n"
    out = shell.run("job", "list", PYTHONIOENCODING="ascii").out
    assert out.isascii()
    assert "| active |" in out
    assert shell.run("job", "list", "--json", PYTHONIOENCODING="ascii").body["jobs"][0]["name"] == "ž"


def test_a_table_is_folded_on_a_terminal_and_whole_on_a_pipe(shell: Shell) -> None:
    name = "a name of many words " * 8
    shell.run("job", "create", "--name", name, "--batch-id", "batch_1", *TARGET)
    assert name.strip() in shell.run("job", "list", COLUMNS="80").out
    seen = shell.on_terminal("job", "list", COLUMNS="80", NO_COLOR="1").out
    frames = [line for line in seen.splitlines() if line.startswith(("╭", "├", "╰"))]
    assert {len(line) for line in frames} == {80}


def test_a_reader_that_goes_away_is_no_error(shell: Shell) -> None:
    command = f"{sys.executable} -m teckochecker db schema | head -1"
    done = subprocess.run(["sh", "-c", command], cwd=shell.folder, env=clean({}), capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.startswith("CREATE TABLE")


def test_processes_share_one_database(shell: Shell) -> None:
    working = [
        shell.start("job", "create", "--name", f"job {n}", "--batch-id", f"batch_{n}", *TARGET) for n in range(4)
    ]
    said = [process.communicate(timeout=60) for process in working]
    assert [process.returncode for process in working] == [0, 0, 0, 0], said
    jobs = shell.run("job", "list", "--json").body["jobs"]
    assert sorted(job["name"] for job in jobs) == ["job 0", "job 1", "job 2", "job 3"]
    assert sorted(job["id"] for job in jobs) == [1, 2, 3, 4]


def test_the_guides_first_five_steps_work_in_a_row(empty: Shell) -> None:
    assert empty.run("init", "--create-env").code == 0
    for kind in ("openai", "keboola"):
        done = empty.run("secret", "add", "--name", f"{kind}-prod", "--type", kind, stdin="value-0123456789\n")
        assert done.code == 0
    done = empty.run(
        "job", "create", "--name", "My batch job", "--batch-id", "batch_abc123", *TARGET, "--poll-interval", "120"
    )
    assert done == Done(0, "✓ Polling job 'My batch job' created successfully (ID: 1)\n")


def _took(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=clean({}), capture_output=True, check=True)
    return time.perf_counter() - began
