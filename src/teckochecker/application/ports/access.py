"""Storage of who may come in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from teckochecker.domain.access import AccessToken, TokenId, TokenText
from teckochecker.domain.role import Role
from teckochecker.domain.session import Session


class TokenRepository(Protocol):
    """Tokens, of which no more than a digest is kept. Revoked ones stay."""

    async def add(
        self, *, name: str, role: Role, text: TokenText, expires_at: datetime | None, at: datetime
    ) -> AccessToken:
        """Store a new token.

        Raises:
            TokenExists: one of this name is not revoked.
        """
        ...

    async def named(self, name: str, *, lock: bool = False) -> AccessToken:
        """The one of this name that is not revoked.

        Raises:
            TokenNotFound: there is none.
        """
        ...

    async def get(self, token_id: TokenId, *, lock: bool = False) -> AccessToken:
        """One token, revoked or not.

        Raises:
            TokenNotFound: there is none.
        """
        ...

    async def of(self, text: TokenText) -> AccessToken | None:
        """The token that was shown, revoked or not."""
        ...

    async def all(self) -> Sequence[AccessToken]:
        """Every token, in the order of their ids."""
        ...

    async def revoke(self, token: AccessToken) -> None:
        """Keep that it was revoked, and end its sessions. It was read with `lock=True` in this unit of work."""
        ...

    async def used(self, token_id: TokenId, *, at: datetime) -> None:
        """Keep when it was used last. A time before the one that is kept changes nothing."""
        ...


class SessionRepository(Protocol):
    """Sessions, of which no more than a digest is kept."""

    async def add(self, session: Session) -> None:
        """Store a new session, and forget those that have ended by themselves."""
        ...

    async def find(self, digest: str) -> tuple[Session, AccessToken] | None:
        """A session and the token it was opened with."""
        ...

    async def seen(self, digest: str, *, at: datetime) -> None:
        """Keep when it was used last. A time before the one that is kept changes nothing."""
        ...

    async def end(self, digest: str) -> None:
        """Forget it, if it is there."""
        ...

    async def end_all(self, token_id: TokenId) -> int:
        """Forget all that were opened with this token. Returns how many there were."""
        ...
