"""The schema. Migrations make it; a test holds the two against each other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

from teckochecker.domain.protocol import OPEN


class UtcTime(sa.TypeDecorator[datetime]):
    """Aware in, aware UTC out, on every database. SQLite keeps ISO 8601 text, which sorts like time."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        """SQLite's own type drops the zone; this one writes it, so that it comes back aware."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_IsoTime())  # type: ignore[no-untyped-call]
        return dialect.type_descriptor(self.impl_instance)

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Everything is stored in UTC."""
        if value is None or value.tzinfo is UTC:
            return value
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)


class _IsoTime(sqlite.DATETIME):
    """Reading is `datetime.fromisoformat`, as in the parent."""

    def bind_processor(self, dialect: sa.Dialect) -> Any:
        return _iso


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(" ", "microseconds")


Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts up only what is called INTEGER
Json = sa.JSON(none_as_null=True)

metadata: Final = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _id() -> sa.Column[int]:
    """Ids are never used again, also not those of deleted rows (`sqlite_autoincrement` on the table)."""
    return sa.Column("id", Number, sa.Identity(), primary_key=True)


def _secret(name: str) -> sa.Column[int]:
    """What was done with a secret outlives it."""
    return sa.Column(name, Number, sa.ForeignKey("secrets.id", ondelete="SET NULL"))


def _lease() -> tuple[sa.Column[Any], ...]:
    """In whose hand a row is, and until when; `epoch` grows each time it changes hands."""
    return (
        sa.Column("owner", sa.Text),
        sa.Column("until", UtcTime),
        sa.Column("epoch", sa.Integer, nullable=False, server_default="0"),
    )


def _where(condition: sa.ColumnElement[bool]) -> dict[str, Any]:
    return {"sqlite_where": condition, "postgresql_where": condition}


secrets = sa.Table(
    "secrets",
    metadata,
    _id(),
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
    *_lease(),
)

job_ids = sa.Table("job_ids", metadata, _id(), sqlite_autoincrement=True)
"""Every id that was given out for a job."""

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    _secret("openai_secret_id"),
    sa.Column("openai_secret_name", sa.Text, nullable=False),
    _secret("keboola_secret_id"),
    sa.Column("keboola_secret_name", sa.Text, nullable=False),
    sa.Column("target", Json, nullable=False),
    sa.Column("interval_s", sa.Integer, nullable=False),
    sa.Column("next_check_at", UtcTime),
    sa.Column("last_check_at", UtcTime),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_error", sa.Text),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("completed_at", UtcTime),
    sa.Column("deleted_at", UtcTime),
    sa.CheckConstraint(
        "(status = 'active' AND deleted_at IS NULL) = (next_check_at IS NOT NULL)", name="due_while_active"
    ),
)
# The condition names no status: SQLite uses a partial index only when it can see that the query implies it,
# and it cannot see into a bound `status = ?`.
sa.Index("ix_jobs_due", jobs.c.openai_secret_id, jobs.c.next_check_at, **_where(jobs.c.next_check_at.is_not(None)))
sa.Index("ix_jobs_listed", jobs.c.status, jobs.c.id, **_where(jobs.c.deleted_at.is_(None)))
sa.Index(None, jobs.c.keboola_secret_id)

job_batches = sa.Table(
    "job_batches",
    metadata,
    sa.Column("job_id", Number, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("batch_id", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("total", sa.Integer),
    sa.Column("done", sa.Integer),
    sa.Column("failed", sa.Integer),
    sa.Column("output_file_id", sa.Text),
    sa.Column("error_file_id", sa.Text),
    sa.Column("errors", Json),
    sa.Column("created_at", UtcTime),
    sa.Column("expires_at", UtcTime),
    sa.Column("missing_since", UtcTime),
    sa.Column("changed_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.UniqueConstraint("job_id", "batch_id"),
)
sa.Index("ix_job_batches_open", job_batches.c.batch_id, **_where(job_batches.c.ended_at.is_(None)))

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
    sa.Column("target", Json, nullable=False),
    _secret("secret_id"),
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
    *_lease(),
    sa.UniqueConstraint("job_id", "generation"),
)
sa.Index("uq_triggers_open", triggers.c.job_id, unique=True, **_where(triggers.c.state.in_(sorted(OPEN))))
sa.Index("ix_triggers_due", triggers.c.due_at, **_where(triggers.c.due_at.is_not(None)))

trigger_attempts = sa.Table(
    "trigger_attempts",
    metadata,
    sa.Column("trigger_id", sa.Uuid, sa.ForeignKey("triggers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("sent_at", UtcTime, nullable=False),
    sa.Column("target", Json, nullable=False),
    _secret("secret_id"),
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
    sa.Column("told_trigger_id", sa.Text),
    sa.Column("token_id", sa.Text),
    sa.Column("created_at", UtcTime),
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
    _id(),
    sa.Column("job_id", Number),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Index(None, "job_id", "id"),
    sqlite_autoincrement=True,
)
