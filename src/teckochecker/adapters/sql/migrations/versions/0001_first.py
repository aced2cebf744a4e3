"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON()
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for make in (_secrets, _jobs, _job_indexes, _batches, _checks, _triggers, _runs, _events):
        make()


def _secrets() -> None:
    op.create_table(
        "secrets",
        sa.Column("id", NUMBER, sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=True),
        sa.Column("project_id", sa.Text(), nullable=True),
        sa.Column("project_name", sa.Text(), nullable=True),
        sa.Column("token_id", sa.Text(), nullable=True),
        sa.Column("held_since", TIME, nullable=True),
        sa.Column("held_reason", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("replaced_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secrets")),
        sa.UniqueConstraint("name", name=op.f("uq_secrets_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "poll_groups",
        sa.Column("secret_id", NUMBER, nullable=False),
        sa.Column("not_before", TIME, nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("until", TIME, nullable=True),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["secret_id"], ["secrets.id"], name=op.f("fk_poll_groups_secret_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("secret_id", name=op.f("pk_poll_groups")),
    )


def _jobs() -> None:
    op.create_table(
        "job_ids",
        sa.Column("id", NUMBER, sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_ids")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "jobs",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("openai_secret_id", NUMBER, nullable=True),
        sa.Column("openai_secret_name", sa.Text(), nullable=False),
        sa.Column("keboola_secret_id", NUMBER, nullable=True),
        sa.Column("keboola_secret_name", sa.Text(), nullable=False),
        sa.Column("target", JSON, nullable=False),
        sa.Column("interval_s", sa.Integer(), nullable=False),
        sa.Column("next_check_at", TIME, nullable=True),
        sa.Column("last_check_at", TIME, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("overdue_at", TIME, nullable=True),
        sa.Column("completed_at", TIME, nullable=True),
        sa.Column("deleted_at", TIME, nullable=True),
        sa.Column("folded_name", PLAIN, nullable=False),
        sa.Column("doubted_since", TIME, nullable=True),
        sa.CheckConstraint(
            "(status = 'active' AND deleted_at IS NULL) = (next_check_at IS NOT NULL)",
            name=op.f("ck_jobs_due_while_active"),
        ),
        sa.ForeignKeyConstraint(
            ["keboola_secret_id"], ["secrets.id"], name=op.f("fk_jobs_keboola_secret_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["openai_secret_id"], ["secrets.id"], name=op.f("fk_jobs_openai_secret_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )


def _job_indexes() -> None:
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["openai_secret_id", "next_check_at"],
        unique=False,
        sqlite_where=sa.text("next_check_at IS NOT NULL"),
        postgresql_where=sa.text("next_check_at IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_named",
        "jobs",
        ["folded_name", "id"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_jobs_deleted",
        "jobs",
        ["deleted_at"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_keyed",
        "jobs",
        ["key", "id"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_jobs_listed",
        "jobs",
        ["status", "id"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    alive = sa.text("deleted_at IS NULL")
    for kind in ("openai", "keboola"):
        columns = [f"{kind}_secret_id", "id", "status"]
        op.create_index(f"ix_jobs_{kind}", "jobs", columns, sqlite_where=alive, postgresql_where=alive)


def _batches() -> None:
    op.create_table(
        "job_batches",
        sa.Column("job_id", NUMBER, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("batch_id", PLAIN, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=True),
        sa.Column("failed", sa.Integer(), nullable=True),
        sa.Column("output_file_id", sa.Text(), nullable=True),
        sa.Column("error_file_id", sa.Text(), nullable=True),
        sa.Column("errors", JSON, nullable=True),
        sa.Column("created_at", TIME, nullable=True),
        sa.Column("in_progress_at", TIME, nullable=True),
        sa.Column("finalizing_at", TIME, nullable=True),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("missing_since", TIME, nullable=True),
        sa.Column("changed_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("shared", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_batches_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_job_batches")),
        sa.UniqueConstraint("job_id", "batch_id", name=op.f("uq_job_batches_job_id_batch_id")),
    )
    op.create_index("ix_job_batches_named", "job_batches", ["batch_id", "job_id"], unique=False)
    op.create_index("ix_job_batches_found", "job_batches", ["shared", "batch_id", "job_id"], unique=False)
    missing = sa.text("missing_since IS NOT NULL AND ended_at IS NULL")
    op.create_index("ix_job_batches_missing", "job_batches", ["job_id"], sqlite_where=missing, postgresql_where=missing)


def _checks() -> None:
    op.create_table(
        "job_checks",
        sa.Column("job_id", NUMBER, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("findings", JSON, nullable=False),
        sa.Column("defaults", JSON, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_checks_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_checks")),
    )


def _triggers() -> None:
    op.create_table(
        "triggers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", NUMBER, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("hold", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("defaults", JSON, nullable=False),
        sa.Column("target", JSON, nullable=False),
        sa.Column("secret_id", NUMBER, nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("kills", JSON, nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("looking_since", TIME, nullable=True),
        sa.Column("confirm_until", TIME, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("settled_at", TIME, nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("until", TIME, nullable=True),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_triggers_job_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["secret_id"], ["secrets.id"], name=op.f("fk_triggers_secret_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triggers")),
        sa.UniqueConstraint("job_id", "generation", name=op.f("uq_triggers_job_id_generation")),
    )
    op.create_index(
        "ix_triggers_due",
        "triggers",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "uq_triggers_open",
        "triggers",
        ["job_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('confirming', 'held', 'intent', 'sent', 'unknown')"),
        postgresql_where=sa.text("state IN ('confirming', 'held', 'intent', 'sent', 'unknown')"),
    )


def _runs() -> None:
    op.create_table(
        "trigger_attempts",
        sa.Column("trigger_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("sent_at", TIME, nullable=False),
        sa.Column("target", JSON, nullable=False),
        sa.Column("secret_id", NUMBER, nullable=True),
        sa.Column("secret_version", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("delay_s", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("http", sa.Integer(), nullable=True),
        sa.Column("exception_id", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("answered_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["secret_id"], ["secrets.id"], name=op.f("fk_trigger_attempts_secret_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["trigger_id"], ["triggers.id"], name=op.f("fk_trigger_attempts_trigger_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("trigger_id", "n", name=op.f("pk_trigger_attempts")),
    )
    op.create_table(
        "runs",
        sa.Column("trigger_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("component_id", sa.Text(), nullable=False),
        sa.Column("configuration_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text()),
        sa.Column("told_trigger_id", sa.Text(), nullable=True),
        sa.Column("token_id", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=True),
        sa.Column("not_before", TIME, nullable=True),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("duration_s", sa.Integer(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["trigger_id"], ["triggers.id"], name=op.f("fk_runs_trigger_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("trigger_id", "position", name=op.f("pk_runs")),
        sa.UniqueConstraint("trigger_id", "run_id", name=op.f("uq_runs_trigger_id_run_id")),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", NUMBER, sa.Identity(always=False), nullable=False),
        sa.Column("job_id", NUMBER, nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_events_job_id_id"), "events", ["job_id", "id"], unique=False)
