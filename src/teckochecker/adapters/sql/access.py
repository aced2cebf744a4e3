"""Who may come in, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from teckochecker.adapters.sql.session import Session as Transaction
from teckochecker.adapters.sql.tables import sessions, tokens
from teckochecker.application.errors import Conflict, TokenExists, TokenNotFound
from teckochecker.domain.access import AccessToken, TokenId, TokenText
from teckochecker.domain.role import Role
from teckochecker.domain.session import Session


@frozen(eq=False)
class SqlTokens:
    """Tokens, of which no more than a digest is kept."""

    _session: Transaction

    async def add(
        self, *, name: str, role: Role, text: TokenText, expires_at: datetime | None, at: datetime
    ) -> AccessToken:
        """Store a new token."""
        values = {
            "name": name,
            "role": role.value,
            "digest": text.digest,
            "hint": text.hint,
            "created_at": at,
            "expires_at": expires_at,
        }
        try:
            rows = await self._session.rows(sa.insert(tokens).returning(tokens), values)
        except Conflict as taken:
            raise TokenExists(f"Token '{name}' already exists; revoke it first or choose another name") from taken
        return _token_of(rows[0])

    async def named(self, name: str, *, lock: bool = False) -> AccessToken:
        """The one of this name that is not revoked."""
        unrevoked = sa.and_(tokens.c.name == name, tokens.c.revoked_at.is_(None))
        token = await self._read(unrevoked, lock)
        if token is None:
            raise TokenNotFound(f"Token not found: '{name}'; list them with: teckochecker token list")
        return token

    async def get(self, token_id: TokenId, *, lock: bool = False) -> AccessToken:
        """One token, revoked or not."""
        token = await self._read(tokens.c.id == token_id, lock)
        if token is None:
            raise TokenNotFound(f"Token with ID {token_id} not found")
        return token

    async def of(self, text: TokenText) -> AccessToken | None:
        """The token that was shown, revoked or not."""
        rows = await self._session.rows(_BY_DIGEST, {"shown": text.digest})
        return _token_of(rows[0]) if rows else None

    async def all(self) -> Sequence[AccessToken]:
        """Every token, in the order of their ids."""
        return [_token_of(row) for row in await self._session.rows(sa.select(tokens).order_by(tokens.c.id))]

    async def revoke(self, token: AccessToken) -> None:
        """Keep that it was revoked, and end its sessions."""
        self._session.locked(AccessToken, token.id)
        await self._session.change(sa.update(tokens).where(tokens.c.id == token.id).values(revoked_at=token.revoked_at))
        await SqlSessions(self._session).end_all(token.id)

    async def used(self, token_id: TokenId, *, at: datetime) -> None:
        """Keep when it was used last. Nobody waits for that, so nobody is woken."""
        earlier = sa.or_(tokens.c.last_used_at.is_(None), tokens.c.last_used_at < at)
        await self._session.note(sa.update(tokens).where(tokens.c.id == token_id, earlier).values(last_used_at=at))

    async def _read(self, which: sa.ColumnElement[bool], lock: bool) -> AccessToken | None:
        statement = sa.select(tokens).where(which)
        rows = await self._session.rows(self._session.to_lock(statement) if lock else statement)
        found = [_token_of(row) for row in rows]
        if lock:
            self._session.lock(AccessToken, ((token.id, token) for token in found))
        return found[0] if found else None


@frozen(eq=False)
class SqlSessions:
    """Sessions, of which no more than a digest is kept. Nobody waits for them, so nobody is woken."""

    _session: Transaction

    async def add(self, session: Session) -> None:
        """Store a new session, and forget those that have ended by themselves."""
        await self._session.note(sa.delete(sessions).where(sessions.c.ends_at <= session.created_at))
        values = {
            "digest": session.digest,
            "token_id": session.token_id,
            "created_at": session.created_at,
            "seen_at": session.seen_at,
            "ends_at": session.ends_at,
        }
        await self._session.note(sa.insert(sessions).values(values))

    async def find(self, digest: str) -> tuple[Session, AccessToken] | None:
        """A session and the token it was opened with."""
        rows = await self._session.rows(_SESSION, {"shown": digest})
        if not rows:
            return None
        token = await self._session.rows(sa.select(tokens).where(tokens.c.id == rows[0].token_id))
        return _session_of(rows[0]), _token_of(token[0])

    async def seen(self, digest: str, *, at: datetime) -> None:
        """Keep when it was used last."""
        this = sa.and_(sessions.c.digest == digest, sessions.c.seen_at < at)
        await self._session.note(sa.update(sessions).where(this).values(seen_at=at))

    async def end(self, digest: str) -> None:
        """Forget it, if it is there."""
        await self._session.note(sa.delete(sessions).where(sessions.c.digest == digest))

    async def end_all(self, token_id: TokenId) -> int:
        """Forget all that were opened with this token."""
        gone = sa.delete(sessions).where(sessions.c.token_id == token_id).returning(sessions.c.digest)
        return len(await self._session.note(gone))


_BY_DIGEST = sa.select(tokens).where(tokens.c.digest == sa.bindparam("shown"))
_SESSION = sa.select(sessions).where(sessions.c.digest == sa.bindparam("shown"))


def _token_of(row: sa.Row[Any]) -> AccessToken:
    return AccessToken(
        id=TokenId(row.id),
        name=row.name,
        role=Role(row.role),
        digest=row.digest,
        hint=row.hint,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


def _session_of(row: sa.Row[Any]) -> Session:
    return Session(
        digest=row.digest,
        token_id=TokenId(row.token_id),
        created_at=row.created_at,
        seen_at=row.seen_at,
        ends_at=row.ends_at,
    )
