"""Real processes of the program, against the simulator."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Any

from attrs import frozen

from teckochecker.adapters.cipher import new_key
from teckochecker.entrypoints.simulator import Simulator, default_key, default_token
from tests.processes import watch_over, watch_over_daemons

SHORT = {
    "LEASE_SECONDS": "1",
    "TRIGGER_SEARCH_GRACE": "1",
    "RETRY_DELAY": "1",
    "MIN_POLL_INTERVAL": "1",
    "DEFAULT_POLL_INTERVAL": "1",
}
"""Waits scaled down to what a test can wait for."""


@frozen
class Program:
    """The program in a folder of its own, with its environment."""

    folder: Path
    environment: dict[str, str]

    @classmethod
    def beside(cls, simulator: Simulator, folder: Path, **changes: str) -> Program:
        """Its services are the simulator's."""
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        database = f"sqlite:///{folder / 'teckochecker.db'}"
        own = {"SECRET_KEY": new_key(), "DATABASE_URL": database, **SHORT, **simulator.environment}
        return cls(folder, {**kept, **own, **changes})

    async def start(self, *words: str, stdin: int = DEVNULL) -> Process:
        """One process."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "teckochecker",
            *words,
            cwd=self.folder,
            env=self.environment,
            stdin=stdin,
            stdout=PIPE,
            stderr=PIPE,
        )
        watch_over(process.pid)
        return process

    async def run(self, *words: str, typed: str = "") -> str:
        """One command, which must succeed. Returns what it printed."""
        process = await self.start(*words, stdin=PIPE)
        out, err = await asyncio.wait_for(process.communicate(typed.encode()), 30)
        if "--daemon" in words:
            watch_over_daemons(self.folder)
        assert process.returncode == 0, f"{words}: {err.decode()}"
        return out.decode()

    async def with_job(self, stack_url: str, *batches: str) -> None:
        """Both secrets and one job."""
        await self.run("init")
        await self.run("secret", "add", "--name", "openai-prod", "--type", "openai", typed=f"{default_key}\n")
        await self.run("secret", "add", "--name", "keboola-prod", "--type", "keboola", typed=f"{default_token}\n")
        ids = [word for batch in batches for word in ("--batch-id", batch)]
        target = ["--keboola-stack", stack_url, "--component-id", "kds-team.app-custom-python", "--config-id", "123456"]
        secrets = ["--openai-secret", "openai-prod", "--keboola-secret", "keboola-prod"]
        await self.run("job", "create", "--name", "Batch job", *ids, *secrets, *target)

    async def job(self) -> dict[str, Any]:
        """The job as the program tells of it."""
        found: dict[str, Any] = json.loads(await self.run("--json", "job", "show", "1"))
        return found


async def ended(process: Process, how: signal.Signals) -> int:
    """End a process that this test started."""
    if process.returncode is None:
        process.send_signal(how)
    _, err = await asyncio.wait_for(process.communicate(), 20)
    assert b"Traceback" not in err, err.decode()
    return process.returncode or 0
