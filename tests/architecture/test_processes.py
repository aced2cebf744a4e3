"""No process that a test has started outlives it, however the test or the whole run ends."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from teckochecker.adapters.processes import born
from tests.architecture.source import PROJECT, Module, modules, plant
from tests.doors.cli.daemons import until
from tests.processes import end_those_of_this_test, watch_over

SLEEPING = [sys.executable, "-c", "import time; time.sleep(300)"]
RUN = """
import subprocess, sys, time
from tests.processes import watch_over
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(300)"
process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, start_new_session=True)
process.stdout.readline()
watch_over(process.pid)
print(process.pid, flush=True)
time.sleep(300)
"""


def unguarded(source: Iterable[Module]) -> list[str]:
    """Every function that starts a process and does not have it watched over."""
    functions = [
        (module.name, node, {ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)})
        for module in source
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [
        f"{module}:{node.lineno} {node.name}"
        for module, node, called in functions
        if called & {"subprocess.Popen", "asyncio.create_subprocess_exec"} and "watch_over" not in called
    ]


def test_every_process_that_is_started_is_watched_over() -> None:
    assert [found.partition(":")[0] for found in unguarded(modules(PROJECT / "tests"))] == ["processes"]  # the guardian


def test_a_process_that_nobody_watches_over_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "a.py", "import subprocess\ndef left():\n    with subprocess.Popen(['x']):\n        pass\n")
    plant(tmp_path, "b.py", "async def kept():\n    watch_over((await asyncio.create_subprocess_exec('x')).pid)\n")
    assert unguarded(modules(tmp_path)) == ["a:2 left"]


def test_what_a_test_has_left_is_ended_with_it() -> None:
    left, ended = subprocess.Popen(SLEEPING), subprocess.Popen([sys.executable, "-c", ""])
    for process in (left, ended):
        watch_over(process.pid)
    assert ended.wait(10) == 0
    end_those_of_this_test()
    assert left.wait(10) == -signal.SIGKILL


def test_what_a_killed_run_has_left_is_ended_though_it_will_not_hear() -> None:
    run = subprocess.Popen([sys.executable, "-c", RUN], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    watch_over(run.pid)
    assert run.stdout is not None
    left = int(run.stdout.readline())
    known_as = born(left)
    assert known_as
    os.kill(run.pid, signal.SIGKILL)
    run.wait(10)
    run.stdout.close()
    until(lambda: born(left) != known_as)
