"""The use cases of access tokens. A token is shown once, when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from attrs import frozen

from teckochecker.application.actor import LIBRARY, Actor
from teckochecker.application.audit import note
from teckochecker.application.errors import StorageUnavailable
from teckochecker.application.ports import Chance, Clock, Store
from teckochecker.domain.access import RANDOM, AccessToken, TokenId, TokenText
from teckochecker.domain.role import Role
from teckochecker.domain.values import checked_name, sought

USE_NOTED_EVERY: Final = timedelta(minutes=1)
"""How exact `last_used_at` is: a busy token costs a write this often, not one per request."""


@frozen(kw_only=True)
class Tokens:
    """Make, list and revoke tokens, and tell who one stands for."""

    store: Store
    clock: Clock
    chance: Chance
    actor: Actor = LIBRARY

    async def create(self, name: str, role: Role, *, lasts: timedelta | None = None) -> tuple[AccessToken, TokenText]:
        """A new token, with its text, which nobody can ever read again.

        Raises:
            InvalidValue: the name breaks its rule.
            TokenExists: the name is taken.
        """
        plain, text, at = checked_name(name, "token name"), TokenText.of(self.chance.secret(RANDOM)), self.clock.now()
        async with self.store.work() as work:
            expires_at = None if lasts is None else at + lasts
            token = await work.tokens.add(name=plain, role=role, text=text, expires_at=expires_at, at=at)
            await note(work, self.actor, "token.create", after=token, at=at)
            await work.commit()
        return token, text

    async def all(self) -> Sequence[AccessToken]:
        """Every token, revoked ones too."""
        async with self.store.view() as view:
            return await view.tokens.all()

    async def revoke(self, asked: str | TokenId) -> AccessToken:
        """Let nobody in with this token from now on, and end the sessions that were opened with it.

        It goes by its name or its id. One that is revoked already stays as it is.

        Raises:
            TokenNotFound: no token of this name is left to revoke, or there is none of this id.
        """
        async with self.store.work() as work:
            if isinstance(asked, str):
                token = await work.tokens.named(sought(asked), lock=True)
            else:
                token = await work.tokens.get(asked, lock=True)
            if token.revoked_at:
                return token
            at = self.clock.now()
            revoked = token.revoked(at=at)
            await work.tokens.revoke(revoked)
            await note(work, self.actor, "token.revoke", before=token, after=revoked, at=at)
            await work.commit()
        return revoked

    async def holder(self, text: str) -> AccessToken | None:
        """The token that somebody shows, if it lets them in."""
        shown = TokenText.read(text)
        if shown is None:
            return None
        async with self.store.view() as view:
            token = await view.tokens.of(shown)
        at = self.clock.now()
        if token is None or not token.admits(at):
            return None
        if token.last_used_at is None or at - token.last_used_at >= USE_NOTED_EVERY:
            await self._note_use(token, at)
        return token

    async def _note_use(self, token: AccessToken, at: datetime) -> None:
        with suppress(StorageUnavailable):  # a busy database keeps nobody out; the next request notes it
            async with self.store.work() as work:
                await work.tokens.used(token.id, at=at)
                await work.commit()
