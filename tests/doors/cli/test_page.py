"""The page of the command line says what the program says."""

from __future__ import annotations

import re

import pytest

from teckochecker.entrypoints.cli.app import app
from tests.doors.cli.desk import Call
from tests.doors.cli.page import PAGE, commands, made, written


def test_the_page_is_renewed_with_the_program() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == written(text) + made(), "renew it with: python -m tests.doors.cli.page"


def test_every_command_can_be_loaded_and_told_of() -> None:
    assert len(list(commands(app))) > 20


@pytest.mark.parametrize("old", ["init_db.py --create-env", "init_db.py --reset", "verify_setup.py", "show_schema.py"])
def test_each_old_spelling_has_its_command(call: Call, old: str) -> None:
    rows = re.findall(r"^\| `(.+?)` \| `teckochecker (.+?)` \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    command = next(new for spelled, new in rows if spelled.endswith(old))
    assert call(*command.split(), "--help").code == 0
