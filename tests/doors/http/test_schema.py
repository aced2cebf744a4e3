"""What the description promises is held by the running service, whatever is sent to it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.doors.http.served import served, sqlite
from tests.doors.nightly import nightly, with_secrets
from tests.processes import watch_over


async def test_no_request_finds_an_answer_that_is_not_described(tmp_path: Path) -> None:
    async with served(sqlite, tmp_path, rate_limit_read="off", rate_limit_write="off") as service:
        await with_secrets(service.tecko)
        await service.tecko.jobs.create(nightly("batch_a", "batch_b"))
        tried = await asyncio.create_subprocess_exec(
            *(Path(sys.executable).with_name("schemathesis"), "run", f"{service.http.base_url}/openapi.json"),
            *("--max-examples", "8", "--seed", "1", "--no-color", "--suppress-health-check", "all"),
            *("--phases", "examples,fuzzing,stateful"),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        watch_over(tried.pid)
        told, _ = await tried.communicate()
    assert tried.returncode == 0, told.decode()
