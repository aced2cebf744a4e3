"""What goes out as JSON: `--json` on the command line and the REST API print the same.

Nothing of a secret but what names it is in here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from teckochecker.application import errors
from teckochecker.application.definitions import Applied, Made
from teckochecker.application.health import HealthReport
from teckochecker.application.ports import HistoryEntry, Notice
from teckochecker.application.views import JobView, JobViews
from teckochecker.domain.batch import Batch
from teckochecker.domain.errors import InvalidTransition, InvalidValue
from teckochecker.domain.findings import Checked
from teckochecker.domain.job import PollingJob
from teckochecker.domain.run import KeboolaRun
from teckochecker.domain.secret import Secret
from teckochecker.domain.trigger import Trigger
from teckochecker.entrypoints.bodies import (
    AppliedBody,
    AppliedJobBody,
    BatchBody,
    CheckedBody,
    FindingBody,
    HealthBody,
    JobBody,
    JobsBody,
    LogBody,
    NoticeBody,
    ProblemBody,
    RunBody,
    SecretBody,
    SecretsBody,
    TriggerBody,
)
from teckochecker.entrypoints.settings import SettingsError

_PROBLEMS: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (InvalidValue, 422, "A value is not valid"),
    (errors.NotSigned, 400, "Not signed"),
    (errors.NotAdmitted, 401, "Not admitted"),
    (errors.NotPermitted, 403, "Not permitted"),
    (errors.NotFound, 404, "Not found"),
    (InvalidTransition, 409, "Not possible in this state"),
    (errors.EditedMeanwhile, 412, "Changed meanwhile"),
    (errors.Conflict, 409, "Not possible now"),
    (errors.WrongKey, 500, "SECRET_KEY does not fit"),
    (errors.StorageUnavailable, 503, "The database does not answer"),
    (errors.Unavailable, 503, "A service does not answer"),
    (errors.GatewayError, 502, "A service refused"),
)
"""Which status and title an error has: the first row that fits counts."""


def job_body(view: JobView, *, logs: Sequence[HistoryEntry] | None = None) -> JobBody:
    """A job, and what happened to it where that was asked for."""
    job, target = view.job, view.job.target
    body: JobBody = {
        "id": job.id,
        "name": job.name,
        "key": job.key,
        "status": job.status.value,
        "held_reason": view.held_reason,
        "last_error": job.last_error,
        "batches": [_batch(place, batch, job) for place, batch in enumerate(job.batches, start=1)],
        "batch_count": len(job.batches),
        "completed_count": job.completed_count,
        "failed_count": job.failed_count,
        "openai_secret_id": job.openai_secret_id,
        "openai_secret_name": job.openai_secret_name,
        "keboola_secret_id": job.keboola_secret_id,
        "keboola_secret_name": job.keboola_secret_name,
        "keboola_stack_url": str(target.stack_url),
        "keboola_component_id": target.component_id,
        "keboola_configuration_id": target.configuration_id,
        "branch_id": target.branch_id,
        "row_ids": list(target.row_ids),
        "variables": dict(target.variables),
        "poll_interval_seconds": int(job.interval.total_seconds()),
        "last_check_at": _maybe(job.last_check_at),
        "next_check_at": _maybe(job.next_check_at),
        "created_at": moment(job.created_at),
        "completed_at": _maybe(job.completed_at),
        "version": job.version,
        "trigger": _trigger(view.trigger) if view.trigger else None,
        "checked": _checked(view.checked) if view.checked else None,
    }
    if logs is not None:
        body["logs"] = history_body(logs)
    return body


def jobs_body(views: JobViews) -> JobsBody:
    """A page of jobs."""
    return {
        "jobs": [job_body(view) for view in views.jobs],
        "total": views.total,
        "next_cursor": str(views.jobs[-1].job.id) if views.more else None,
    }


def applied_body(applied: Sequence[Applied], *, dry_run: bool) -> AppliedBody:
    """What came of definitions."""
    jobs: list[AppliedJobBody] = [
        {
            "key": one.job.key,
            "job_id": None if dry_run and one.made is Made.CREATED else one.job.id,
            "made": one.made.value,
            "changed": list(one.changed),
            "checked": _checked(one.checked) if one.checked else None,
        }
        for one in applied
    ]
    return {"jobs": jobs, "dry_run": dry_run}


def notice_body(notice: Notice) -> NoticeBody:
    """A notice that was not delivered."""
    return {
        "id": notice.id,
        "channel": notice.channel,
        "job_id": notice.event.job_id,
        "event": str(notice.event),
        "at": moment(notice.event.at),
        "due_at": _maybe(notice.due_at),
        "attempts": notice.attempts,
        "last_error": notice.last_error,
    }


def secret_body(secret: Secret) -> SecretBody:
    """A secret, never its value."""
    return {
        "id": secret.id,
        "name": secret.name,
        "type": secret.type.value,
        "base_url": secret.base_url,
        "project": secret.project.name if secret.project else None,
        "held_reason": secret.held_reason,
        "created_at": moment(secret.created_at),
        "replaced_at": _maybe(secret.replaced_at),
    }


def secrets_body(secrets: Sequence[Secret]) -> SecretsBody:
    """All secrets."""
    return {"secrets": [secret_body(secret) for secret in secrets], "total": len(secrets)}


def history_body(entries: Sequence[HistoryEntry]) -> list[LogBody]:
    """What happened, in the order given."""
    return [
        {
            "id": entry.id,
            "job_id": entry.event.job_id,
            "kind": entry.event.kind,
            "message": str(entry.event),
            "data": dict(entry.event.data),
            "created_at": moment(entry.event.at),
        }
        for entry in entries
    ]


def health_body(report: HealthReport, version: str) -> HealthBody:
    """How the service is doing."""
    return {
        "status": "healthy" if report.healthy else "unhealthy",
        "timestamp": moment(report.at),
        "version": version,
        "database": "connected" if report.database else "unavailable",
        "watching": report.watching.value,
        "lateness_seconds": round(report.lateness.total_seconds(), 3),
        "uptime_seconds": int((report.at - report.started_at).total_seconds()),
        "faults": list(report.faults),
    }


def problem_body(error: Exception) -> ProblemBody:
    """An error as RFC 9457 tells it. Words of errors that nobody foresaw stay inside: they may hold anything."""
    known = next(((status, title) for kind, status, title in _PROBLEMS if isinstance(error, kind)), None)
    if known is None:
        detail = "Something went wrong inside TeckoChecker; its log says more"
        return {"type": _type("Fault"), "title": "A fault of TeckoChecker", "status": 500, "detail": detail}
    status, title = known
    name = type(error).__name__
    body: ProblemBody = {"type": _type(name), "title": title, "status": status, "detail": str(error)}
    match error:
        case SettingsError() | errors.FaultyDefinitions():
            body["faults"] = list(error.faults)
        case InvalidValue() | errors.NotFound() | errors.OtherStack() if error.field:
            body["field"] = error.field
        case errors.CheckFailed():
            body["findings"] = _findings(error.checked)
        case errors.SecretInUse():
            body["jobs"] = list(error.jobs)
        case errors.Unavailable() if error.retry_at:
            body["retry_at"] = moment(error.retry_at)
        case errors.Rejected() if error.exception_id:
            body["exception_id"] = error.exception_id
    return body


def moment(at: datetime) -> str:
    """A time, to the millisecond."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _maybe(at: datetime | None) -> str | None:
    return moment(at) if at else None


def _type(name: str) -> str:
    """A name that programs can rely on, such as `urn:teckochecker:problem:secret-in-use`."""
    return f"urn:teckochecker:problem:{re.sub('(?<!^)(?=[A-Z])', '-', name).lower()}"


def _checked(checked: Checked) -> CheckedBody:
    return {"at": moment(checked.at), "findings": _findings(checked), "defaults": sorted(checked.defaults)}


def _findings(checked: Checked) -> list[FindingBody]:
    return [
        {"level": finding.level.value, "about": finding.about, "detail": finding.says} for finding in checked.findings
    ]


def _batch(place: int, batch: Batch, job: PollingJob) -> BatchBody:
    counts = batch.counts
    return {
        "id": place,
        "batch_id": str(batch.id),
        "status": str(batch.status),
        "created_at": moment(job.created_at),
        "completed_at": _maybe(batch.ended_at),
        "request_counts": None
        if counts is None
        else {"total": counts.total, "completed": counts.completed, "failed": counts.failed},
        "output_file_id": batch.output_file_id,
        "error_file_id": batch.error_file_id,
        "errors": [
            {"code": error.code, "message": error.message, "param": error.param, "line": error.line}
            for error in batch.errors
        ],
        "openai_created_at": _maybe(batch.created_at),
        "in_progress_at": _maybe(batch.in_progress_at),
        "finalizing_at": _maybe(batch.finalizing_at),
        "expires_at": _maybe(batch.expires_at),
        "changed_at": _maybe(batch.changed_at),
        "missing_since": _maybe(batch.missing_since),
    }


def _trigger(trigger: Trigger) -> TriggerBody:
    return {
        "id": str(trigger.id),
        "state": trigger.state.value,
        "generation": trigger.generation,
        "attempts": len(trigger.attempts),
        "reason": trigger.reason,
        "last_error": trigger.last_error,
        "exception_id": trigger.attempts[-1].exception_id if trigger.attempts else None,
        "next_step_at": _maybe(trigger.due_at),
        "created_at": moment(trigger.created_at),
        "settled_at": _maybe(trigger.settled_at),
        "run": _run(trigger.run) if trigger.run else None,
    }


def _run(run: KeboolaRun) -> RunBody:
    return {
        "id": run.id,
        "status": run.status,
        "link": run.link,
        "created_at": _maybe(run.created_at),
        "started_at": _maybe(run.started_at),
        "ended_at": _maybe(run.ended_at),
        "duration_seconds": run.duration_s,
        "message": run.message,
    }
