"""The page of who may come in: its commands are run, in their order."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from tests.doors.cli.shell import Shell
from tests.doors.pages import DOCS, commands


def curl(*words: str) -> Any:
    """What curl would print, read as JSON."""
    *options, address = words
    given = [option for option in options if option != "-H"]
    headers = dict(header.split(": ", 1) for header in given)
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as answer:
        return json.load(answer)


def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    shell, address, token, counted = Shell(tmp_path), "http://localhost:8000", "", []
    for line in commands(DOCS / "access.md"):
        match line:
            case ["teckochecker", "start", "--daemon"]:
                started = shell.run("start", "--daemon", "--port", "0", "--json")
                assert started.code == 0, started.err
                address = started.body["address"].replace("127.0.0.1", "localhost")
            case ["teckochecker", *words]:
                done = shell.run(*words)
                assert done.code == 0, done.err
                if words[:2] == ["token", "create"]:
                    token = done.out.split()[-1]
            case ["curl", *words]:
                words = [word.replace("http://localhost:8000", address).replace("$TOKEN", token) for word in words]
                counted.append(curl(*words)["total"])
            case _:
                assert line == ["export", "TOKEN=tck_..."]
    assert counted == [0, 0]
    listed = shell.run("token", "list", "--json").body["tokens"]
    assert [(one["last_used_at"] is None, one["revoked_at"] is None) for one in listed] == [(False, False)]
    assert "token.revoke" in shell.run("audit").out
