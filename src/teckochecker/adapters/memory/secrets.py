"""Secrets in memory, sealed as they came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve, frozen

from teckochecker.adapters.memory.rows import Draft, GroupRow, TriggerRow
from teckochecker.application.errors import SecretExists, SecretNotFound
from teckochecker.domain.job import PollingJob
from teckochecker.domain.secret import Sealed, Secret, SecretId, SecretType


@frozen(eq=False)
class MemorySecrets:
    """Secrets, sealed."""

    _draft: Draft

    async def add(self, *, name: str, type: SecretType, sealed: Sealed, base_url: str | None, at: datetime) -> Secret:
        """Store a new secret; an OpenAI one gets its poll group."""
        draft = self._draft.writing()
        if any(secret.name == name for secret in draft.secrets):
            raise SecretExists(f"Secret '{name}' already exists")
        secret = Secret(
            id=draft.memory.next_secret_id(), name=name, type=type, sealed=sealed, base_url=base_url, created_at=at
        )
        draft.secrets.put(secret.id, secret)
        draft.lock(Secret, secret.id)
        if type is SecretType.OPENAI:
            draft.groups.put(secret.id, GroupRow(secret_id=secret.id))
        return secret

    async def get(self, secret_id: SecretId, *, lock: bool = False) -> Secret:
        """One secret."""
        secret = self._draft.secrets.get(secret_id)
        if secret is None:
            raise SecretNotFound(f"Secret with ID {secret_id} not found")
        return self._read(secret, lock)

    async def named(self, name: str, *, lock: bool = False) -> Secret:
        """One secret."""
        for secret in self._draft.secrets:
            if secret.name == name:
                return self._read(secret, lock)
        raise SecretNotFound.named(name)

    async def all(self, *, lock: bool = False) -> Sequence[Secret]:
        """Every secret, in the order of their ids."""
        return [self._read(secret, lock) for secret in sorted(self._draft.secrets, key=lambda secret: secret.id)]

    async def save(self, secret: Secret) -> None:
        """Write a secret read with `lock=True` in this unit of work."""
        self._draft.expect_lock(Secret, secret.id)
        self._draft.writing().secrets.put(secret.id, secret)

    async def delete(self, secret_id: SecretId) -> None:
        """Remove it. Jobs and triggers forget its id; jobs keep its name."""
        draft = self._draft.writing()
        draft.secrets.drop(secret_id)
        draft.groups.drop(secret_id)
        for job in list(draft.jobs):
            if secret_id in (job.openai_secret_id, job.keboola_secret_id):
                draft.jobs.put(job.id, _job_without(job, secret_id))
        for row in list(draft.triggers):
            draft.triggers.put(row.trigger.id, _trigger_without(row, secret_id))

    def _read(self, secret: Secret, lock: bool) -> Secret:
        if lock:
            self._draft.lock(Secret, secret.id)
        return secret


def _job_without(job: PollingJob, secret_id: SecretId) -> PollingJob:
    return evolve(
        job,
        openai_secret_id=None if job.openai_secret_id == secret_id else job.openai_secret_id,
        keboola_secret_id=None if job.keboola_secret_id == secret_id else job.keboola_secret_id,
    )


def _trigger_without(row: TriggerRow, secret_id: SecretId) -> TriggerRow:
    trigger = row.trigger
    attempts = tuple(
        evolve(attempt, secret_id=None) if attempt.secret_id == secret_id else attempt for attempt in trigger.attempts
    )
    own = None if trigger.secret_id == secret_id else trigger.secret_id
    return evolve(row, trigger=evolve(trigger, secret_id=own, attempts=attempts))
