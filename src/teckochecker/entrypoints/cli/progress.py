"""A job's progress: a picture that moves on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from teckochecker.application.views import JobView
from teckochecker.domain.batch import Batch
from teckochecker.domain.status import DONE, JobStatus
from teckochecker.entrypoints.cli.answer import as_json, print_json
from teckochecker.entrypoints.cli.screen import Screen, plain
from teckochecker.entrypoints.cli.words import (
    batch_status,
    counts,
    duration,
    job_status,
    run_status,
    settled,
    trouble,
)
from teckochecker.entrypoints.wire import job_body

_BAR: Final = 20  # cells
_STYLES: Final = {"completed": "green", "failed": "red", "expired": "red", "cancelled": "red", "lost": "red"}

Read = Callable[[], Awaitable[JobView]]
Now = Callable[[], datetime]


def over(view: JobView) -> bool:
    """Nothing more will happen to the job by itself: its run has ended, or there will be none."""
    return view.job.status in DONE | {JobStatus.FAILED} and (view.trigger is None or settled(view.trigger))


async def follow(read: Read, screen: Screen, now: Now, *, every: timedelta) -> JobView:
    """Show the job until it is over. `every`: how often to look, in real time."""
    if as_json.get() or not screen.console.is_terminal:
        return await _follow_lines(read, screen, every)
    view = await read()
    # drawn by us alone: a thread that draws as well would tear the picture
    with Live(picture(screen, view, now()), console=screen.console, auto_refresh=False) as live:
        while not over(view):
            await asyncio.sleep(every.total_seconds())
            view = await read()
            live.update(picture(screen, view, now()), refresh=True)
    return view


async def _follow_lines(read: Read, screen: Screen, every: timedelta) -> JobView:
    before: JobView | None = None
    while True:
        view = await read()
        if view != before:
            if as_json.get():
                print_json(job_body(view), screen.console.file, lines=True)
            for line in [] if as_json.get() else changes(screen, before, view):
                screen.say(line)
        if over(view):
            return view
        before = view
        await asyncio.sleep(every.total_seconds())


def picture(screen: Screen, view: JobView, now: datetime) -> Group:
    """The job, its batches with their bars, and its Keboola run."""
    job = view.job
    head = Text.assemble((f"#{job.id} ", "dim"), (plain(job.name, 60), "bold"), "   ")
    head.append_text(job_status(screen, view)).append(f"   {job.completed_count}/{len(job.batches)} completed")
    if job.next_check_at:
        head.append("   next check in ", "dim").append(duration((job.next_check_at - now).total_seconds()))
    rows = Table.grid(padding=(0, 2))
    for batch in job.batches:
        rows.add_row(
            f"  {_short(batch.id)}",
            batch_status(screen, batch),
            Text(counts(batch), justify="right"),
            _bar(screen, batch),
            Text(trouble(batch), "red" if batch.ended else "dim"),
        )
    run = Text.assemble(("  Keboola  ", "dim")).append_text(run_status(screen, view))
    held = [Text(f"  {plain(view.held_reason)}", "dark_orange")] if view.held_reason else []
    return Group(Text(), head, *held, Text(), rows, Text(), run, Text())


def changes(screen: Screen, before: JobView | None, after: JobView) -> Iterator[str]:
    """A line for whatever moved between two looks."""
    known = {batch.id: batch for batch in before.job.batches} if before else {}
    if before is None:
        yield f"Job {after.job.id} '{plain(after.job.name)}' is {after.job.status}"
    for batch in after.job.batches:
        old = known.get(batch.id)
        if old is None or old.status != batch.status:
            parts = (str(batch.id), batch_status(screen, batch).plain, counts(batch), trouble(batch))
            yield "  ".join(part for part in parts if part)
    if before and before.job.status is not after.job.status:
        done = f"{after.job.completed_count}/{len(after.job.batches)} completed"
        yield f"Job {after.job.id} is {after.job.status} ({done})"
    if after.held_reason and (before is None or before.held_reason != after.held_reason):
        yield f"Job {after.job.id} is held: {plain(after.held_reason)}"
    if after.trigger and (before is None or before.trigger is None or _moved(before, after, screen)):
        yield f"Keboola run: {run_status(screen, after).plain}"


def _moved(before: JobView, after: JobView, screen: Screen) -> bool:
    return run_status(screen, before).plain != run_status(screen, after).plain


def _bar(screen: Screen, batch: Batch) -> Text:
    full, empty = ("█", "░") if screen.signs else ("#", ".")
    done = 0
    if batch.counts and batch.counts.total:
        done = _BAR * (batch.counts.completed + batch.counts.failed) // batch.counts.total
    style = _STYLES.get(batch.status, "yellow")
    return Text.assemble((full * done, style), (empty * (_BAR - done), "dim"))


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:10]}…{text[-12:]}"
