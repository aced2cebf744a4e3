"""The tables of the service: who may come in, who did what, which instances run, and who is told."""

from __future__ import annotations

import sqlalchemy as sa

from teckochecker.adapters.sql.tables.columns import Json, Number, UtcTime, lease, metadata, row_id, where

tokens = sa.Table(
    "tokens",
    metadata,
    row_id(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("hint", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime),
    sa.Column("last_used_at", UtcTime),
    sa.Column("revoked_at", UtcTime),
    sqlite_autoincrement=True,
)
sa.Index("uq_tokens_name", tokens.c.name, unique=True, **where(tokens.c.revoked_at.is_(None)))

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("token_id", Number, sa.ForeignKey("tokens.id", ondelete="CASCADE"), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("seen_at", UtcTime, nullable=False),
    sa.Column("ends_at", UtcTime, nullable=False),
    sa.Index(None, "token_id"),
)

audit = sa.Table(
    "audit",
    metadata,
    row_id(),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("peer", sa.Text),
    sa.Column("request_id", sa.Text),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("before", Json),
    sa.Column("after", Json),
    sqlite_autoincrement=True,
)
"""Rows are only ever added."""

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("actor", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("body_hash", sa.Text, nullable=False),
    sa.Column("job_id", Number, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Index(None, "created_at"),
)

services = sa.Table(
    "services",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("born", sa.Text),
    sa.Column("address", sa.Text),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("seen_at", UtcTime, nullable=False),
    sa.Column("stop_asked_at", UtcTime),
    sa.Column("told", Json, nullable=False),
)
"""Instances that run, each seen every few seconds; `told` is how its watching goes."""

notices = sa.Table(
    "notices",
    metadata,
    row_id(),
    sa.Column("event_id", Number, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("due_at", UtcTime),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("last_error", sa.Text),
    sa.Column("cause", sa.Text),
    sa.Column("delivered_at", UtcTime),
    *lease(),
    sa.UniqueConstraint("event_id", "channel"),
    sqlite_autoincrement=True,
)
sa.Index("ix_notices_due", notices.c.due_at, **where(notices.c.due_at.is_not(None)))
