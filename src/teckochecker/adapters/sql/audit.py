"""Who did what, in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from teckochecker.adapters.sql.session import Session
from teckochecker.adapters.sql.tables import audit
from teckochecker.application.actor import Actor
from teckochecker.application.ports import AuditEntry, AuditPage, AuditQuery
from teckochecker.application.ports.trail import Facts
from teckochecker.domain.role import Role


@frozen(eq=False)
class SqlAudit:
    """What people did. Nothing here changes or removes a row."""

    _session: Session

    async def add(
        self, actor: Actor, action: str, subject: str, *, before: Facts | None, after: Facts | None, at: datetime
    ) -> None:
        """Write down what is done in this unit of work."""
        values = {
            "at": at,
            "actor": actor.name,
            "role": actor.role.value,
            "peer": actor.peer,
            "request_id": actor.request_id,
            "action": action,
            "subject": subject,
            "before": before,
            "after": after,
        }
        await self._session.change(sa.insert(audit), values)

    async def find(self, query: AuditQuery) -> AuditPage:
        """A page of what was committed."""
        matching = list(_conditions(query))
        count = sa.select(sa.func.count().label("number")).select_from(audit).where(*matching)
        page = sa.select(audit).where(*matching).order_by(audit.c.id.desc()).limit(query.limit + 1)
        if query.after is not None:
            page = page.where(audit.c.id < query.after)
        rows = await self._session.rows(page)
        total = int((await self._session.rows(count))[0].number)
        entries = tuple(_entry_of(row) for row in rows[: query.limit])
        return AuditPage(entries=entries, total=total, more=len(rows) > query.limit)


def _conditions(query: AuditQuery) -> Iterator[sa.ColumnElement[bool]]:
    if query.actor is not None:
        yield audit.c.actor == query.actor
    if query.action is not None:
        yield audit.c.action.startswith(query.action, autoescape=True)
    if query.subject is not None:
        yield audit.c.subject == query.subject


def _entry_of(row: sa.Row[Any]) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=row.at,
        actor=Actor(name=row.actor, role=Role(row.role), peer=row.peer, request_id=row.request_id),
        action=row.action,
        subject=row.subject,
        before=row.before,
        after=row.after,
    )
