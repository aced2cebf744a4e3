"""What answers look like, for the API's description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from teckochecker.entrypoints.admin import AuditBody, TokenBody, TokensBody
from teckochecker.entrypoints.bodies import (
    BatchBody,
    DoneBody,
    HealthBody,
    HistoryBody,
    JobBody,
    JobsBody,
    LogBody,
    ProblemBody,
    SecretBody,
    SecretsBody,
    StatsBody,
    TriggerBody,
)

_BATCH: Final[BatchBody] = {
    "id": 1,
    "batch_id": "batch_abc123",
    "status": "completed",
    "created_at": "2026-01-05T12:00:00.000Z",
    "completed_at": "2026-01-05T13:02:10.000Z",
    "request_counts": {"total": 500, "completed": 500, "failed": 0},
    "output_file_id": "file-out123",
    "error_file_id": None,
    "errors": [],
    "openai_created_at": "2026-01-05T11:58:00.000Z",
    "in_progress_at": "2026-01-05T11:59:00.000Z",
    "finalizing_at": "2026-01-05T13:00:00.000Z",
    "expires_at": "2026-01-06T11:58:00.000Z",
    "changed_at": "2026-01-05T13:02:10.000Z",
    "missing_since": None,
}
_TRIGGER: Final[TriggerBody] = {
    "id": "019b8e0c-7a51-7c52-9d8f-0d1a5b6c7d8e",
    "state": "succeeded",
    "generation": 1,
    "attempts": 1,
    "reason": None,
    "last_error": None,
    "exception_id": None,
    "next_step_at": None,
    "created_at": "2026-01-05T13:02:10.000Z",
    "settled_at": "2026-01-05T13:04:00.000Z",
    "run": {
        "id": "807933170",
        "status": "success",
        "link": None,
        "created_at": "2026-01-05T13:02:11.000Z",
        "started_at": "2026-01-05T13:02:20.000Z",
        "ended_at": "2026-01-05T13:03:50.000Z",
        "duration_seconds": 90,
        "message": None,
    },
}
_JOB: Final[JobBody] = {
    "id": 1,
    "name": "Nightly reviews",
    "key": "nightly-reviews",
    "status": "completed",
    "held_reason": None,
    "last_error": None,
    "batches": [_BATCH],
    "batch_count": 1,
    "completed_count": 1,
    "failed_count": 0,
    "openai_secret_id": 1,
    "openai_secret_name": "openai-prod",
    "keboola_secret_id": 2,
    "keboola_secret_name": "keboola-prod",
    "keboola_stack_url": "https://connection.eu-central-1.keboola.com",
    "keboola_component_id": "kds-team.app-custom-python",
    "keboola_configuration_id": "123456",
    "branch_id": None,
    "row_ids": [],
    "variables": {},
    "poll_interval_seconds": 120,
    "last_check_at": "2026-01-05T13:02:10.000Z",
    "next_check_at": None,
    "created_at": "2026-01-05T12:00:00.000Z",
    "completed_at": "2026-01-05T13:02:12.000Z",
    "version": 1,
    "trigger": _TRIGGER,
    "checked": None,
}
_JOBS: Final[JobsBody] = {"jobs": [_JOB], "total": 1, "next_cursor": None}
_LOG: Final[LogBody] = {
    "id": 1,
    "job_id": 1,
    "kind": "JobCreated",
    "message": "Job created",
    "data": {},
    "created_at": "2026-01-05T12:00:00.000Z",
}
_HISTORY: Final[HistoryBody] = {"logs": [_LOG]}
_SECRET: Final[SecretBody] = {
    "id": 1,
    "name": "openai-prod",
    "type": "openai",
    "base_url": None,
    "project": None,
    "held_reason": None,
    "created_at": "2026-01-05T11:00:00.000Z",
    "replaced_at": None,
}
_SECRETS: Final[SecretsBody] = {"secrets": [_SECRET], "total": 1}
_TOKEN: Final[TokenBody] = {
    "id": 1,
    "name": "dashboard",
    "role": "viewer",
    "hint": "tck_1a2b",
    "created_at": "2026-01-05T11:00:00.000Z",
    "expires_at": None,
    "last_used_at": "2026-01-05T12:00:00.000Z",
    "revoked_at": None,
}
_TOKENS: Final[TokensBody] = {"tokens": [_TOKEN], "total": 1}
_AUDIT: Final[AuditBody] = {
    "entries": [
        {
            "id": 7,
            "at": "2026-01-05T12:30:00.000Z",
            "actor": "dashboard",
            "role": "operator",
            "peer": "10.0.0.7",
            "request_id": "4f1c2a",
            "action": "job.pause",
            "subject": "job 1",
            "before": {"status": "active"},
            "after": {"status": "paused"},
        }
    ],
    "total": 1,
    "next_cursor": None,
}
_STATS: Final[StatsBody] = {
    "total_jobs": 12,
    "active_jobs": 3,
    "paused_jobs": 1,
    "triggering_jobs": 0,
    "completed_jobs": 7,
    "completed_with_failures_jobs": 1,
    "failed_jobs": 1,
    "total_secrets": 2,
    "total_logs": 48,
    "uptime_seconds": 86400,
    "checks": 1440,
    "lateness_seconds": 0.0,
}
_HEALTH: Final[HealthBody] = {
    "status": "healthy",
    "timestamp": "2026-01-05T12:00:00.000Z",
    "version": "1.0.0",
    "database": "connected",
    "watching": "on",
    "lateness_seconds": 0.0,
    "uptime_seconds": 86400,
    "faults": [],
}
_DONE: Final[DoneBody] = {"message": "Job deleted successfully", "success": True}
_PROBLEM: Final[ProblemBody] = {
    "type": "urn:teckochecker:problem:invalid-body",
    "title": "A value is not valid",
    "status": 422,
    "detail": "'batch_ids' is required",
    "errors": [{"pointer": "/batch_ids", "detail": "'batch_ids' is required"}],
}

EXAMPLES: Final[Mapping[str, Any]] = {
    "JobBody": _JOB,
    "JobsBody": _JOBS,
    "HistoryBody": _HISTORY,
    "SecretBody": _SECRET,
    "SecretsBody": _SECRETS,
    "TokenBody": _TOKEN,
    "TokensBody": _TOKENS,
    "AuditBody": _AUDIT,
    "StatsBody": _STATS,
    "HealthBody": _HEALTH,
    "DoneBody": _DONE,
    "ProblemBody": _PROBLEM,
}
"""An example of each answer, by the name of its form."""

SENT: Final[Mapping[str, Mapping[str, Any]]] = {
    "job_id": {"examples": [1], "description": "The job's ID"},
    "secret_id": {"examples": [1], "description": "The secret's ID"},
    "token_id": {"examples": [1], "description": "The token's ID"},
    "If-Match": {"examples": ['"3"']},
    "Idempotency-Key": {"examples": ["nightly-2026-01-05"]},
    "status": {"examples": [["active", "paused"]]},
    "secret": {"examples": ["openai-prod"]},
    "text": {"examples": ["batch_abc"]},
    "sort": {"examples": ["-name"]},
    "limit": {"examples": [20]},
    "log_limit": {"examples": [20]},
    "cursor": {"examples": [41]},
    "include_logs": {"examples": [False], "description": "Whether the history comes along"},
    "actor": {"examples": ["ci"]},
    "action": {"examples": ["job."]},
    "subject": {"examples": ["job 7"]},
}
"""What every parameter of an address or a header may be, and what the handlers do not say of it."""
