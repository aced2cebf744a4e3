"""Triggers, attempts and runs, translated by hand into rows and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from attrs import asdict
from sqlalchemy import Row

from teckochecker.adapters.sql.rows import Values, target_json, target_of
from teckochecker.domain.protocol import Hold, TriggerState
from teckochecker.domain.run import Attempt, KeboolaRun, Outcome
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import JobId


def trigger_values(trigger: Trigger) -> Values:
    """A trigger's columns, without its id, attempts and runs."""
    return {
        "job_id": trigger.job_id,
        "generation": trigger.generation,
        "state": str(trigger.state),
        "hold": trigger.hold and str(trigger.hold),
        "reason": trigger.reason,
        "payload": dict(trigger.payload),
        "defaults": dict(trigger.defaults),
        "target": target_json(trigger.target),
        "secret_id": trigger.secret_id,
        "run_id": trigger.run_id,
        "due_at": trigger.due_at,
        "kills": sorted(trigger.kills),
        "looks": trigger.looks,
        "looking_since": trigger.looking_since,
        "confirm_until": trigger.confirm_until,
        "failures": trigger.failures,
        "last_error": trigger.last_error,
        "created_at": trigger.created_at,
        "settled_at": trigger.settled_at,
    }


def trigger_of(row: Row[Any], attempts: Sequence[Attempt], runs: Sequence[KeboolaRun]) -> Trigger:
    """A trigger from its rows."""
    return Trigger(
        id=row.id,
        job_id=JobId(row.job_id),
        generation=row.generation,
        state=TriggerState(row.state),
        hold=row.hold and Hold(row.hold),
        reason=row.reason,
        payload=row.payload,
        defaults=row.defaults,
        target=target_of(row.target),
        secret_id=row.secret_id,
        run_id=row.run_id,
        due_at=row.due_at,
        attempts=tuple(attempts),
        runs=tuple(runs),
        kills=frozenset(row.kills),
        looks=row.looks,
        looking_since=row.looking_since,
        confirm_until=row.confirm_until,
        failures=row.failures,
        last_error=row.last_error,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )


def attempt_values(trigger_id: UUID, attempt: Attempt) -> Values:
    """An attempt's row."""
    return {
        "trigger_id": trigger_id,
        "n": attempt.n,
        "sent_at": attempt.sent_at,
        "target": target_json(attempt.target),
        "secret_id": attempt.secret_id,
        "secret_version": attempt.secret_version,
        "project_id": attempt.project_id,
        "token_id": attempt.token_id,
        "delay_s": int(attempt.delay.total_seconds()),
        "outcome": attempt.outcome and str(attempt.outcome),
        "http": attempt.http,
        "exception_id": attempt.exception_id,
        "message": attempt.message,
        "answered_at": attempt.answered_at,
    }


def attempt_of(row: Row[Any]) -> Attempt:
    """An attempt from its row."""
    return Attempt(
        n=row.n,
        sent_at=row.sent_at,
        target=target_of(row.target),
        secret_id=row.secret_id,
        secret_version=row.secret_version,
        project_id=row.project_id,
        token_id=row.token_id,
        delay=timedelta(seconds=row.delay_s),
        outcome=row.outcome and Outcome(row.outcome),
        http=row.http,
        exception_id=row.exception_id,
        message=row.message,
        answered_at=row.answered_at,
    )


def run_values(trigger_id: UUID, position: int, run: KeboolaRun) -> Values:
    """A run's row."""
    told = asdict(run)
    return {
        "trigger_id": trigger_id,
        "position": position,
        "run_id": told.pop("id"),
        "told_trigger_id": told.pop("trigger_id"),
        **told,
    }


def run_of(row: Row[Any]) -> KeboolaRun:
    """A run from its row."""
    return KeboolaRun(
        id=row.run_id,
        status=row.status,
        component_id=row.component_id,
        configuration_id=row.configuration_id,
        project_id=row.project_id,
        trigger_id=row.told_trigger_id,
        token_id=row.token_id,
        created_at=row.created_at,
        not_before=row.not_before,
        started_at=row.started_at,
        ended_at=row.ended_at,
        duration_s=row.duration_s,
        message=row.message,
        link=row.link,
    )
