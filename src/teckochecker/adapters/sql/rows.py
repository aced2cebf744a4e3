"""Rows and entities, translated by hand in both directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from attrs import asdict
from sqlalchemy import Row

from teckochecker.application.ports import HistoryEntry
from teckochecker.domain.batch import Batch, BatchError, BatchStatus, RequestCounts
from teckochecker.domain.events import Event, recall
from teckochecker.domain.job import PollingJob
from teckochecker.domain.protocol import Hold, TriggerState
from teckochecker.domain.run import Attempt, KeboolaRun, Outcome
from teckochecker.domain.secret import Project, Sealed, Secret, SecretId, SecretType
from teckochecker.domain.status import JobStatus
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import BatchId, JobId, KeboolaTarget, StackUrl

Values = dict[str, Any]


def target_json(target: KeboolaTarget) -> Values:
    """A target as stored."""
    return asdict(target)


def target_of(stored: Mapping[str, Any]) -> KeboolaTarget:
    """A target as it was stored; its stack passed the rule then."""
    fields = {**stored, "stack_url": StackUrl.trusted(stored["stack_url"]), "row_ids": tuple(stored["row_ids"])}
    return KeboolaTarget(**fields)


def secret_values(secret: Secret) -> Values:
    """A secret's columns, without its id."""
    project = secret.project
    return {
        "name": secret.name,
        "type": str(secret.type),
        "sealed": secret.sealed,
        "version": secret.version,
        "base_url": secret.base_url,
        "project_id": project and project.id,
        "project_name": project and project.name,
        "token_id": project and project.token_id,
        "held_since": secret.held_since,
        "held_reason": secret.held_reason,
        "created_at": secret.created_at,
        "replaced_at": secret.replaced_at,
    }


def secret_of(row: Row[Any]) -> Secret:
    """A secret from its row."""
    known = row.project_id is not None
    return Secret(
        id=SecretId(row.id),
        name=row.name,
        type=SecretType(row.type),
        sealed=Sealed(row.sealed),
        version=row.version,
        base_url=row.base_url,
        project=Project(id=row.project_id, name=row.project_name, token_id=row.token_id) if known else None,
        held_since=row.held_since,
        held_reason=row.held_reason,
        created_at=row.created_at,
        replaced_at=row.replaced_at,
    )


def job_values(job: PollingJob) -> Values:
    """A job's columns, without its id and its batches."""
    return {
        "name": job.name,
        "status": str(job.status),
        "version": job.version,
        "generation": job.generation,
        "openai_secret_id": job.openai_secret_id,
        "openai_secret_name": job.openai_secret_name,
        "keboola_secret_id": job.keboola_secret_id,
        "keboola_secret_name": job.keboola_secret_name,
        "target": target_json(job.target),
        "interval_s": int(job.interval.total_seconds()),
        "next_check_at": job.next_check_at,
        "last_check_at": job.last_check_at,
        "failures": job.failures,
        "last_error": job.last_error,
        "created_at": job.created_at,
        "completed_at": job.completed_at,
        "deleted_at": job.deleted_at,
    }


def job_of(row: Row[Any], batches: Sequence[Batch]) -> PollingJob:
    """A job from its row and its batches."""
    return PollingJob(
        id=JobId(row.id),
        name=row.name,
        status=JobStatus(row.status),
        version=row.version,
        generation=row.generation,
        openai_secret_id=row.openai_secret_id,
        openai_secret_name=row.openai_secret_name,
        keboola_secret_id=row.keboola_secret_id,
        keboola_secret_name=row.keboola_secret_name,
        target=target_of(row.target),
        interval=timedelta(seconds=row.interval_s),
        batches=tuple(batches),
        next_check_at=row.next_check_at,
        last_check_at=row.last_check_at,
        failures=row.failures,
        last_error=row.last_error,
        created_at=row.created_at,
        completed_at=row.completed_at,
        deleted_at=row.deleted_at,
    )


def batch_values(batch: Batch) -> Values:
    """A batch's columns, without its place."""
    counts = batch.counts
    return {
        "batch_id": str(batch.id),
        "status": str(batch.status),
        "total": counts and counts.total,
        "done": counts and counts.completed,
        "failed": counts and counts.failed,
        "output_file_id": batch.output_file_id,
        "error_file_id": batch.error_file_id,
        "errors": [asdict(error) for error in batch.errors] or None,
        "created_at": batch.created_at,
        "expires_at": batch.expires_at,
        "missing_since": batch.missing_since,
        "changed_at": batch.changed_at,
        "ended_at": batch.ended_at,
    }


def batch_of(row: Row[Any]) -> Batch:
    """A batch from its row."""
    return Batch(
        id=BatchId(row.batch_id),
        status=BatchStatus(row.status),
        counts=None if row.total is None else RequestCounts(row.total, row.done, row.failed),
        output_file_id=row.output_file_id,
        error_file_id=row.error_file_id,
        errors=tuple(BatchError(**error) for error in row.errors or ()),
        created_at=row.created_at,
        expires_at=row.expires_at,
        missing_since=row.missing_since,
        changed_at=row.changed_at,
        ended_at=row.ended_at,
    )


def trigger_values(trigger: Trigger) -> Values:
    """A trigger's columns, without its id, attempts and runs."""
    return {
        "job_id": trigger.job_id,
        "generation": trigger.generation,
        "state": str(trigger.state),
        "hold": trigger.hold and str(trigger.hold),
        "reason": trigger.reason,
        "payload": dict(trigger.payload),
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
        trigger_id=row.told_trigger_id,
        token_id=row.token_id,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        duration_s=row.duration_s,
        message=row.message,
        link=row.link,
    )


def event_values(event: Event) -> Values:
    """An event's row."""
    return {"job_id": event.job_id, "at": event.at, "kind": event.kind, "data": dict(event.data)}


def entry_of(row: Row[Any]) -> HistoryEntry:
    """An entry from its row. JSON knows no tuples."""
    data = {name: tuple(value) if isinstance(value, list) else value for name, value in row.data.items()}
    return HistoryEntry(id=row.id, event=recall(row.kind, data, at=row.at, job_id=row.job_id))
