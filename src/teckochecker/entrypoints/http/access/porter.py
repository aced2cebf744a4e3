"""The porter at the gate: finds out who is there, and keeps count of how often they come."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self

from attrs import frozen
from litestar import Request
from litestar.di import Provide

from teckochecker.application.actor import Actor
from teckochecker.application.sessions import Sessions
from teckochecker.application.tokens import Tokens
from teckochecker.domain.role import Role
from teckochecker.entrypoints.container import Container
from teckochecker.entrypoints.http.access import rule
from teckochecker.entrypoints.http.access.facts import Facts, Sender
from teckochecker.entrypoints.http.access.limits import RateLimit, WrongTokens, client_of
from teckochecker.entrypoints.http.access.surroundings import contained
from teckochecker.entrypoints.http.access.turned import Turned
from teckochecker.entrypoints.http.access.visitor import Visitor

_LOG: Final = logging.getLogger("teckochecker.http")
_WRONG_TOKEN: Final = "This token is not known, or it has expired or was revoked"  # noqa: S105 - a sentence
_SESSION_ENDED: Final = "Your session has ended; sign in again"
_TOO_MANY_WRONG: Final = "Too many wrong tokens from your address; wait a minute"


@frozen(eq=False)
class Porter:
    """Knows tokens and sessions by sight."""

    rule: rule.Rule
    tokens: Tokens
    sessions: Sessions
    wrong: WrongTokens
    reads: RateLimit
    writes: RateLimit

    @classmethod
    def of(cls, container: Container) -> Self:
        """The porter whom the settings ask for."""
        settings, clock = container.settings(), container.clock()
        return cls(
            rule=rule.Rule(
                mode=rule.Mode(settings.api_auth),
                contained=contained(settings),
                proxies=settings.trusted_proxies,
                hosts=frozenset(settings.allowed_hosts),
            ),
            tokens=container.tokens(),
            sessions=container.sessions(),
            wrong=WrongTokens(clock),
            reads=RateLimit(clock, settings.rate_limit_read),
            writes=RateLimit(clock, settings.rate_limit_write),
        )

    async def recognise(self, facts: Facts, whence: Sender, request_id: str | None) -> Visitor:
        """Who sends this request.

        Raises:
            Turned: nobody may send such a request, its token is wrong, or there were too many before it.
        """
        about: dict[str, Any] = {"address": whence.address, "secure": whence.scheme == "https"}

        def known(name: str, role: Role, **more: Any) -> Visitor:
            actor = Actor(name=name, role=role, peer=whence.address, request_id=request_id)
            return Visitor(actor=actor, **about, **more)

        client = client_of(whence.address)
        match rule.claim(facts, self.rule):
            case rule.Refused(status, reason):
                self._count(facts, client)
                raise Turned(status, reason)
            case rule.Bearer(text):
                token = await self.tokens.holder(text)
                if token is None:
                    _LOG.warning("A wrong token came from %s", whence.address)
                    await self._keep_waiting(client)
                    raise Turned(401, _WRONG_TOKEN)
                self._count(facts, f"token {token.id}")
                return known(token.name, token.role)
            case rule.Cookie(text):
                found = await self.sessions.resume(text)
                if found is None:
                    self._count(facts, client)
                    return Visitor(actor=None, reason=_SESSION_ENDED, **about)
                session, token = found
                self._count(facts, f"token {token.id}")
                return known(token.name, token.role, session=session)
            case rule.LocalOperator():
                return known("local operator", Role.LOCAL)
            case rule.Anybody():
                self._count(facts, client)
                return known("anybody", Role.LOCAL)
            case rule.Nobody(reason):
                if not rule.exempt(facts.path):
                    self._count(facts, client)
                return Visitor(actor=None, reason=reason, **about)

    async def still_admits(self, facts: Facts) -> bool:
        """Whether whoever sent this request would be let in by it once more."""
        match rule.claim(facts, self.rule):
            case rule.Bearer(text):
                return await self.tokens.holder(text) is not None
            case rule.Cookie(text):
                return await self.sessions.resume(text) is not None
            case rule.LocalOperator() | rule.Anybody():
                return True
        return False

    def _count(self, facts: Facts, client: str) -> None:
        wait = (self.writes if facts.changes else self.reads).wait(client)
        if wait:
            raise Turned(429, f"Too many requests; go on in {wait} s", retry_after=wait)

    async def _keep_waiting(self, client: str) -> None:
        if not await self.wrong.slow(client):
            raise Turned(429, _TOO_MANY_WRONG, retry_after=60)


Admitted = Callable[[], Awaitable[bool]]
"""Asked by an answer that goes on for long: may whoever asked still be here?"""


def admitted(porter: Porter) -> Provide:
    """The dependency of those handlers whose answers go on for long."""

    def made(request: Request[Any, Any, Any]) -> Admitted:
        facts = Facts.of(request.scope)
        return lambda: porter.still_admits(facts)

    return Provide(made, sync_to_thread=False)
