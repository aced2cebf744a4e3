"""The earlier version's SQLite file. A copy of it is read, so that nothing here can touch the file itself."""

from __future__ import annotations

import filecmp
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from teckochecker.application.earlier import Earlier, EarlierBatch, EarlierEntry, EarlierJob, EarlierSecret
from teckochecker.application.errors import Conflict, StorageUnavailable
from teckochecker.domain.secret import Sealed

_PORTION: Final = 500
_PARTS: Final = ("", "-wal", "-journal")
"""What belongs to a database file: writes that were not yet taken into it, or that have to be taken back."""
_TABLES: Final = {
    "secrets": ("id", "name", "type", "value", "created_at"),
    "polling_jobs": (
        *("id", "name", "status", "openai_secret_id", "keboola_secret_id", "keboola_stack_url", "keboola_component_id"),
        *("keboola_configuration_id", "poll_interval_seconds", "created_at", "last_check_at", "completed_at"),
    ),
    "job_batches": ("id", "job_id", "batch_id", "status", "completed_at"),
    "polling_logs": ("id", "job_id", "status", "message", "created_at"),
}
"""What is read of each table."""

_SECRETS: Final = "SELECT id, name, type, value, created_at FROM secrets ORDER BY id"
_JOBS: Final = "SELECT * FROM polling_jobs ORDER BY id"
_BATCHES: Final = "SELECT job_id, batch_id, status, completed_at FROM job_batches ORDER BY job_id, id"
_STARTED: Final = """SELECT job_id, max(created_at) AS at FROM polling_logs
    WHERE status IN ('keboola_triggered', 'triggered') GROUP BY job_id"""
_FAILURES: Final = """SELECT job_id, message FROM polling_logs
    WHERE id IN (SELECT max(id) FROM polling_logs WHERE status IN ('error', 'failed') GROUP BY job_id)"""
_LOGS: Final = "SELECT job_id, status, message, created_at FROM polling_logs ORDER BY id"


@contextmanager
def earlier_database(file: Path) -> Iterator[Earlier]:
    """What the file holds, while it is read.

    Raises:
        StorageUnavailable: it is missing, damaged, or no database of the earlier version.
        Conflict: it was written to while it was copied.
    """
    with tempfile.TemporaryDirectory(prefix="teckochecker-") as folder, _wall(file):
        if not file.is_file():
            raise StorageUnavailable(f"{file} cannot be imported: there is no such file")
        with closing(sqlite3.connect(_copied(file, Path(folder)))) as copy:
            copy.row_factory = sqlite3.Row
            copy.text_factory = lambda raw: raw.decode(errors="replace")
            _check(copy, file)
            yield Earlier(secrets=_secrets(copy), jobs=_jobs(copy), entries=_entries(copy))


@contextmanager
def _wall(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StorageUnavailable(f"{file} cannot be imported: {error}") from error
    except OSError as error:
        raise StorageUnavailable(f"{file} cannot be imported: {error.strerror or error}") from error


def _copied(file: Path, folder: Path) -> Path:
    if not _unchanged(file, folder):
        raise Conflict(f"{file} is being written to; stop the earlier version first")
    return folder / file.name


def _unchanged(file: Path, folder: Path) -> bool:
    """Copy the file with its parts. Returns whether they stayed as they were meanwhile."""
    parts = _parts(file)
    try:
        for part in parts:
            shutil.copyfile(part, folder / part.name)
        # byte by byte: a file system may stamp two writes with one time
        same = all(filecmp.cmp(part, folder / part.name, shallow=False) for part in parts)
    except FileNotFoundError:  # a journal, gone with the write that it was for
        return False
    return same and _parts(file) == parts


def _parts(file: Path) -> list[Path]:
    return [part for end in _PARTS if (part := file.with_name(file.name + end)).exists()]


def _check(copy: sqlite3.Connection, file: Path) -> None:
    found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise StorageUnavailable(f"{file} cannot be imported: it is damaged ({found})")
    there = {row["name"] for row in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    missing = [table for table in sorted(_TABLES) if table not in there]
    if not missing:
        cure = _lacks(copy)
    elif "alembic_version" in there:
        cure = "it is of this version already; use it as DATABASE_URL, or a backup with: teckochecker db restore"
    elif missing == ["job_batches"]:
        cure = "its jobs have one batch each; run that version's scripts/migrate_to_multibatch.py on a copy first"
    else:
        cure = f"it has no table {missing[0]}"
    if cure:
        raise StorageUnavailable(f"{file} is no database that can be imported: {cure}")


def _lacks(copy: sqlite3.Connection) -> str | None:
    for table, columns in _TABLES.items():
        there = {row["name"] for row in copy.execute(f"PRAGMA table_info({table})")}
        for column in columns:
            if column not in there:
                return f"its table {table} has no column {column}: it is of an older version, or of another program"
    return None


def _secrets(copy: sqlite3.Connection) -> Sequence[EarlierSecret]:
    return tuple(
        EarlierSecret(
            id=row["id"],
            mark=_mark(row),
            name=_text(row["name"]),
            type=_text(row["type"]),
            sealed=Sealed(_text(row["value"])),
            created_at=_time(row["created_at"]),
        )
        for row in copy.execute(_SECRETS)
    )


def _jobs(copy: sqlite3.Connection) -> Sequence[EarlierJob]:
    batches: dict[int, list[EarlierBatch]] = {}
    for row in copy.execute(_BATCHES):
        batch = EarlierBatch(
            id=_text(row["batch_id"]), status=_text(row["status"]), ended_at=_time(row["completed_at"])
        )
        batches.setdefault(row["job_id"], []).append(batch)
    started = {row["job_id"]: _time(row["at"]) for row in copy.execute(_STARTED)}
    failures = {row["job_id"]: _text(row["message"]) for row in copy.execute(_FAILURES)}
    return tuple(
        EarlierJob(
            id=row["id"],
            mark=_mark(row),
            name=_text(row["name"]),
            status=_text(row["status"]),
            openai_secret_id=row["openai_secret_id"],
            keboola_secret_id=row["keboola_secret_id"],
            stack_url=_text(row["keboola_stack_url"]),
            component_id=_text(row["keboola_component_id"]),
            configuration_id=_text(row["keboola_configuration_id"]),
            interval_s=row["poll_interval_seconds"] if isinstance(row["poll_interval_seconds"], int) else 0,
            batches=tuple(batches.get(row["id"], ())),
            created_at=_time(row["created_at"]),
            last_check_at=_time(row["last_check_at"]),
            completed_at=_time(row["completed_at"]),
            started_at=started.get(row["id"]),
            last_error=failures.get(row["id"]),
        )
        for row in copy.execute(_JOBS)
    )


def _entries(copy: sqlite3.Connection) -> Iterator[Sequence[EarlierEntry]]:
    rows = copy.execute(_LOGS)
    while portion := rows.fetchmany(_PORTION):
        yield [
            EarlierEntry(
                job_id=row["job_id"],
                at=_time(row["created_at"]),
                told=": ".join(filter(None, (_text(row["status"]), _text(row["message"])))),
            )
            for row in portion
        ]


def _mark(row: sqlite3.Row) -> str:
    return f"{row['id']} {row['created_at']}"


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _time(value: Any) -> datetime | None:
    """Times came with and without their zone; all of them are UTC."""
    try:
        time = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
