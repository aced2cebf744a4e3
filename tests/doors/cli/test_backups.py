"""teckochecker db backup, restore, copy and check."""

from __future__ import annotations

import stat

import pytest

from teckochecker.adapters.cipher import new_key
from tests.databases import postgresql_server
from tests.doors.cli.desk import Call
from tests.doors.cli.shell import TARGET, Shell


def test_what_was_deleted_after_a_backup_comes_back(call: Call, shell: Shell) -> None:
    call("job", "create", "--name", "Nightly", "--batch-id", "batch_1", *TARGET)
    done = call("db", "backup", "saved")
    assert done.code == 0
    assert done.out.strip().endswith("Backed up into saved: 1 job, 2 secrets, 1 event")
    assert stat.S_IMODE((shell.folder / "saved").stat().st_mode) == 0o600
    call("job", "delete", "1", "--force")
    assert call("db", "restore", "saved").code == 1
    assert call("job", "list", "--json").body["total"] == 0
    assert call("db", "restore", "saved", "--force", "--json").body["rows"]["jobs"] == 1
    assert call("job", "show", "1", "--json").body["name"] == "Nightly"


def test_a_restore_asks_and_says_what_would_be_lost(shell: Shell) -> None:
    shell.run("db", "backup", "saved")
    done = shell.on_terminal("db", "restore", "saved", answers=[("[y/N]: ", "n\n")])
    assert done.code == 1
    assert "It holds 0 jobs, 2 secrets, 0 events; saved holds 0 jobs, 2 secrets, 0 events." in " ".join(
        done.out.split()
    )


def test_a_backup_that_the_key_does_not_open_is_refused(shell: Shell) -> None:
    shell.run("db", "backup", "saved")
    done = shell.run("db", "restore", "saved", "--force", SECRET_KEY=new_key())
    assert done.code == 1
    assert "SECRET_KEY does not open" in done.err
    assert shell.run("secret", "list", "--json").body["total"] == 2


def test_a_missing_backup_is_named_and_makes_no_database(empty: Shell) -> None:
    done = empty.run("db", "restore", "nothing", "--force")
    assert done.code == 1
    assert "nothing is no sound backup: there is no such file" in done.err
    assert list(empty.folder.iterdir()) == []


def test_the_database_moves_to_postgresql_and_back(call: Call, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    call("job", "create", "--name", "Nightly", "--batch-id", "batch_1", *TARGET)
    server = postgresql_server().database()
    done = call("db", "copy", "--to", server)
    assert done.code == 0
    assert "set DATABASE_URL to it" in done.out
    monkeypatch.setenv("DATABASE_URL", server)
    assert call("job", "show", "1", "--json").body["name"] == "Nightly"
    assert call("db", "check").code == 0
    back = f"sqlite:///{shell.folder}/back.db"
    assert call("db", "copy", "--to", back).code == 0
    assert stat.S_IMODE((shell.folder / "back.db").stat().st_mode) == 0o600
    assert call("db", "copy", "--to", back).code == 1
    monkeypatch.setenv("DATABASE_URL", back)
    assert call("job", "show", "1", "--json").body["name"] == "Nightly"


def test_a_copy_to_no_address_is_refused(call: Call) -> None:
    done = call("db", "copy", "--to", "mysql://somewhere/else")
    assert done.code == 1
    assert done.err.startswith("--to must begin with sqlite:/// and a file name")


def test_a_sound_database_passes_its_check(shell: Shell) -> None:
    done = shell.run("db", "check", "--json")
    assert done.code == 0
    assert {check["state"] for check in done.body["checks"]} == {"ok"}
    wrong = shell.run("db", "check", SECRET_KEY=new_key())
    assert wrong.code == 1
    assert "SECRET_KEY does not open" in wrong.out
