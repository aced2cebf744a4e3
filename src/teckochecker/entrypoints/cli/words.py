"""How statuses and moments are shown: sign, colour and word."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from rich.text import Text

from teckochecker.application.views import JobView
from teckochecker.domain.batch import Batch, BatchStatus
from teckochecker.domain.protocol import TriggerState
from teckochecker.domain.status import JobStatus
from teckochecker.domain.trigger import Trigger
from teckochecker.entrypoints.cli.screen import Screen, plain

_JOBS: Final = {
    JobStatus.ACTIVE: ("🟢", "green"),
    JobStatus.PAUSED: ("🟡", "yellow"),
    JobStatus.TRIGGERING: ("🔄", "yellow"),
    JobStatus.COMPLETED: ("✓", "green"),
    JobStatus.COMPLETED_WITH_FAILURES: ("✓", "yellow"),
    JobStatus.FAILED: ("✗", "red"),
}
_BATCHES: Final = {
    BatchStatus.QUEUED: ("🔄", "blue"),
    BatchStatus.VALIDATING: ("🔄", "blue"),
    BatchStatus.IN_PROGRESS: ("⏳", "yellow"),
    BatchStatus.FINALIZING: ("⏳", "yellow"),
    BatchStatus.CANCELLING: ("⏳", "yellow"),
    BatchStatus.COMPLETED: ("✓", "green"),
}
_RUNS: Final = {
    "success": ("✓", "green"),
    "warning": ("✓", "yellow"),
    "error": ("✗", "red"),
    "cancelled": ("✗", "red"),
    "terminated": ("✗", "red"),
}
_TRIGGERS: Final = {
    TriggerState.INTENT: "to be started",
    TriggerState.SENT: "being started",
    TriggerState.UNKNOWN: "looking for the run",
    TriggerState.CONFIRMING: "making sure it is one run",
    TriggerState.ACCEPTED: "accepted",
    TriggerState.WITHDRAWN: "called off",
    TriggerState.ENDED: "ended",
}


def job_status(screen: Screen, view: JobView) -> Text:
    """The status of a job; of a held one that it is held."""
    status = view.job.status
    if view.held_reason:
        return _signed(screen, "🟠", "dark_orange", f"{status.value} (held)")
    return _signed(screen, *_JOBS[status], status.value)


def batch_status(screen: Screen, batch: Batch) -> Text:
    """The status of a batch; one that nobody knows as it came."""
    ended_badly = ("✗", "red") if batch.ended else ("⏳", "yellow")
    return _signed(screen, *_BATCHES.get(batch.status, ended_badly), plain(batch.status))


def run_status(screen: Screen, view: JobView) -> Text:
    """Where the job's Keboola run stands."""
    trigger = view.trigger
    if trigger is None:
        waiting = len(view.job.open_batches)
        if not waiting:
            return Text("to be started")
        return Text(f"waits for {waiting} batch{'es' if waiting > 1 else ''}", style="dim")
    if trigger.run:
        run = trigger.run
        spent = f" after {duration(run.duration_s)}" if run.finished and run.duration_s is not None else ""
        return _signed(screen, *_RUNS.get(run.status, ("⏳", "yellow")), f"{plain(run.status)}{spent} (run {run.id})")
    if trigger.state in (TriggerState.REFUSED, TriggerState.HELD):
        why = plain(trigger.reason or "")
        return _signed(screen, "✗" if trigger.state is TriggerState.REFUSED else "🟠", "red", f"{trigger.state}: {why}")
    return _signed(screen, "🔄", "yellow", _TRIGGERS[trigger.state])


def counts(batch: Batch) -> str:
    """Requests done of all; `-` before OpenAI counted them."""
    if batch.counts is None or not batch.counts.total:
        return "-"
    done = batch.counts.completed + batch.counts.failed
    return f"{done:,}/{batch.counts.total:,}"


def trouble(batch: Batch) -> str:
    """What went wrong in a batch, in a few words."""
    if batch.errors:
        first = batch.errors[0]
        where = f"line {first.line}: " if first.line else ""
        return plain(f"{where}{first.message or first.code or ''}", limit=200)
    if batch.missing_since and not batch.ended:
        return "not found with this key"
    return f"{batch.counts.failed:,} failed" if batch.counts and batch.counts.failed else ""


def settled(trigger: Trigger | None) -> bool:
    """Nothing more will happen to this trigger by itself."""
    return trigger is not None and trigger.state in (
        TriggerState.ENDED,
        TriggerState.REFUSED,
        TriggerState.WITHDRAWN,
    )


def span(time: timedelta) -> str:
    """`2 hours 15 minutes`: the two largest units, or the seconds of less than a minute."""
    minutes, seconds = divmod(max(int(time.total_seconds()), 0), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    counted = [(days, "day"), (hours, "hour"), (minutes, "minute")]
    told = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in counted if count]
    return " ".join(told[:2]) or f"{seconds} second{'' if seconds == 1 else 's'}"


def duration(seconds: float) -> str:
    """`0:48`, `2:15`, `1:02:03`."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _signed(screen: Screen, sign: str, style: str, words: str) -> Text:
    return Text.assemble(f"{screen.sign(sign)} " if screen.signs else "", (words, style))
