"""The use cases of sessions: a browser shows a token once, and is known again by what it got for it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from attrs import evolve, frozen

from teckochecker.application.actor import LIBRARY, Actor
from teckochecker.application.audit import note
from teckochecker.application.errors import NotAdmitted, StorageUnavailable
from teckochecker.application.ports import Chance, Clock, Store
from teckochecker.application.tokens import USE_NOTED_EVERY, Tokens
from teckochecker.domain.access import RANDOM, AccessToken
from teckochecker.domain.session import Session, SessionText

_IDLE: Final = timedelta(hours=2)
_LASTS: Final = timedelta(hours=12)


@frozen(kw_only=True)
class Sessions:
    """Open, resume and end sessions. One ends when nobody was seen in it for `idle`, and after `lasts` in any case."""

    store: Store
    clock: Clock
    chance: Chance
    actor: Actor = LIBRARY
    idle: timedelta = _IDLE
    lasts: timedelta = _LASTS

    async def open(self, text: str) -> tuple[SessionText, AccessToken]:
        """A new session for whoever shows this token. It is written down in the name of the token.

        Raises:
            NotAdmitted: the token lets nobody in.
        """
        token = await Tokens(store=self.store, clock=self.clock, chance=self.chance).holder(text)
        if token is None:
            raise NotAdmitted("This token is not known, or it has expired or was revoked")
        opened, at = SessionText.of(self.chance.secret(RANDOM)), self.clock.now()
        session = Session(digest=opened.digest, token_id=token.id, created_at=at, seen_at=at, ends_at=at + self.lasts)
        async with self.store.work() as work:
            await work.sessions.add(session)
            actor = evolve(self.actor, name=token.name, role=token.role)
            await note(work, actor, "session.open", before=token, after=token, at=at)
            await work.commit()
        return opened, token

    async def resume(self, text: str) -> tuple[SessionText, AccessToken] | None:
        """Whom a browser stands for that shows this session, if it still lets them in."""
        shown = SessionText.read(text)
        if shown is None:
            return None
        async with self.store.view() as view:
            found = await view.sessions.find(shown.digest)
        at = self.clock.now()
        if found is None or not found[0].goes_on(at, idle=self.idle) or not found[1].admits(at):
            return None
        session, token = found
        if at - session.seen_at >= USE_NOTED_EVERY:
            await self._note_use(session, at)
        return shown, token

    async def end(self, text: str) -> None:
        """Forget a session, if it is there."""
        shown = SessionText.read(text)
        if shown is None:
            return
        async with self.store.work() as work:
            await work.sessions.end(shown.digest)
            await work.commit()

    async def end_all(self, name: str) -> int:
        """Forget all sessions opened with the token of this name. Returns how many there were.

        Raises:
            TokenNotFound: there is no such token.
        """
        async with self.store.work() as work:
            token = await work.tokens.named(name, lock=True)
            ended = await work.sessions.end_all(token.id)
            at = self.clock.now()
            await note(work, self.actor, "session.end_all", before=token, after=token, at=at, sessions=ended)
            await work.commit()
        return ended

    async def _note_use(self, session: Session, at: datetime) -> None:
        with suppress(StorageUnavailable):  # a busy database keeps nobody out; the next request notes it
            async with self.store.work() as work:
                await work.sessions.seen(session.digest, at=at)
                await work.tokens.used(session.token_id, at=at)
                await work.commit()
