"""Secrets in SQL, sealed as they came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from attrs import evolve, frozen

from teckochecker.adapters.sql.rows import secret_of, secret_values
from teckochecker.adapters.sql.session import Session
from teckochecker.adapters.sql.tables import poll_groups, secrets
from teckochecker.application.errors import Conflict, SecretExists, SecretNotFound
from teckochecker.domain.secret import Sealed, Secret, SecretId, SecretType


@frozen(eq=False)
class SqlSecrets:
    """Secrets, sealed."""

    _session: Session

    async def add(self, *, name: str, type: SecretType, sealed: Sealed, base_url: str | None, at: datetime) -> Secret:
        """Store a new secret; an OpenAI one gets its poll group."""
        new = Secret(id=SecretId(0), name=name, type=type, sealed=sealed, base_url=base_url, created_at=at)
        try:
            rows = await self._session.rows(sa.insert(secrets).returning(secrets.c.id), secret_values(new))
        except Conflict as taken:
            raise SecretExists(f"Secret '{name}' already exists") from taken
        secret = evolve(new, id=SecretId(rows[0].id))
        if type is SecretType.OPENAI:
            await self._session.change(sa.insert(poll_groups), {"secret_id": secret.id})
        self._session.lock(Secret, [(secret.id, secret)])
        return secret

    async def get(self, secret_id: SecretId, *, lock: bool = False) -> Secret:
        """One secret."""
        found = await self._read(_ALL.where(secrets.c.id == secret_id), lock)
        if not found:
            raise SecretNotFound(f"Secret with ID {secret_id} not found")
        return found[0]

    async def named(self, name: str, *, lock: bool = False) -> Secret:
        """One secret."""
        found = await self._read(_ALL.where(secrets.c.name == name), lock)
        if not found:
            raise SecretNotFound.named(name)
        return found[0]

    async def all(self, *, lock: bool = False) -> Sequence[Secret]:
        """Every secret, in the order of their ids."""
        return await self._read(_ALL, lock)

    async def save(self, secret: Secret) -> None:
        """Write a secret read with `lock=True` in this unit of work."""
        self._session.locked(Secret, secret.id)
        await self._session.change(sa.update(secrets).where(secrets.c.id == secret.id), secret_values(secret))

    async def delete(self, secret_id: SecretId) -> None:
        """Remove it, with its poll group. Jobs and triggers forget its id; jobs keep its name."""
        await self._session.change(sa.delete(secrets).where(secrets.c.id == secret_id))

    async def _read(self, statement: sa.Select[Any], lock: bool) -> Sequence[Secret]:
        rows = await self._session.rows(self._session.to_lock(statement) if lock else statement)
        found = [secret_of(row) for row in rows]
        if lock:
            self._session.lock(Secret, ((secret.id, secret) for secret in found))
        return found


_ALL = sa.select(secrets).order_by(secrets.c.id)
