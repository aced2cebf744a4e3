"""How soon the service answers over 100,000 jobs, and what it holds in memory when it has nothing to do.

    python -m tests.benchmarks.start [--json FILE]

Exit code 1 when a bound is missed.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from teckochecker.adapters.cipher import new_key
from teckochecker.adapters.sql.tables import jobs
from teckochecker.domain.secret import Credential
from teckochecker.entrypoints.container import Container, running
from teckochecker.entrypoints.settings import Settings
from tests.benchmarks.many import fill
from tests.benchmarks.processes import service

JOBS: Final = 100_000
MOST_SECONDS: Final = 3.0
MOST_MIB: Final = 100.0
IDLE: Final = 10  # seconds after which a service counts as idle


async def watched(settings: Settings, count: int) -> None:
    """As many active jobs, all due tomorrow."""
    async with running(Container(settings=settings)) as container:
        await container.schema()()
        await fill(container.engine(), count, lambda type: container.cipher().seal(Credential("nobody"), type))
        tomorrow = container.clock().now() + timedelta(days=1)
        async with container.engine().begin() as connection:
            values = {"status": "active", "next_check_at": tomorrow, "completed_at": None}
            await connection.execute(sa.update(jobs).values(values))


def start(environment: dict[str, str]) -> tuple[float, float]:
    """Seconds until health answers, from the process's start on, and MiB after a while of nothing to do."""
    begun = time.perf_counter()
    with service(environment) as ours:
        _ask(ours.address)
        seconds = time.perf_counter() - begun
        for _ in range(IDLE):
            time.sleep(1)
            _ask(ours.address)
        return seconds, _resident(ours.pid)


def _ask(address: str) -> Any:
    with urllib.request.urlopen(f"{address}/api/health", timeout=30) as answer:
        return json.load(answer)


def _resident(pid: int) -> float:
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(told.stdout) / 1024


def main(argv: list[str]) -> int:
    """Measure, tell, and hold against the bounds."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"SECRET_KEY": new_key(), "DATABASE_URL": f"sqlite:///{folder}/teckochecker.db"}
        _, first = start({**environment, "DATABASE_URL": f"sqlite:///{folder}/new.db"})
        asyncio.run(watched(Settings.load(environment), JOBS))
        start(environment)  # brings files into the system's cache
        seconds, mib = start(environment)
    print(
        f"start over {JOBS:,} jobs: {seconds:.2f} s (at most {MOST_SECONDS:.0f}), idle {mib:.0f} MiB, "
        f"after a start that made the database {first:.0f} MiB (at most {MOST_MIB:.0f})"
    )
    if "--json" in argv:
        Path(argv[argv.index("--json") + 1]).write_text(
            json.dumps({"start_seconds": seconds, "idle_mib": mib, "first_idle_mib": first})
        )
    return 0 if seconds <= MOST_SECONDS and max(mib, first) <= MOST_MIB else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
