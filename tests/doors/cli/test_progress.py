"""A job's progress: lines on a pipe, a picture on a terminal, until its run has ended."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from rich.console import Console

from teckochecker import JobView, Rehearsal, TeckoChecker
from teckochecker.domain.batch import RequestCounts
from teckochecker.entrypoints.cli.answer import as_json
from teckochecker.entrypoints.cli.progress import changes, follow, over, picture
from teckochecker.entrypoints.cli.screen import Screen
from teckochecker.entrypoints.wire import job_body
from tests.doors.nightly import nightly, with_secrets

STEP = timedelta(minutes=10)
AT_ONCE = timedelta(0)
STATUSES = ("active", "in_progress", "completed")


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


def terminal(out: io.StringIO, *, signs: bool = True) -> Screen:
    """A screen that takes colours and moves."""
    return Screen(Console(file=out, width=120, force_terminal=True, color_system="standard"), signs=signs, zone=None)


def shown(out: io.StringIO) -> str:
    """What stands on the terminal, without colours and moves."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())


async def test_a_pipe_gets_a_line_for_each_change_until_the_run_has_ended() -> None:
    out = io.StringIO()
    async with TeckoChecker.in_memory() as tecko:
        job_id = await started(tecko)
        view = await follow(passing(tecko, job_id), Screen.on(out), tecko.clock.now, every=AT_ONCE)
    assert view.job.status == "completed_with_failures"
    assert list(changes(Screen.on(out), view, view)) == []
    assert out.getvalue().splitlines() == [
        "Job 1 'Nightly' is active",
        "batch_good  completed  -",
        "batch_bad  in_progress  -",
        "batch_bad  expired  -",
        "Job 1 is completed_with_failures (1/2 completed)",
        "Keboola run: created (run 1001)",
        "Keboola run: success after 1:00 (run 1001)",
    ]


async def test_a_program_gets_the_job_whenever_it_has_changed() -> None:
    out = io.StringIO()
    before = as_json.set(True)
    async with TeckoChecker.in_memory() as tecko:
        job_id = await started(tecko)
        view = await follow(passing(tecko, job_id), terminal(out), tecko.clock.now, every=AT_ONCE)
    as_json.reset(before)
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    assert told[-1] == json.loads(json.dumps(job_body(view)))
    assert [one["status"] for one in told][-2:] == ["completed_with_failures"] * 2
    assert len({json.dumps(one) for one in told}) == len(told)


async def test_a_pipe_is_told_once_why_a_job_is_held() -> None:
    out = io.StringIO()
    async with TeckoChecker.in_memory() as tecko:
        await with_secrets(tecko)
        await tecko.jobs.create(nightly("batch_odd"))
        await tecko.run_until_idle()
        held = await tecko.jobs.get(1)
        lines = [*changes(Screen.on(out), None, held), *changes(Screen.on(out), held, held)]
    reason = "not found with this key: batch_odd; check the batch ID and the secret, then edit the job"
    assert lines == [
        "Job 1 'Nightly' is active",
        "batch_odd  queued  -  not found with this key",
        f"Job 1 is held: {reason}",
    ]


async def test_a_terminal_sees_the_picture_move_until_the_run_has_ended() -> None:
    out = io.StringIO()
    async with TeckoChecker.in_memory() as tecko:
        job_id = await started(tecko)
        view = await follow(passing(tecko, job_id), terminal(out), tecko.clock.now, every=AT_ONCE)
    assert over(view)
    seen = [line.rstrip() for line in shown(out).splitlines() if line.startswith("  Keboola")]
    assert list(dict.fromkeys(seen)) == [
        "  Keboola  waits for 1 batch",
        "  Keboola  ⏳ created (run 1001)",
        "  Keboola  ✓ success after 1:00 (run 1001)",
    ]


@pytest.mark.parametrize(
    ("signs", "bars"),
    [(True, ("██████████░░░░░░░░░░", "░" * 20)), (False, ("##########..........", "." * 20))],
)
async def test_a_terminal_sees_batches_bars_and_the_run(signs: bool, bars: tuple[str, str]) -> None:
    out = io.StringIO()
    async with TeckoChecker.in_memory() as tecko:
        await with_secrets(tecko)
        tecko.openai.put("batch_running", "in_progress", counts=RequestCounts(1200, 580, 20))
        tecko.openai.put("batch_0123456789abcdef0123456789", "completed", counts=RequestCounts(0, 0, 0))
        await tecko.jobs.create(nightly("batch_running", "batch_0123456789abcdef0123456789"))
        await tecko.run_until_idle()
        screen = terminal(out, signs=signs)
        screen.console.print(picture(screen, await tecko.jobs.get(1), tecko.clock.now()))
    running, other = bars
    sign = {"active": "🟢 ", "in_progress": "⏳ ", "completed": "✓ "} if signs else dict.fromkeys(STATUSES, "")
    assert [" ".join(line.split()) for line in shown(out).splitlines() if line.strip()] == [
        f"#1 Nightly {sign['active']}active 1/2 completed next check in 2:00",
        f"batch_running {sign['in_progress']}in_progress 600/1,200 {running} 20 failed",
        f"batch_0123…ef0123456789 {sign['completed']}completed - {other}",
        "Keboola waits for 1 batch",
    ]
