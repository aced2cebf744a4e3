"""What goes out as JSON of tokens and of the audit trail, on the command line and over HTTP alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NotRequired, TypedDict

from teckochecker.application.ports import AuditEntry, AuditPage
from teckochecker.domain.access import AccessToken, TokenText
from teckochecker.entrypoints.wire import moment


class TokenBody(TypedDict):
    """A token. `hint` is how it begins; `token` is the token itself, told once, when it is made.

    `last_used_at` is exact to the minute.
    """

    id: int
    name: str
    role: str
    hint: str
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    token: NotRequired[str]


class TokensBody(TypedDict):
    """All tokens, revoked ones too."""

    tokens: list[TokenBody]
    total: int


class AuditEntryBody(TypedDict):
    """Something that somebody did to a job, a secret or a token.

    Of what was changed, `before` and `after` hold what differs; of what was made or removed, all of it but what is
    secret. `peer` is where it came from, `request_id` finds it in the log.
    """

    id: int
    at: str
    actor: str
    role: str
    peer: str | None
    request_id: str | None
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditBody(TypedDict):
    """A page of the audit trail, newest first. `next_cursor` asks for the next page, where there is one."""

    entries: list[AuditEntryBody]
    total: int
    next_cursor: str | None


def token_body(token: AccessToken, text: TokenText | None = None) -> TokenBody:
    """A token, with its text where it was just made."""
    body: TokenBody = {
        "id": token.id,
        "name": token.name,
        "role": token.role.value,
        "hint": token.hint,
        "created_at": moment(token.created_at),
        "expires_at": _maybe(token.expires_at),
        "last_used_at": _maybe(token.last_used_at),
        "revoked_at": _maybe(token.revoked_at),
    }
    return body if text is None else {**body, "token": text.reveal()}


def tokens_body(tokens: Sequence[AccessToken]) -> TokensBody:
    """All tokens."""
    return {"tokens": [token_body(token) for token in tokens], "total": len(tokens)}


def audit_body(page: AuditPage) -> AuditBody:
    """A page of the audit trail."""
    return {
        "entries": [_entry(entry) for entry in page.entries],
        "total": page.total,
        "next_cursor": str(page.entries[-1].id) if page.more else None,
    }


def _entry(entry: AuditEntry) -> AuditEntryBody:
    return {
        "id": entry.id,
        "at": moment(entry.at),
        "actor": entry.actor.name,
        "role": entry.actor.role.value,
        "peer": entry.actor.peer,
        "request_id": entry.actor.request_id,
        "action": entry.action,
        "subject": entry.subject,
        "before": None if entry.before is None else dict(entry.before),
        "after": None if entry.after is None else dict(entry.after),
    }


def _maybe(at: datetime | None) -> str | None:
    return moment(at) if at else None
