"""teckochecker db import: the earlier version's database, taken over by its file and its key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from teckochecker.adapters.cipher import new_key
from tests.architecture.source import PROJECT
from tests.databases import postgresql_server
from tests.doors.cli.desk import Call
from tests.doors.cli.shell import Shell
from tests.earlier import KEY, with_secrets

RAN = "look in Keboola, then resume it, or delete it"


@pytest.fixture
def old(shell: Shell) -> Path:
    """A database of the earlier version with a job of each kind."""
    file = with_secrets(shell.folder / "old.db")
    file.job("batch_1", name="Watched", logs=[("checking", "Batch status: 0 completed, 0 failed, 1 in progress")])
    file.job(("batch_2", "completed"), ("batch_3", "failed"), name="Cut off")
    file.job("batch_4", name="Migrated", status="completed", completed_at="2025-10-25 01:02:03+00:00")
    file.job("batch_5", name="Refused", status="failed", logs=[("error", "Keboola trigger failed: 400")])
    file.job("msgbatch_6", name="Odd", openai_secret_id=None)
    return file.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def ours(request: pytest.FixtureRequest, call: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The program on each database, with the earlier version's key in its environment."""
    if request.param == "postgresql":
        monkeypatch.setenv("DATABASE_URL", postgresql_server().database())
    monkeypatch.setenv("EARLIER_SECRET_KEY", KEY)
    return call


def test_everything_comes_in_and_what_a_person_has_to_know_is_told(ours: Call, old: Path) -> None:
    before = old.read_bytes()
    done = ours("db", "import", "old.db")
    assert done.code == 0, done.err
    said = done.out.splitlines()
    assert said[0].endswith(
        "Imported old.db: 2 secrets, 5 jobs (1 active, 1 completed, 1 failed, 2 paused), 2 entries of history"
    )
    assert f"Job 2 'Cut off' is paused: all of its batches had ended, so it may have run already: {RAN}" in said
    assert any(line.startswith("Job 5 'Odd' is paused: Invalid batch ID format: 'msgbatch_6'") for line in said)
    assert said[-1] == "Start the earlier version no more: it would start runs of the same jobs"
    assert old.read_bytes() == before
    jobs = {job["name"]: job for job in ours("job", "list", "--json").body["jobs"]}
    assert {name: job["status"] for name, job in jobs.items()} == {
        "Watched": "active",
        "Cut off": "paused",
        "Migrated": "completed",
        "Refused": "failed",
        "Odd": "paused",
    }
    assert jobs["Migrated"]["completed_at"] == "2025-10-25T01:02:03.000Z"
    assert jobs["Refused"]["last_error"] == "Keboola trigger failed: 400"
    shown = ours("job", "show", str(jobs["Watched"]["id"])).out
    assert "Earlier version: checking: Batch status: 0 completed, 0 failed, 1 in progress" in shown
    assert ours("db", "check").code == 0


def test_the_commands_of_the_page_take_it_over_and_a_second_time_is_refused(ours: Call, old: Path) -> None:
    page = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    commands = re.findall(r"^teckochecker (db import .+)$", page, re.MULTILINE)
    said = [ours(*command.replace("FILE", "old.db").split()).out.split()[1] for command in commands]
    assert said == ["Would", "Imported"]
    again = ours("db", "import", "old.db", "--json")
    assert again.code == 1
    assert "taken over only once" in again.err
    assert ours("job", "list", "--json").body["total"] == 5


def test_jobs_that_came_in_can_be_put_right(call: Call, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARLIER_SECRET_KEY", KEY)
    call("db", "import", "old.db")
    assert "give it one first" in call("job", "resume", "5").err
    edited = call("job", "edit", "5", "--openai-secret", "openai-prod", "--batch-id", "batch_6", "--no-check", "--json")
    assert edited.code == 0
    assert call("job", "resume", "5", "--json").body["status"] == "active"


def test_names_that_are_taken_are_told(call: Call, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARLIER_SECRET_KEY", KEY)
    told = "Secret 'openai-prod' is called 'openai-prod (2)' here: its name was taken"
    assert told in call("db", "import", "old.db").out
    assert call("job", "show", "1", "--json").body["openai_secret_name"] == "openai-prod (2)"


def test_a_key_that_opens_nothing_is_taken_for_a_mistake(
    call: Call, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARLIER_SECRET_KEY", "another one")
    wrong = call("db", "import", "old.db")
    assert wrong.code == 1
    assert wrong.err.startswith("The key given opens none of 'openai-prod', 'keboola-prod'")
    assert call("secret", "list", "--json").body["total"] == 2


def test_the_key_is_asked_for_and_not_shown(shell: Shell, old: Path) -> None:
    asked = "Enter the earlier version's SECRET_KEY: "
    done = shell.on_terminal("db", "import", "old.db", answers=[(asked, f"{KEY}\n")])
    assert done.code == 0
    assert KEY not in done.out
    assert "came without its value" not in done.out


def test_the_key_comes_from_standard_input_too(shell: Shell, old: Path) -> None:
    done = shell.run("db", "import", "old.db", "--json", stdin=f"{KEY}\n")
    assert [secret["has_value"] for secret in done.body["secrets"]] == [True, True]


def test_no_key_is_needed_where_ours_is_the_same(call: Call, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key()
    monkeypatch.setenv("SECRET_KEY", key)
    with_secrets(shell.folder / "old.db", key).close()
    assert [secret["has_value"] for secret in call("db", "import", "old.db", "--json").body["secrets"]] == [True, True]


def test_a_lost_key_costs_the_values_alone(shell: Shell, call: Call, old: Path) -> None:
    done = shell.run("db", "import", "old.db")
    assert done.code == 0
    cure = "give it one with: teckochecker secret replace 'openai-prod (2)'"
    assert f"Secret 'openai-prod (2)' came without its value, which no key opened; {cure}" in done.out
    assert call("job", "list", "--json").body["total"] == 5
    for command in (("doctor",), ("db", "check")):
        checked = call(*command)
        assert (checked.code, cure in checked.out) == (1, True)


def test_a_file_that_is_no_such_database_makes_none_of_ours(empty: Shell) -> None:
    done = empty.run("db", "import", "nothing.db", SECRET_KEY=new_key())
    assert (done.code, done.err) == (1, "nothing.db cannot be imported: there is no such file\n")
    assert list(empty.folder.iterdir()) == []


def test_the_earlier_database_in_the_place_of_ours_is_told_apart(empty: Shell) -> None:
    with_secrets(empty.folder / "teckochecker.db").close()
    before = (empty.folder / "teckochecker.db").read_bytes()
    done = empty.run("db", "import", "teckochecker.db", SECRET_KEY=new_key())
    assert done.code == 1
    assert "is a database of the earlier version; name another one in DATABASE_URL" in done.err
    assert (empty.folder / "teckochecker.db").read_bytes() == before
