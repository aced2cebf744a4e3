"""teckochecker init and doctor."""

from __future__ import annotations

import re
import stat
import subprocess
import time

import pytest

from teckochecker.adapters.cipher import new_key
from teckochecker.entrypoints.cli.answer import Refused
from teckochecker.entrypoints.cli.place import refuse_strangers
from teckochecker.entrypoints.readers import PLACEHOLDER
from teckochecker.entrypoints.settings import dotenv_text
from tests.databases import postgresql_server
from tests.doors.cli.desk import Call
from tests.doors.cli.shell import Done, Shell


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


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_reset_waits_until_no_service_is_alive_and_empties_either_database(shell: Shell, kind: str) -> None:
    place = {"DATABASE_URL": postgresql_server().database()} if kind == "postgresql" else {}
    assert shell.run("init", **place).code == 0
    for name in ("one", "two"):
        assert shell.run("secret", "add", "--name", name, "--type", "openai", stdin="sk-12345678\n", **place).code == 0
    before = shell.run("secret", "list", "--json", **place).body["total"]
    service = shell.start("run", **place)
    try:
        refused = reset_until(shell, 1, **place)
        assert "A service is at work on" in refused.err
        assert refused.err.rstrip().endswith("stop it first")
        assert shell.run("secret", "list", "--json", **place).body["total"] == before
    finally:
        service.kill()
        service.communicate()
    assert reset_until(shell, 0, **place).code == 0
    assert shell.run("secret", "list", "--json", **place).body["total"] == 0
    assert shell.run("doctor", **place).code == 0


def reset_until(shell: Shell, code: int, **place: str) -> Done:
    """A reset once it comes out so: a service shows itself, and a lease of a dead one runs out, within seconds."""
    deadline = time.monotonic() + 60
    while True:
        shown = shell.run("init", "--reset", *(["--force"] if code == 0 else []), **place)
        if shown.code == code and (code == 0 or "at work" in shown.err):
            return shown
        assert time.monotonic() < deadline, shown
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("name", "script", "start_up"),
    [
        ("bash", ".local/share/bash-completion/completions/teckochecker", ".bashrc"),
        ("zsh", ".zsh/completions/_cyclopts_teckochecker", ".zshrc"),
        ("fish", ".config/fish/completions/teckochecker.fish", None),
    ],
)
def test_completion_is_written_for_the_shell_in_use(empty: Shell, name: str, script: str, start_up: str | None) -> None:
    done = empty.run("--install-completion", SHELL=f"/bin/{name}", HOME=str(empty.folder))
    assert done.code == 0, done.err
    written = empty.folder / script
    assert f"Completion written to {written}" in done.out
    text = written.read_text(encoding="utf-8")
    assert all(word in text for word in ("job", "secret", "check-now", "--batch-id"))
    assert start_up is None or (empty.folder / start_up).exists()


def test_bash_completes_commands_and_options(empty: Shell) -> None:
    assert empty.run("--install-completion", SHELL="/bin/bash", HOME=str(empty.folder)).code == 0
    script = empty.folder / ".local/share/bash-completion/completions/teckochecker"
    for typed, offered in (("job cre", "create"), ("secret add --na", "--name")):
        asked = f"COMP_WORDS=(teckochecker {typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _teckochecker"
        bash = f'source {script}; {asked}; echo "${{COMPREPLY[@]}}"'
        done = subprocess.run(["bash", "-c", bash], capture_output=True, text=True)
        assert offered in done.stdout.split(), done


def test_a_home_that_cannot_be_written_is_told_in_a_sentence(empty: Shell) -> None:
    done = empty.run("--install-completion", SHELL="/bin/bash", HOME="/proc/nobody")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Completion cannot be written: ")
    assert len(done.err.splitlines()) == 1


def test_a_shell_that_is_not_known_is_told_in_a_sentence(empty: Shell) -> None:
    done = empty.run("--install-completion", SHELL="/bin/tcsh", HOME=str(empty.folder))
    assert done == Done(1, "", "Completion is there for bash, zsh and fish; call this in one of them\n")
    assert list(empty.folder.iterdir()) == []


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
