"""teckochecker demo: a whole job in a few seconds, and nothing of it stays."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.doors.cli.shell import Shell


def test_the_fast_demo_starts_keboola_once_and_leaves_nothing_behind(empty: Shell, tmp_path: Path) -> None:
    began = time.monotonic()
    done = empty.run("demo", "--fast", TMPDIR=str(tmp_path))
    assert done.code == 0, done.err
    assert time.monotonic() - began < 20  # on a busy machine; some four seconds on an idle one
    assert "What Keboola Received" in done.out
    assert '["batch_week48_de", "batch_week48_en", "batch_week48_it"]' in done.out
    assert '["batch_week48_es", "batch_week48_fr"]' in done.out
    assert done.out.splitlines()[-2].startswith("Keboola run: ✓ success")
    assert done.out.splitlines()[-1].endswith("is completed_with_failures; Keboola was started exactly once")
    assert "\x1b" not in done.out
    assert list(tmp_path.iterdir()) == []


def test_programs_get_the_demo_line_by_line(empty: Shell) -> None:
    done = empty.run("--json", "demo", "--fast")
    assert done.code == 0, done.err
    last = json.loads(done.out.splitlines()[-1])
    assert last["runs"] == 1
    assert last["received"]["batch_count_failed"] == "2"
    assert last["job"]["trigger"]["run"]["status"] == "success"


def test_a_terminal_sees_it_move(empty: Shell) -> None:
    done = empty.on_terminal("demo", "--fast")
    assert done.code == 0
    assert "█" in done.out
    assert "next check in" in done.out
