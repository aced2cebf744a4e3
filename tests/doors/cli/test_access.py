"""teckochecker token … and teckochecker audit."""

from __future__ import annotations

import getpass
import re

import pytest

from tests.doors.cli.desk import Call
from tests.doors.cli.shell import TARGET, Shell


def test_a_token_is_shown_once_and_kept_by_its_digest(shell: Shell) -> None:
    made = shell.run("token", "create", "ci", "--role", "operator", "--expires", "90d")
    assert made.code == 0
    first, warning, token = made.out.splitlines()
    assert re.fullmatch(r"✓ Token 'ci' created: operator, until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+", first)
    assert warning == "Keep it safe, it is shown this once:"
    assert re.fullmatch(r"tck_[0-9A-Za-z]{49}", token)
    listed = shell.run("token", "list").out
    assert token[:8] in listed
    assert token not in listed
    assert token.encode() not in (shell.folder / "teckochecker.db").read_bytes()


def test_a_token_in_json_tells_its_text_and_the_list_does_not(call: Call) -> None:
    made = call("token", "create", "ci", "--role", "viewer", "--json").body
    assert (made["name"], made["role"], made["expires_at"]) == ("ci", "viewer", None)
    assert made["token"].startswith(made["hint"])
    (listed,) = call("token", "list", "--json").body["tokens"]
    assert listed == {key: value for key, value in made.items() if key != "token"}


def test_a_revoked_token_stays_in_the_list_and_frees_its_name(call: Call) -> None:
    assert "No tokens yet" in call("token", "list").out
    call("token", "create", "ci", "--role", "admin")
    assert call("token", "create", "ci", "--role", "viewer").err == (
        "Token 'ci' already exists; revoke it first or choose another name\n"
    )
    assert call("token", "revoke", "ci").out == "✓ Token 'ci' lets nobody in any more\n"
    assert call("token", "revoke", "ci").err == "Token not found: 'ci'; list them with: teckochecker token list\n"
    assert call("token", "create", "ci", "--role", "viewer").code == 0
    states = [line for line in call("token", "list").out.splitlines() if " ci " in line]
    assert ["revoked" in line for line in states] == [True, False]


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("ci", "--role", "root"), 2),
        (("ci", "--role", "local"), 2),
        (("ci",), 2),
        (("ci", "--role", "viewer", "--expires", "soon"), 1),
        ((" ", "--role", "viewer"), 1),
    ],
)
def test_a_token_that_cannot_be_is_refused_in_a_sentence(call: Call, argv: tuple[str, ...], code: int) -> None:
    done = call("token", "create", *argv)
    assert (done.code, done.out, len(done.err.splitlines())) == (code, "", 1)
    assert call("token", "list", "--json").body["total"] == 0


def test_the_audit_trail_tells_who_did_what_at_the_command_line(shell: Shell, call: Call) -> None:
    call("job", "create", "--name", "nightly", "--batch-id", "batch_1", *TARGET)
    call("job", "pause", "1")
    call("job", "edit", "1", "--name", "weekly", "--poll-interval", "600")
    entries = call("audit", "--action", "job.", "--json").body["entries"]
    me = getpass.getuser()
    assert [(entry["actor"], entry["peer"], entry["action"]) for entry in entries] == [
        (me, "command line", "job.edit"),
        (me, "command line", "job.pause"),
        (me, "command line", "job.create"),
    ]
    assert entries[1]["before"] == {"status": "active"}
    assert entries[1]["after"] == {"status": "paused"}
    shown = call("audit", "--subject", "job 1").out
    assert "name: nightly → weekly" in shown
    assert "status: active → paused" in shown


def test_the_audit_trail_is_read_page_by_page(call: Call) -> None:
    page = call("audit", "--limit", "1", "--json").body
    assert page["total"] == 2
    assert page["entries"][0]["subject"] == "secret keboola-prod"
    assert "older ones with --after 2" in call("audit", "--limit", "1").out
    rest = call("audit", "--after", page["next_cursor"], "--json").body
    assert [entry["subject"] for entry in rest["entries"]] == ["secret openai-prod"]
    assert rest["next_cursor"] is None
    assert call("audit", "--after", "1").out == "No entries match\n"


def test_an_empty_trail_says_so(empty: Shell) -> None:
    assert empty.run("audit").out == "Nobody has changed anything yet\n"
