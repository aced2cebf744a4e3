"""teckochecker audit: who did what."""

from __future__ import annotations

import json
from functools import partial

from teckochecker.application.ports import AuditEntry, AuditPage, AuditQuery
from teckochecker.entrypoints.admin import audit_body
from teckochecker.entrypoints.cli.answer import Answer
from teckochecker.entrypoints.cli.box import Section
from teckochecker.entrypoints.cli.options import Limit
from teckochecker.entrypoints.cli.place import library
from teckochecker.entrypoints.cli.screen import Screen, plain


async def audit(
    *,
    actor: str | None = None,
    action: str | None = None,
    subject: str | None = None,
    limit: Limit = 50,
    after: int | None = None,
) -> Answer:
    """List who changed which job, secret or token, newest first.

    Parameters
    ----------
    actor
        Only what this token or user did
    action
        Only actions that begin so, such as `job.` or `secret.delete`
    subject
        Only what was done to this, such as `job 7`, `secret openai-prod` or `token ci`
    limit
        At most so many
    after
        Only entries older than the one with this ID: the next page
    """
    query = AuditQuery(actor=actor, action=action, subject=subject, limit=limit, after=after)
    async with library() as checker:
        page = await checker.audit.find(query)
    filtered = query != AuditQuery(limit=query.limit)
    return Answer(audit_body(page), partial(_table, page=page, filtered=filtered))


def _table(screen: Screen, *, page: AuditPage, filtered: bool) -> None:
    if not page.entries:
        screen.say("No entries match" if filtered else "Nobody has changed anything yet")
        return
    rows = [
        (
            str(entry.id),
            screen.time(entry.at),
            plain(entry.actor.name),
            plain(entry.actor.peer or "-"),
            entry.action,
            plain(entry.subject),
            plain(_changes(entry)),
        )
        for entry in page.entries
    ]
    screen.box(
        Section("Audit Trail", rows, ("ID", f"Time ({screen.zone_name})", "Who", "From", "What", "To", "Changes"))
    )
    if page.more:
        screen.say(f"{len(rows)} of {page.total} entries; older ones with --after {page.entries[-1].id}")


def _changes(entry: AuditEntry) -> str:
    before, after = entry.before or {}, entry.after or {}
    if not before:
        return ", ".join(f"{key}: {_value(value)}" for key, value in after.items())
    if not after:
        return ""
    return ", ".join(
        f"{key}: {_value(before[key])} → {_value(after.get(key))}" if key in before else f"{key}: {_value(after[key])}"
        for key in {**before, **after}
    )


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
