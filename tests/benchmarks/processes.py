"""Processes that are measured from outside, each on a free port of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import frozen

from tests.processes import watch_over


@frozen
class Running:
    """A process that answers at `address`."""

    address: str
    pid: int


@contextmanager
def process(
    module: str, *arguments: str, environment: Mapping[str, str] | None = None, folder: str | None = None
) -> Iterator[Running]:
    """A module that tells its address in a line of JSON once it answers, ended at the end."""
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    command = [sys.executable, "-m", module, *arguments]
    started = subprocess.Popen(command, env={**os.environ, **(environment or {})}, cwd=folder, **options)
    watch_over(started.pid)
    try:
        assert started.stdout is not None
        yield Running(json.loads(started.stdout.readline())["address"], started.pid)
    finally:
        started.terminate()
        started.wait(60)


@contextmanager
def service(environment: Mapping[str, str], *options: str) -> Iterator[Running]:
    """The service with these settings alone, whatever `.env` lies where it is measured."""
    with tempfile.TemporaryDirectory() as nowhere:
        arguments = ["start", "--port", "0", "--json", *options]
        with process("teckochecker", *arguments, environment=environment, folder=nowhere) as running:
            yield running
