"""The tables of the engine: secrets, jobs, triggers, and what happened to them."""

from __future__ import annotations

import sqlalchemy as sa

from teckochecker.adapters.sql.tables.columns import (
    Json,
    Number,
    Plain,
    UtcTime,
    lease,
    metadata,
    row_id,
    secret_of,
    where,
)
from teckochecker.domain.protocol import OPEN

secrets = sa.Table(
    "secrets",
    metadata,
    row_id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("base_url", sa.Text),
    sa.Column("project_id", sa.Text),
    sa.Column("project_name", sa.Text),
    sa.Column("token_id", sa.Text),
    sa.Column("held_since", UtcTime),
    sa.Column("held_reason", sa.Text),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("replaced_at", UtcTime),
    sqlite_autoincrement=True,
)

poll_groups = sa.Table(
    "poll_groups",
    metadata,
    sa.Column("secret_id", Number, sa.ForeignKey("secrets.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("not_before", UtcTime),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("last_error", sa.Text),
    *lease(),
)

job_ids = sa.Table("job_ids", metadata, row_id(), sqlite_autoincrement=True)
"""Every id that was given out for a job."""

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    secret_of("openai_secret_id"),
    sa.Column("openai_secret_name", sa.Text, nullable=False),
    secret_of("keboola_secret_id"),
    sa.Column("keboola_secret_name", sa.Text, nullable=False),
    sa.Column("target", Json, nullable=False),
    sa.Column("interval_s", sa.Integer, nullable=False),
    sa.Column("next_check_at", UtcTime),
    sa.Column("last_check_at", UtcTime),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_error", sa.Text),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("overdue_at", UtcTime),
    sa.Column("completed_at", UtcTime),
    sa.Column("deleted_at", UtcTime),
    sa.Column("folded_name", Plain, nullable=False),
    sa.Column("doubted_since", UtcTime),
    sa.CheckConstraint(
        "(status = 'active' AND deleted_at IS NULL) = (next_check_at IS NOT NULL)", name="due_while_active"
    ),
)
# The condition names no status: SQLite uses a partial index only when it can see that the query implies it,
# and it cannot see into a bound `status = ?`.
sa.Index("ix_jobs_due", jobs.c.openai_secret_id, jobs.c.next_check_at, **where(jobs.c.next_check_at.is_not(None)))
sa.Index("ix_jobs_listed", jobs.c.status, jobs.c.id, **where(jobs.c.deleted_at.is_(None)))
sa.Index("ix_jobs_openai", jobs.c.openai_secret_id, jobs.c.id, jobs.c.status, **where(jobs.c.deleted_at.is_(None)))
sa.Index("ix_jobs_keboola", jobs.c.keboola_secret_id, jobs.c.id, jobs.c.status, **where(jobs.c.deleted_at.is_(None)))
sa.Index("ix_jobs_named", jobs.c.folded_name, jobs.c.id, **where(jobs.c.deleted_at.is_(None)))
sa.Index("ix_jobs_deleted", jobs.c.deleted_at, **where(jobs.c.deleted_at.is_not(None)))
sa.Index("ix_jobs_keyed", jobs.c.key, jobs.c.id, **where(jobs.c.deleted_at.is_(None)))

job_batches = sa.Table(
    "job_batches",
    metadata,
    sa.Column("job_id", Number, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("batch_id", Plain, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("total", sa.Integer),
    sa.Column("done", sa.Integer),
    sa.Column("failed", sa.Integer),
    sa.Column("output_file_id", sa.Text),
    sa.Column("error_file_id", sa.Text),
    sa.Column("errors", Json),
    sa.Column("created_at", UtcTime),
    sa.Column("in_progress_at", UtcTime),
    sa.Column("finalizing_at", UtcTime),
    sa.Column("expires_at", UtcTime),
    sa.Column("missing_since", UtcTime),
    sa.Column("changed_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.Column("shared", sa.Integer),
    sa.UniqueConstraint("job_id", "batch_id"),
)
# `shared` signs begin this id and the one that sorts before it among those of its job. Of a job's ids that begin with
# n signs, exactly one shares less than n of them: the jobs are counted by it, without telling double ones apart.
# Those of deleted jobs have none, and are in no list.
sa.Index("ix_job_batches_named", job_batches.c.batch_id, job_batches.c.job_id)
sa.Index("ix_job_batches_found", job_batches.c.shared, job_batches.c.batch_id, job_batches.c.job_id)
sa.Index(
    "ix_job_batches_missing",
    job_batches.c.job_id,
    **where(sa.and_(job_batches.c.missing_since.is_not(None), job_batches.c.ended_at.is_(None))),
)

job_checks = sa.Table(
    "job_checks",
    metadata,
    sa.Column("job_id", Number, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("findings", Json, nullable=False),
    sa.Column("defaults", Json, nullable=False),
)

triggers = sa.Table(
    "triggers",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("job_id", Number, sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("hold", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("payload", Json, nullable=False),
    sa.Column("defaults", Json, nullable=False),
    sa.Column("target", Json, nullable=False),
    secret_of("secret_id"),
    sa.Column("run_id", sa.Text),
    sa.Column("due_at", UtcTime),
    sa.Column("kills", Json, nullable=False),
    sa.Column("looks", sa.Integer, nullable=False),
    sa.Column("looking_since", UtcTime),
    sa.Column("confirm_until", UtcTime),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_error", sa.Text),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("settled_at", UtcTime),
    *lease(),
    sa.UniqueConstraint("job_id", "generation"),
)
sa.Index("uq_triggers_open", triggers.c.job_id, unique=True, **where(triggers.c.state.in_(sorted(OPEN))))
sa.Index("ix_triggers_due", triggers.c.due_at, **where(triggers.c.due_at.is_not(None)))

trigger_attempts = sa.Table(
    "trigger_attempts",
    metadata,
    sa.Column("trigger_id", sa.Uuid, sa.ForeignKey("triggers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("sent_at", UtcTime, nullable=False),
    sa.Column("target", Json, nullable=False),
    secret_of("secret_id"),
    sa.Column("secret_version", sa.Integer, nullable=False),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("token_id", sa.Text, nullable=False),
    sa.Column("delay_s", sa.Integer, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("http", sa.Integer),
    sa.Column("exception_id", sa.Text),
    sa.Column("message", sa.Text),
    sa.Column("answered_at", UtcTime),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("trigger_id", sa.Uuid, sa.ForeignKey("triggers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("component_id", sa.Text, nullable=False),
    sa.Column("configuration_id", sa.Text, nullable=False),
    sa.Column("project_id", sa.Text),
    sa.Column("told_trigger_id", sa.Text),
    sa.Column("token_id", sa.Text),
    sa.Column("created_at", UtcTime),
    sa.Column("not_before", UtcTime),
    sa.Column("started_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.Column("duration_s", sa.Integer),
    sa.Column("message", sa.Text),
    sa.Column("link", sa.Text),
    sa.UniqueConstraint("trigger_id", "run_id"),
)

events = sa.Table(
    "events",
    metadata,
    row_id(),
    sa.Column("job_id", Number),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Index(None, "job_id", "id"),
    sqlite_autoincrement=True,
)
