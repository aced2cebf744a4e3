"""Who did what, in memory."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from teckochecker.adapters.memory.rows import Draft
from teckochecker.application.actor import Actor
from teckochecker.application.ports import AuditEntry, AuditPage, AuditQuery
from teckochecker.application.ports.trail import Facts


@frozen(eq=False)
class MemoryAudit:
    """What people did. Entries get their ids, and are seen, at the commit."""

    _draft: Draft

    async def add(
        self, actor: Actor, action: str, subject: str, *, before: Facts | None, after: Facts | None, at: datetime
    ) -> None:
        """Write down what is done in this unit of work."""
        entry = AuditEntry(id=0, at=at, actor=actor, action=action, subject=subject, before=before, after=after)
        self._draft.writing().audit.append(entry)

    async def find(self, query: AuditQuery) -> AuditPage:
        """A page of what was committed."""
        matching = [entry for entry in reversed(self._draft.memory.audit) if _matches(entry, query)]
        left = [entry for entry in matching if query.after is None or entry.id < query.after]
        return AuditPage(entries=tuple(left[: query.limit]), total=len(matching), more=len(left) > query.limit)


def _matches(entry: AuditEntry, query: AuditQuery) -> bool:
    return (
        query.actor in (None, entry.actor.name)
        and query.subject in (None, entry.subject)
        and entry.action.startswith(query.action or "")
    )
