"""Databases as the earlier version leaves them, made up by the tests."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

SCHEMA = """
CREATE TABLE secrets (id INTEGER PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE, type VARCHAR(50) NOT NULL,
    value TEXT NOT NULL, created_at DATETIME NOT NULL);
CREATE TABLE polling_jobs (id INTEGER PRIMARY KEY, name VARCHAR(255) NOT NULL,
    openai_secret_id INTEGER REFERENCES secrets(id) ON DELETE SET NULL,
    keboola_secret_id INTEGER REFERENCES secrets(id) ON DELETE SET NULL,
    keboola_stack_url VARCHAR(500) NOT NULL, keboola_component_id VARCHAR(255) NOT NULL,
    keboola_configuration_id VARCHAR(255) NOT NULL, poll_interval_seconds INTEGER NOT NULL DEFAULT 120,
    status VARCHAR(50) NOT NULL DEFAULT 'active', last_check_at DATETIME, next_check_at DATETIME,
    created_at DATETIME NOT NULL, completed_at DATETIME);
CREATE TABLE job_batches (id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL REFERENCES polling_jobs(id),
    batch_id VARCHAR(255) NOT NULL, status VARCHAR(50) NOT NULL DEFAULT 'in_progress', created_at DATETIME NOT NULL,
    completed_at DATETIME);
CREATE TABLE polling_logs (id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL REFERENCES polling_jobs(id),
    status VARCHAR(50) NOT NULL, message TEXT, created_at DATETIME NOT NULL);
"""
AT = "2025-10-24 08:30:00.123456"
KEY = "a key of the earlier version, which took any text"


def sealed(value: str, key: str = KEY, *, hashed: bool = True) -> str:
    """A value as it was sealed there: under the hash of its key, or under the key itself."""
    ours = base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()) if hashed else key.encode()
    return Fernet(ours).encrypt(value.encode()).decode()


class EarlierFile:
    """A file to be filled row by row; ids count up from 1."""

    def __init__(self, path: Path, journal: str = "DELETE") -> None:
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute(f"PRAGMA journal_mode={journal}")
        self.connection.executescript(SCHEMA)

    def secret(self, name: str, type: str, value: str) -> int:
        return self._add("secrets", name=name, type=type, value=value, created_at=AT)

    def job(self, *batches: str | tuple[str, str], logs: Sequence[tuple[str, str]] = (), **changes: Any) -> int:
        """A job with its batches, each alone or with its status, and its history."""
        asked: dict[str, Any] = {
            "name": "Reviews",
            "openai_secret_id": 1,
            "keboola_secret_id": 2,
            "keboola_stack_url": "https://connection.keboola.com",
            "keboola_component_id": "kds-team.app-custom-python",
            "keboola_configuration_id": "123456",
            "status": "active",
            "created_at": AT,
        }
        job = self._add("polling_jobs", **asked | changes)
        for batch in batches:
            batch_id, status = (batch, "in_progress") if isinstance(batch, str) else batch
            self._add("job_batches", job_id=job, batch_id=batch_id, status=status, created_at=AT)
        for word, message in logs:
            self.log(job, word, message)
        return job

    def log(self, job: int, status: str, message: str | None, at: str = AT) -> None:
        self._add("polling_logs", job_id=job, status=status, message=message, created_at=at)

    def close(self) -> Path:
        self.connection.close()
        return self.path

    def _add(self, table: str, **values: Any) -> int:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        done = self.connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*values.values()])
        return int(done.lastrowid or 0)


def with_secrets(path: Path, key: str = KEY, *, hashed: bool = True, journal: str = "DELETE") -> EarlierFile:
    """A database with the two secrets that its jobs have."""
    file = EarlierFile(path, journal)
    file.secret("openai-prod", "openai", sealed("sk-of-the-earlier-version", key, hashed=hashed))
    file.secret("keboola-prod", "keboola", sealed("901-2-earlier-version", key, hashed=hashed))
    return file
