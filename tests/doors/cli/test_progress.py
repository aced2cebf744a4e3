"""A job's progress: lines on a pipe, a picture on a terminal, until its run has ended."""

from __future__ import annotations

import io
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

from rich.console import Console

from teckochecker import JobView, Rehearsal, TeckoChecker
from teckochecker.entrypoints.cli.progress import follow, picture
from teckochecker.entrypoints.cli.screen import Screen
from tests.doors.nightly import nightly, with_secrets

STEP = timedelta(minutes=10)
AT_ONCE = timedelta(0)


async def started(tecko: Rehearsal) -> int:
    """A job of which one batch ends well and one badly."""
    await with_secrets(tecko)
    tecko.openai.will("batch_good", "completed", after=STEP)
    tecko.openai.will("batch_bad", "expired", after=3 * STEP)
    return (await tecko.jobs.create(nightly("batch_good", "batch_bad", poll_interval_seconds=600))).job.id


def passing(tecko: Rehearsal, job_id: int) -> Callable[[], Awaitable[JobView]]:
    """Each look comes ten minutes after the one before."""

    async def read() -> JobView:
        await tecko.advance(STEP)
        return await tecko.jobs.get(job_id)

    return read


async def test_a_pipe_gets_a_line_for_each_change_until_the_run_has_ended() -> None:
    out = io.StringIO()
    async with TeckoChecker.in_memory() as tecko:
        job_id = await started(tecko)
        view = await follow(passing(tecko, job_id), Screen.on(out), tecko.clock.now, every=AT_ONCE)
    assert view.job.status == "completed_with_failures"
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("Job 1 '")
    assert [line for line in lines if line.startswith("batch_good  completed")] != []
    assert "Job 1 is completed_with_failures (1/2 completed)" in lines
    assert re.fullmatch(r"Keboola run: success after .* \(run \d+\)", lines[-1])
    assert "\x1b" not in out.getvalue()


async def test_a_terminal_sees_batches_bars_and_the_run() -> None:
    out = io.StringIO()
    console = Console(file=out, width=120, force_terminal=True, color_system="standard")
    async with TeckoChecker.in_memory() as tecko:
        job_id = await started(tecko)
        await tecko.advance(2 * STEP)
        view = await tecko.jobs.get(job_id)
        console.print(picture(Screen(console, signs=True, zone=None), view, tecko.clock.now()))
    shown = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert "🟢 active   1/2 completed   next check in 10:00" in shown
    assert re.search(r"batch_good +✓ completed", shown)
    assert "waits for 1 batch" in shown
