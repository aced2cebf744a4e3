"""Around every request: the id it goes by, a line in the log, and what is measured of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import Final

from attrs import frozen
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from teckochecker.adapters.logs import bound, get_logger
from teckochecker.application.ports import Chance, Telemetry

HEADER: Final = b"x-request-id"

_LOG: Final = get_logger("teckochecker.http")
_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OFTEN: Final = frozenset({"/api/health", "/metrics"})  # asked for every few seconds, by machines
_BELOW: Final = "/web/static/"


@frozen(eq=False)
class Journal:
    """Stands before everything else, so that whatever is answered is told of.

    Inside, the request has exactly one `X-Request-ID`: its own where that is a fit one, else a new one. All that is
    logged and published meanwhile bears it, and so does the answer. Query strings are told nowhere.
    """

    app: ASGIApp
    telemetry: Telemetry
    chance: Chance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by whoever does."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        given = [value for name, value in scope["headers"] if name == HEADER]
        known = _ID.fullmatch(given[0]) if len(given) == 1 else None
        request_id = given[0] if known else self.chance.trigger_id().hex.encode()
        scope["headers"] = [*_without_id(scope["headers"]), (HEADER, request_id)]
        status: int | None = None

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*_without_id(message["headers"]), (HEADER, request_id)]
            await send(message)

        method = str(scope["method"])
        begun = time.perf_counter()
        with (
            bound(request=request_id.decode()),
            self.telemetry.span("request", method=method if method in _METHODS else "other") as span,
        ):
            try:
                await self.app(scope, receive, told)
            finally:
                route = scope.get("path_template") or "none"
                span.note(route=route, **({"status": status} if status else {}))
                often = route in _OFTEN or route.startswith(_BELOW)
                (_LOG.debug if often and status == 200 else _LOG.info)(
                    f"{method} {scope['path']} {status or 'was not answered'}",
                    peer=scope["client"][0] if scope["client"] else None,
                    ms=round((time.perf_counter() - begun) * 1000, 1),
                )


def _without_id(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() != HEADER]
