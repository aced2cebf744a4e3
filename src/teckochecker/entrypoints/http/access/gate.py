"""The gate before every route: it finds out who is there, keeps some out, and has its word on every answer."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

from attrs import field, frozen
from litestar.enums import ScopeType
from litestar.exceptions import ClientException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from teckochecker.entrypoints.http.access.facts import Facts, Sender, sender
from teckochecker.entrypoints.http.access.headers import PREFLIGHT, Cors, of_answer
from teckochecker.entrypoints.http.access.porter import Porter
from teckochecker.entrypoints.http.access.turned import Turned
from teckochecker.entrypoints.http.access.visitor import announce

_BODY_WITHIN: Final = timedelta(seconds=30)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_STOPPED: Final = Turned(503, "The service was stopped before it could answer; ask again", retry_after=5)


class TooSlow(ClientException):
    """The body did not come in within its time."""

    status_code = 408


@frozen(eq=False)
class Gate:
    """Stands before the router, so that whatever is answered passes it, errors and unknown addresses too.

    `body_within` is how long a request's body may take to come in.
    """

    app: ASGIApp
    porter: Porter
    cors: Cors
    body_within: timedelta = field(default=_BODY_WITHIN, kw_only=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through to whoever does."""
        if scope["type"] != ScopeType.HTTP:  # nothing here speaks WebSocket
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        facts = Facts.of(scope)
        whence = sender(facts, self.porter.rule.proxies)
        cors = self.cors.of(facts)
        told = _with_headers(send, facts, whence, cors)
        if self.cors.asks_first(facts):
            await _answer(told, 204 if cors else 403, b"", PREFLIGHT if cors else {})
            return

        async def served(answer: Send) -> None:
            try:
                announce(scope, await self.porter.recognise(facts, whence, _request_id(facts)))
            except Turned as turned:
                await _turn_away(answer, turned)
                return
            await self.app(scope, _in_time(receive, self.body_within), answer)

        await _while_served(served, told)


def _request_id(facts: Facts) -> str | None:
    given = facts.one("x-request-id")
    return given if given and _REQUEST_ID.fullmatch(given) else None


def _in_time(receive: Receive, within: timedelta) -> Receive:
    """The same, until the body is in; then nobody is hurried any more."""
    ends_at: float | None = None
    complete = False

    async def received() -> Any:
        nonlocal ends_at, complete
        if complete:
            return await receive()
        ends_at = ends_at or asyncio.get_running_loop().time() + within.total_seconds()
        try:
            async with asyncio.timeout_at(ends_at):
                message = await receive()
        except TimeoutError:
            raise TooSlow(f"The body did not come in within {within.total_seconds():g} s") from None
        complete = message["type"] != "http.request" or not message.get("more_body")
        return message

    return received


def _with_headers(send: Send, facts: Facts, whence: Sender, cors: Mapping[str, str]) -> Send:
    """The same, with what every answer has to say where it does not say otherwise."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            said = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}
            ours = {**of_answer(facts.path, whence.scheme, said.get("content-type", "")), **cors}
            if message["status"] == 401:
                ours["www-authenticate"] = "Bearer"
            more = [(name.encode(), value.encode()) for name, value in ours.items() if name not in said]
            message["headers"] = [*message["headers"], *more]
        await send(message)

    return told


async def _while_served(served: Callable[[Send], Awaitable[None]], send: Send) -> None:
    """Let a request be answered. Only a server that ends calls it off, when those under way have had their time."""
    begun = False

    async def told(message: Message) -> None:
        nonlocal begun
        begun = True
        await send(message)

    try:
        await served(told)
    except asyncio.CancelledError:
        if begun:
            raise
        await _turn_away(send, _STOPPED)


async def _turn_away(send: Send, turned: Turned) -> None:
    status = turned.status
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": str(turned)}
    headers = {"content-type": "application/problem+json"}
    if turned.retry_after:
        headers["retry-after"] = str(turned.retry_after)
    await _answer(send, status, json.dumps(body, ensure_ascii=False).encode(), headers)


async def _answer(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    if status != 204:
        fields.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body, "more_body": False})
