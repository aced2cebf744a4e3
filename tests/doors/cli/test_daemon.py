"""What the parent of a daemon says when the daemon does not come to life."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from teckochecker.entrypoints.cli.answer import Refused
from teckochecker.entrypoints.cli.daemon import await_health
from tests.doors.cli.shell import clean

DYING = """
import os
from pathlib import Path
from teckochecker.entrypoints.cli.daemon import Child, detach
from teckochecker.entrypoints.cli.start import _told_by
from teckochecker.entrypoints.settings import Settings
side = detach(Path("own.log"))
if isinstance(side, Child):
    _told_by(side.word(), Settings(), Path("own.log"))
print("no memory left", flush=True)
os._exit(1)
"""


def test_a_daemon_that_dies_without_a_word_is_told_with_its_log(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DYING], cwd=tmp_path, env=clean({}), capture_output=True, text=True, timeout=30
    )
    assert done.stderr.endswith("Refused: The daemon ended before it was ready; own.log says why\n")
    assert (tmp_path / "own.log").read_text() == "no memory left\n"


def test_a_daemon_that_does_not_answer_is_told_with_its_log() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Refused, match=f"http://127.0.0.1:{port}/api/health does not answer .*; see own.log"):
        await_health(f"http://127.0.0.1:{port}", Path("own.log"), patience=0.1)
