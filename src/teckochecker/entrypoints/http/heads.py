"""HEAD: what GET would answer, without the body."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send


def with_heads(app: ASGIApp) -> ASGIApp:
    """The same application, which answers HEAD wherever it answers GET. The server keeps the body back."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != HttpMethod.HEAD:
            await app(scope, receive, send)
            return
        asked: Any = {**scope, "method": "GET"}
        asking, ended = True, asyncio.Event()

        async def received() -> Any:
            """The request, and that nobody is there any more as soon as there is an answer: streams end by that."""
            nonlocal asking
            if asking:
                asking = False
                return await receive()
            await ended.wait()
            return {"type": "http.disconnect"}

        async def told(message: Message) -> None:
            if message["type"] != "http.response.body":
                await send(message)
            elif not ended.is_set():
                ended.set()
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        try:
            await app(asked, received, told)
        finally:
            scope["path_template"] = asked.get("path_template", "")

    return answered
