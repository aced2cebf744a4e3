"""The desk where a browser shows a token once, and gets a session for it."""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen
from litestar import Request
from litestar.datastructures import Cookie
from litestar.di import Provide
from litestar.exceptions import TooManyRequestsException

from teckochecker.application.errors import NotAdmitted, NotPermitted
from teckochecker.application.sessions import Sessions
from teckochecker.entrypoints.container import Container
from teckochecker.entrypoints.http.access.limits import WrongTokens, client_of
from teckochecker.entrypoints.http.access.rule import COOKIE
from teckochecker.entrypoints.http.access.visitor import Visitor, visitor_of

_INSECURE: Final = (
    "Signing in needs https: a cookie on plain http would go to every service of this machine. "
    "Put the service behind a proxy that is in TRUSTED_PROXIES, or use it as the local operator (API_AUTH=local)"
)


@frozen(kw_only=True, eq=False)
class Desk:
    """Gives out sessions and takes them back. What it returns is to be set as a cookie of the answer."""

    sessions: Sessions
    wrong: WrongTokens
    visitor: Visitor

    async def sign_in(self, token: str) -> Cookie:
        """A new session, also for a browser that has one.

        Raises:
            NotPermitted: a cookie would not be safe on this connection.
            NotAdmitted: the token lets nobody in; it is answered late where many were wrong before.
            TooManyRequestsException: so many wrong ones wait already.
        """
        if not self.visitor.secure:
            raise NotPermitted(_INSECURE)
        try:
            session, _ = await self.sessions.open(token.strip())
        except NotAdmitted:
            if not await self.wrong.slow(client_of(self.visitor.address)):
                raise TooManyRequestsException(
                    "Too many wrong tokens from your address; wait a minute", headers={"Retry-After": "60"}
                ) from None
            raise
        if self.visitor.session:
            await self.sessions.end(self.visitor.session.reveal())
        return _cookie(session.reveal())

    async def sign_out(self, *, everywhere: bool = False) -> Cookie:
        """End this browser's session, or all that were opened with its token."""
        if self.visitor.session and self.visitor.actor:
            if everywhere:
                await self.sessions.end_all(self.visitor.actor.name)
            else:
                await self.sessions.end(self.visitor.session.reveal())
        return _cookie("", max_age=0)


def desk(container: Container, wrong: WrongTokens) -> Provide:
    """The dependency of those handlers that let people sign in and out."""

    def made(request: Request[Any, Any, Any]) -> Desk:
        visitor = visitor_of(request.scope)
        return Desk(sessions=container.sessions(actor=visitor.acting), wrong=wrong, visitor=visitor)

    return Provide(made, sync_to_thread=False)


def _cookie(value: str, max_age: int | None = None) -> Cookie:
    return Cookie(COOKIE, path="/", value=value, max_age=max_age, secure=True, httponly=True, samesite="strict")
