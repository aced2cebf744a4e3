"""What the description promises is held by the running service, whatever is sent to it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.builders import SECOND
from tests.doors.http.served import served, sqlite
from tests.doors.nightly import nightly, with_secrets
from tests.processes import watch_over

EVERYTHING = ("--phases", "examples,fuzzing,stateful", "--max-examples", "8")
# all that the description can be read to allow, tried one by one: of the whole API it takes a minute
EVERY_PARAMETER = ("--phases", "coverage", "--include-name", "GET /api/jobs")


@pytest.mark.parametrize("what", [EVERYTHING, EVERY_PARAMETER], ids=["everything", "every_parameter"])
async def test_no_request_finds_an_answer_that_is_not_described(tmp_path: Path, what: tuple[str, ...]) -> None:
    async with served(sqlite, tmp_path, rate_limit_read=None, rate_limit_write=None) as service:
        await with_secrets(service.tecko)
        await service.tecko.jobs.create(nightly("batch_a", "batch_b"))
        tried = await asyncio.create_subprocess_exec(
            *(Path(sys.executable).with_name("schemathesis"), "run", f"{service.http.base_url}/openapi.json"),
            *("--seed", "1", "--no-color", "--suppress-health-check", "all", *what),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        watch_over(tried.pid)
        told = asyncio.create_task(tried.communicate())
        while not told.done():  # whoever made up a token waits for its answer
            await service.tecko.clock.advance(SECOND)
            await asyncio.wait({told}, timeout=0.1)
    assert tried.returncode == 0, told.result()[0].decode()
