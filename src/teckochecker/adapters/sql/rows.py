"""Rows and entities, translated by hand in both directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from attrs import asdict
from sqlalchemy import Row

from teckochecker.application.ports import HistoryEntry
from teckochecker.domain.batch import Batch, BatchError, BatchStatus, RequestCounts
from teckochecker.domain.events import Event, recall
from teckochecker.domain.job import PollingJob
from teckochecker.domain.secret import Project, Sealed, Secret, SecretId, SecretType
from teckochecker.domain.status import JobStatus
from teckochecker.domain.values import BatchId, KeboolaTarget, StackUrl
from teckochecker.domain.watched import WatchedJob

Values = dict[str, Any]

_JOB_STATUSES = {str(status): status for status in JobStatus}
_batch_status = lru_cache(64)(BatchStatus)


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
        "key": job.key,
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
        "overdue_at": job.overdue_at,
        "completed_at": job.completed_at,
        "deleted_at": job.deleted_at,
        "folded_name": job.name.casefold(),
        "doubted_since": job.doubted_since,
    }


def job_of(row: Sequence[Any], batches: Sequence[Batch]) -> PollingJob:
    """A job from its row, in the order of the table's columns, and its batches.

    Unpacking reads a row several times as fast as names do.
    """
    (
        job_id,
        name,
        key,
        status,
        version,
        generation,
        openai_secret_id,
        openai_secret_name,
        keboola_secret_id,
        keboola_secret_name,
        target,
        interval_s,
        next_check_at,
        last_check_at,
        failures,
        last_error,
        created_at,
        overdue_at,
        completed_at,
        deleted_at,
        _,
        doubted_since,
    ) = row
    return PollingJob(
        id=job_id,
        name=name,
        key=key,
        status=_JOB_STATUSES[status],
        version=version,
        generation=generation,
        openai_secret_id=openai_secret_id,
        openai_secret_name=openai_secret_name,
        keboola_secret_id=keboola_secret_id,
        keboola_secret_name=keboola_secret_name,
        target=target_of(target),
        interval=timedelta(seconds=interval_s),
        batches=tuple(batches),
        created_at=created_at,
        next_check_at=next_check_at,
        last_check_at=last_check_at,
        failures=failures,
        last_error=last_error,
        overdue_at=overdue_at,
        completed_at=completed_at,
        deleted_at=deleted_at,
        doubted_since=doubted_since,
    )


WATCHED: Final = (
    "id",
    "openai_secret_id",
    "interval_s",
    "next_check_at",
    "last_check_at",
    "failures",
    "last_error",
    "overdue_at",
)
"""The columns of a due job that its look needs; those of its batches stand behind them."""


def watched_of(rows: Sequence[Sequence[Any]]) -> WatchedJob:
    """A due job, which is an active one, from a row for each of its batches."""
    job_id, openai_secret_id, interval_s, next_check_at, last_check_at, failures, last_error, overdue_at, *_ = rows[0]
    return WatchedJob(
        id=job_id,
        openai_secret_id=openai_secret_id,
        interval=timedelta(seconds=interval_s),
        batches=tuple([batch_of(row[len(WATCHED) :]) for row in rows]),
        next_check_at=next_check_at,
        last_check_at=last_check_at,
        failures=failures,
        last_error=last_error,
        overdue_at=overdue_at,
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
        "in_progress_at": batch.in_progress_at,
        "finalizing_at": batch.finalizing_at,
        "expires_at": batch.expires_at,
        "missing_since": batch.missing_since,
        "changed_at": batch.changed_at,
        "ended_at": batch.ended_at,
    }


def batch_rows(job: PollingJob) -> list[Values]:
    """The rows of all batches of a job."""
    shared = _shared(job)
    return [
        {"job_id": job.id, "position": position, **batch_values(batch), "shared": shared.get(batch.id)}
        for position, batch in enumerate(job.batches)
    ]


def _shared(job: PollingJob) -> Mapping[str, int]:
    """How many signs each batch id begins with in common with the one that sorts before it; none of deleted jobs."""
    ids: list[str] = sorted(batch.id for batch in job.batches if not job.deleted_at)
    return {this: _alike(last, this) for last, this in pairwise(["", *ids])}


def _alike(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (sign, its) in pairs if sign != its), min(len(one), len(other)))


def batch_of(row: Sequence[Any]) -> Batch:
    """A batch from its row, in the order of the table's columns."""
    (
        _,
        _,
        batch_id,
        status,
        total,
        done,
        failed,
        output_file_id,
        error_file_id,
        errors,
        created_at,
        in_progress_at,
        finalizing_at,
        expires_at,
        missing_since,
        changed_at,
        ended_at,
        _,
    ) = row
    return Batch(
        id=BatchId.trusted(batch_id),
        status=_batch_status(status),
        counts=None if total is None else RequestCounts(total, done, failed),
        output_file_id=output_file_id,
        error_file_id=error_file_id,
        errors=tuple(BatchError(**error) for error in errors) if errors else (),
        created_at=created_at,
        in_progress_at=in_progress_at,
        finalizing_at=finalizing_at,
        expires_at=expires_at,
        missing_since=missing_since,
        changed_at=changed_at,
        ended_at=ended_at,
    )


def event_values(event: Event) -> Values:
    """An event's row."""
    return {"job_id": event.job_id, "at": event.at, "kind": event.kind, "data": dict(event.data)}


def entry_of(row: Row[Any]) -> HistoryEntry:
    """An entry from its row. JSON knows no tuples."""
    data = {name: tuple(value) if isinstance(value, list) else value for name, value in row.data.items()}
    return HistoryEntry(id=row.id, event=recall(row.kind, data, at=row.at, job_id=row.job_id))
