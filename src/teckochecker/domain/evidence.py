"""What became known about a trigger while it was in other hands. Evidence fills gaps; it never takes anything back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from attrs import evolve

from teckochecker.domain.run import Attempt, KeboolaRun
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.weighing import merged


def with_evidence(trigger: Trigger, evidence: Attempt | KeboolaRun, *, at: datetime) -> Trigger:
    """A stored trigger with a late answer or run. It is due, so that its holder takes it in; its state stays."""
    due_at = min(trigger.due_at, at) if trigger.due_at else at
    if isinstance(evidence, KeboolaRun):
        return evolve(trigger, runs=merged(trigger.runs, (evidence,)), due_at=due_at)
    return evolve(trigger, attempts=_filled(trigger.attempts, (evidence,)), due_at=due_at)


def completed(trigger: Trigger, stored: Trigger) -> Trigger:
    """A trigger to be written, with what was recorded since it was read. If there is any, it stays due."""
    attempts, runs = _filled(trigger.attempts, stored.attempts), merged(stored.runs, trigger.runs)
    if attempts == trigger.attempts and len(runs) == len(trigger.runs):
        return trigger
    due = [at for at in (trigger.due_at, stored.due_at) if at]
    return evolve(trigger, attempts=attempts, runs=runs, due_at=min(due, default=None))


def _filled(attempts: Collection[Attempt], answers: Collection[Attempt]) -> tuple[Attempt, ...]:
    known = {answer.n: answer for answer in answers if answer.outcome}
    return tuple(known.get(attempt.n, attempt) if attempt.outcome is None else attempt for attempt in attempts)
