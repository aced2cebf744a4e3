"""Who may come in, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve, frozen

from teckochecker.adapters.memory.rows import Draft
from teckochecker.application.errors import TokenExists, TokenNotFound
from teckochecker.domain.access import AccessToken, TokenId, TokenText
from teckochecker.domain.role import Role
from teckochecker.domain.session import Session


@frozen(eq=False)
class MemoryTokens:
    """Tokens, of which no more than a digest is kept."""

    _draft: Draft

    async def add(
        self, *, name: str, role: Role, text: TokenText, expires_at: datetime | None, at: datetime
    ) -> AccessToken:
        """Store a new token."""
        draft = self._draft.writing()
        if self._unrevoked(name):
            raise TokenExists(f"Token '{name}' already exists; revoke it first or choose another name")
        token = AccessToken(
            id=draft.memory.next_token_id(),
            name=name,
            role=role,
            digest=text.digest,
            hint=text.hint,
            created_at=at,
            expires_at=expires_at,
        )
        draft.tokens.put(token.id, token)
        return token

    async def named(self, name: str, *, lock: bool = False) -> AccessToken:
        """The one of this name that is not revoked."""
        token = self._unrevoked(name)
        if token is None:
            raise TokenNotFound(f"Token not found: '{name}'; list them with: teckochecker token list")
        if lock:
            self._draft.lock(AccessToken, token.id)
        return token

    async def get(self, token_id: TokenId, *, lock: bool = False) -> AccessToken:
        """One token, revoked or not."""
        token = self._draft.tokens.get(token_id)
        if token is None:
            raise TokenNotFound(f"Token with ID {token_id} not found")
        if lock:
            self._draft.lock(AccessToken, token.id)
        return token

    async def of(self, text: TokenText) -> AccessToken | None:
        """The token that was shown, revoked or not."""
        return next((token for token in self._draft.tokens if token.digest == text.digest), None)

    async def all(self) -> Sequence[AccessToken]:
        """Every token, in the order of their ids."""
        return sorted(self._draft.tokens, key=lambda token: token.id)

    async def revoke(self, token: AccessToken) -> None:
        """Keep that it was revoked, and end its sessions."""
        self._draft.expect_lock(AccessToken, token.id)
        self._draft.writing().tokens.put(token.id, token)
        await MemorySessions(self._draft).end_all(token.id)

    async def used(self, token_id: TokenId, *, at: datetime) -> None:
        """Keep when it was used last."""
        token = self._draft.writing().tokens.get(token_id)
        if token and (token.last_used_at is None or token.last_used_at < at):
            self._draft.tokens.put(token_id, evolve(token, last_used_at=at))

    def _unrevoked(self, name: str) -> AccessToken | None:
        named = (token for token in self._draft.tokens if token.name == name)
        return next((token for token in named if token.revoked_at is None), None)


@frozen(eq=False)
class MemorySessions:
    """Sessions, of which no more than a digest is kept."""

    _draft: Draft

    async def add(self, session: Session) -> None:
        """Store a new session, and forget those that have ended by themselves."""
        sessions = self._draft.writing().sessions
        for known in list(sessions):
            if known.ends_at <= session.created_at:
                sessions.drop(known.digest)
        sessions.put(session.digest, session)

    async def find(self, digest: str) -> tuple[Session, AccessToken] | None:
        """A session and the token it was opened with."""
        session = self._draft.sessions.get(digest)
        token = session and self._draft.tokens.get(session.token_id)
        return (session, token) if session and token else None

    async def seen(self, digest: str, *, at: datetime) -> None:
        """Keep when it was used last."""
        session = self._draft.writing().sessions.get(digest)
        if session and session.seen_at < at:
            self._draft.sessions.put(digest, evolve(session, seen_at=at))

    async def end(self, digest: str) -> None:
        """Forget it, if it is there."""
        self._draft.writing().sessions.drop(digest)

    async def end_all(self, token_id: TokenId) -> int:
        """Forget all that were opened with this token."""
        sessions = self._draft.writing().sessions
        theirs = [session for session in sessions if session.token_id == token_id]
        for session in theirs:
            sessions.drop(session.digest)
        return len(theirs)
