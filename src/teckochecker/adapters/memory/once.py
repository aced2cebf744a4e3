"""The keys under which jobs were made, in memory."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from teckochecker.adapters.memory.rows import Draft, OnceRow
from teckochecker.application.errors import KeyTaken
from teckochecker.application.ports import Made, Once
from teckochecker.domain.values import JobId


@frozen(eq=False)
class MemoryOnce:
    """What was made under which key."""

    _draft: Draft

    async def made(self, actor: str, key: str) -> Made | None:
        """What was made under this key."""
        row = self._draft.once.get((actor, key))
        return row.made if row else None

    async def add(self, actor: str, once: Once, job_id: JobId, *, at: datetime) -> None:
        """Keep with a new job the key that it was made under."""
        keys = self._draft.writing().once
        if keys.get((actor, once.key)):
            raise KeyTaken(f"A job was made under the key '{once.key}' already")
        row = OnceRow(actor=actor, key=once.key, made=Made(body=once.body, job_id=job_id), at=at)
        keys.put((actor, once.key), row)

    async def forget(self, before: datetime, *, limit: int) -> int:
        """Remove keys that were used before this moment."""
        keys = self._draft.writing().once
        old = [(row.actor, row.key) for row in keys if row.at < before][:limit]
        for key in old:
            keys.drop(key)
        return len(old)
