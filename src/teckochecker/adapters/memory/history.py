"""What happened, in memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from attrs import frozen

from teckochecker.adapters.memory.rows import Draft
from teckochecker.application.ports import HistoryEntry
from teckochecker.domain.events import Event
from teckochecker.domain.values import JobId


@frozen(eq=False)
class MemoryHistory:
    """What was committed. Entries of the unit of work itself get their ids, and are seen, at its commit."""

    _draft: Draft

    async def add(self, events: Sequence[Event]) -> None:
        """Keep events that belong to no job or trigger saved in this unit of work."""
        self._draft.writing().events.extend(events)

    async def recall(self, events: Sequence[Event]) -> None:
        """Keep what happened long ago, and tell nobody of it."""
        self._draft.writing().recalled.extend(events)

    async def of_job(self, job_id: JobId, *, limit: int) -> Sequence[HistoryEntry]:
        """The latest entries of a job, newest first."""
        ours = (entry for entry in reversed(self._entries) if entry.event.job_id == job_id)
        return list(islice(ours, limit))

    async def since(self, entry_id: int, *, limit: int) -> Sequence[HistoryEntry]:
        """Entries after this one, oldest first."""
        first = bisect_right(self._entries, entry_id, key=lambda entry: entry.id)
        return self._entries[first : first + limit]

    async def last_id(self) -> int:
        """The newest entry's id, 0 when there is none."""
        return self._entries[-1].id if self._entries else 0

    async def forget(self, before: datetime, *, limit: int) -> int:
        """Remove entries of before this moment that belong to no job."""
        old = [entry for entry in self._entries if entry.event.job_id is None and entry.event.at < before][:limit]
        self._draft.writing().forgotten.update(entry.id for entry in old)
        return len(old)

    async def count(self) -> int:
        """How many entries there are."""
        return len(self._entries)

    @property
    def _entries(self) -> list[HistoryEntry]:
        return self._draft.memory.history
