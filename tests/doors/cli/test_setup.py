"""teckochecker init and doctor."""

from __future__ import annotations

import re
import stat

import pytest

from teckochecker.adapters.cipher import new_key
from teckochecker.entrypoints.cli.answer import Refused
from teckochecker.entrypoints.cli.place import refuse_strangers
from teckochecker.entrypoints.readers import PLACEHOLDER
from teckochecker.entrypoints.settings import dotenv_text
from tests.doors.cli.conftest import Call
from tests.doors.cli.shell import Shell


def test_a_fresh_folder_gets_env_and_database_for_its_owner_alone(empty: Shell) -> None:
    assert empty.run("init", "--create-env").code == 0
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in empty.folder.iterdir()}
    assert files[".env"] == 0o600
    assert files["teckochecker.db"] == 0o600
    assert re.search(r"^SECRET_KEY=[\w-]{43}= ", (empty.folder / ".env").read_text(), re.MULTILINE)


def test_a_second_run_changes_nothing(shell: Shell) -> None:
    before = (shell.folder / ".env").read_bytes()
    assert shell.run("init", "--create-env").code == 0
    assert (shell.folder / ".env").read_bytes() == before
    assert shell.run("secret", "list", "--json").body["total"] == 2


def test_init_needs_no_key_and_says_how_to_make_one(empty: Shell) -> None:
    done = empty.run("init")
    assert done.code == 0
    assert "make one with: teckochecker init --create-env" in done.out


def test_the_placeholder_of_the_example_becomes_a_key(empty: Shell) -> None:
    file = empty.folder / ".env"
    file.write_text(dotenv_text(PLACEHOLDER).replace("API_PORT=8000", "API_PORT=8123"))
    assert empty.run("init").code == 1
    assert empty.run("init", "--create-env").code == 0
    text = file.read_text()
    assert PLACEHOLDER not in text
    assert "API_PORT=8123" in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_all_faults_of_the_settings_are_told_at_once(shell: Shell) -> None:
    done = shell.run("init", API_PORT="many", LOG_LEVEL="LOUD")
    assert done.code == 1
    assert [line.partition(":")[0] for line in done.err.splitlines()] == ["API_PORT", "LOG_LEVEL"]


def test_a_reset_names_the_database_and_what_it_holds(shell: Shell) -> None:
    done = shell.on_terminal("init", "--reset", answers=[("[y/N]: ", "n\n")])
    assert done.code == 1
    assert "teckochecker.db?" in done.out
    assert "It holds 0 jobs and 2 secrets." in done.out
    assert shell.run("secret", "list", "--json").body["total"] == 2


def test_a_reset_without_a_terminal_needs_force(call: Call) -> None:
    assert call("init", "--reset").code == 1
    assert call("secret", "list", "--json").body["total"] == 2
    assert call("init", "--reset", "--force").code == 0
    assert call("secret", "list", "--json").body["total"] == 0


def test_doctor_is_content_with_what_init_made(shell: Shell, empty: Shell) -> None:
    assert shell.run("doctor").code == 0
    done = shell.run("doctor", "--json")
    assert done.body["ok"] is True
    assert {check["state"] for check in done.body["checks"]} == {"ok"}


def test_doctor_finds_nothing_set_up(empty: Shell) -> None:
    done = empty.run("doctor", "--json")
    assert done.code == 1
    faults = {check["name"] for check in done.body["checks"] if check["state"] == "fault"}
    assert faults == {"SECRET_KEY", "Database"}
    assert list(empty.folder.iterdir()) == []


def test_doctor_finds_a_key_that_does_not_fit(shell: Shell) -> None:
    done = shell.run("doctor", SECRET_KEY=new_key())
    assert done.code == 1
    assert "SECRET_KEY does not open" in done.out


def test_doctor_finds_files_that_others_can_read(shell: Shell) -> None:
    (shell.folder / ".env").chmod(0o644)
    done = shell.run("doctor")
    assert done.code == 1
    assert "chmod 600" in done.out


def test_a_live_doctor_does_not_blame_a_secret_for_a_silent_service(shell: Shell) -> None:
    done = shell.run("doctor", "--live", "--json", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert done.code == 0
    found = {check["name"]: check for check in done.body["checks"]}
    assert found["Secret 'openai-prod'"]["state"] == "note"


def test_the_schema_names_the_tables(call: Call) -> None:
    assert "CREATE TABLE jobs" in call("db", "schema").out
    assert "CREATE TABLE jobs" in call("db", "schema", "--json").body["schema"]


def test_a_stranger_is_told_whose_database_it_is(shell: Shell) -> None:
    file = shell.folder / "teckochecker.db"
    with pytest.raises(Refused, match=f"^The database {re.escape(str(file))} belongs to user 54321; run this command"):
        refuse_strangers(file, 54321, 54322)
    refuse_strangers(file, 54321, 54321)
    refuse_strangers(file, 54321, 0)
