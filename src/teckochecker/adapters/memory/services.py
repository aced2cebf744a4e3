"""The running instances in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from attrs import evolve, frozen

from teckochecker.adapters.memory.rows import Draft
from teckochecker.application.ports import FORGOTTEN_AFTER, Instance, Running, Told


@frozen(eq=False)
class MemoryServices:
    """Who runs on this memory."""

    _draft: Draft

    async def beat(self, instance: Instance, told: Told) -> bool:
        """Say that this instance runs. Returns whether it was asked to stop."""
        draft, now = self._draft.writing(), self._draft.now
        known = draft.services.get(instance.owner)
        if known is None:
            for row in list(draft.services):
                if row.seen_at <= now - FORGOTTEN_AFTER:
                    draft.services.drop(row.instance.owner)
        asked = known.stop_asked_at if known else None
        row = Running(instance=instance, told=told, seen_at=now, stop_asked_at=asked)
        draft.services.put(instance.owner, row)
        return asked is not None

    async def alive(self, *, within: timedelta) -> Sequence[Running]:
        """The instances seen within so long, the one that started first first."""
        now = self._draft.now
        seen = [row for row in self._draft.services if abs(now - row.seen_at) < within]
        return sorted(seen, key=lambda row: (row.instance.started_at, row.instance.owner))

    async def ask_to_stop(self, owner: str) -> None:
        """Leave word for an instance."""
        row = self._draft.writing().services.get(owner)
        if row:
            self._draft.services.put(owner, evolve(row, stop_asked_at=row.stop_asked_at or self._draft.now))

    async def leave(self, owner: str) -> None:
        """Forget an instance."""
        self._draft.writing().services.drop(owner)
