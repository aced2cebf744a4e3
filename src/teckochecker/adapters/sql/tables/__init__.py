"""The schema. Migrations make it; a test holds the two against each other."""

from teckochecker.adapters.sql.tables.columns import Number, UtcTime, metadata
from teckochecker.adapters.sql.tables.engine import (
    events,
    job_batches,
    job_checks,
    job_ids,
    jobs,
    poll_groups,
    runs,
    secrets,
    trigger_attempts,
    triggers,
)
from teckochecker.adapters.sql.tables.service import audit, idempotency, notices, services, sessions, tokens

__all__ = [
    "Number",
    "UtcTime",
    "audit",
    "events",
    "idempotency",
    "job_batches",
    "job_checks",
    "job_ids",
    "jobs",
    "metadata",
    "notices",
    "poll_groups",
    "runs",
    "secrets",
    "services",
    "sessions",
    "tokens",
    "trigger_attempts",
    "triggers",
]
