"""Services that the tests start for real, and what others see of them."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from tests.doors.cli.shell import Done, Shell


def until(true: Callable[[], Any], seconds: float = 30) -> Any:
    """What this gives once it is true."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def ask(address: str, path: str = "/api/health") -> Any:
    """What curl prints."""
    with urllib.request.urlopen(f"{address}{path}", timeout=10) as answer:
        return json.load(answer)


def started(shell: Shell, *options: str, **environment: str) -> Any:
    """A daemon of this folder, on a free port, as it told of itself."""
    done = shell.run("start", "--daemon", "--port", "0", "--json", *options, **environment)
    assert done.code == 0, done.err
    return done.body


def rows(done: Done) -> dict[str, str]:
    """What a panel says."""
    cells = [line.strip("│").split("│") for line in done.out.splitlines() if line.startswith("│")]
    return {pair[0].strip(): pair[1].strip() for pair in cells if len(pair) == 2}
