"""What columns are made of, the same on every database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine


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
Plain = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # sorts by its signs alone, as SQLite does
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


def row_id() -> sa.Column[int]:
    """Ids are never used again, also not those of deleted rows (`sqlite_autoincrement` on the table)."""
    return sa.Column("id", Number, sa.Identity(), primary_key=True)


def secret_of(name: str) -> sa.Column[int]:
    """What was done with a secret outlives it."""
    return sa.Column(name, Number, sa.ForeignKey("secrets.id", ondelete="SET NULL"))


def lease() -> tuple[sa.Column[Any], ...]:
    """In whose hand a row is, and until when; `epoch` grows each time it changes hands."""
    return (
        sa.Column("owner", sa.Text),
        sa.Column("until", UtcTime),
        sa.Column("epoch", sa.Integer, nullable=False, server_default="0"),
    )


def where(condition: sa.ColumnElement[bool]) -> dict[str, Any]:
    """Index these rows alone, on every database."""
    return {"sqlite_where": condition}


@sa.event.listens_for(metadata, "before_create")
def _where_on_postgresql(target: sa.MetaData, connection: sa.Connection, **_: Any) -> None:
    """Naming PostgreSQL above would load all its types into a process that never sees it, some 2 MiB."""
    if connection.dialect.name == "postgresql":
        for index in (index for table in target.tables.values() for index in table.indexes):
            index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]
