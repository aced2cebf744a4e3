"""Answers as bytes. Everything is written straight to the connection, so that a fault can stop at any byte."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Protocol

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from attrs import define, field, frozen

type_json = "application/json"
_reasons = {int(status): status.phrase for status in HTTPStatus}


def encode_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@frozen
class Answer:
    """One HTTP answer before it is written."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = type_json

    @classmethod
    def of(cls, value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        return cls(status, encode_json(value), tuple((headers or {}).items()))

    def head(self, date: str, *, keep_alive: bool = True, length: int | None = None) -> bytes:
        """The status line and the headers; `length` announces another length than the body has."""
        size = len(self.body) if length is None else length
        lines = (
            f"HTTP/1.1 {self.status} {_reasons.get(self.status, 'Unknown')}\r\nDate: {date}\r\n"
            f"Content-Type: {self.content_type}\r\nContent-Length: {size}\r\n"
        )
        for name, value in self.headers:
            lines += f"{name}: {value}\r\n"
        return (lines + ("\r\n" if keep_alive else "Connection: close\r\n\r\n")).encode("latin-1", "replace")


@define
class Call:
    """One request that came in. `body` is None when the sender left before the end of it."""

    operation: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    credential: str
    body: bytes | None = b""
    fault: str | None = None

    def json_value(self) -> Any:
        """The body read as JSON, or None when it is none."""
        try:
            return json.loads(self.body or b"")
        except ValueError:
            return None

    def json_object(self) -> dict[str, Any] | None:
        """The body as a JSON object, or None when it is anything else."""
        value = self.json_value()
        return value if isinstance(value, dict) else None


class Service(Protocol):
    """What a server needs of the service behind it."""

    def operation(self, method: str, path: str) -> str: ...

    def credential(self, headers: Mapping[str, str]) -> str: ...

    def arrived(self, call: Call) -> None:
        """Told of every request before any fault."""

    def answer(self, call: Call) -> Answer: ...

    def failure(self, call: Call, status: int) -> Answer:
        """An error in the documented shape of this service."""


@define
class HttpDate:
    """The `Date` header by the simulator's clock, made once a second."""

    clock: Callable[[], float]
    _second: int = field(default=-1, init=False)
    _text: str = field(default="", init=False)

    def __call__(self) -> str:
        second = int(self.clock())
        if second != self._second:
            self._second, self._text = second, formatdate(second, usegmt=True)
        return self._text


class Raw(web.StreamResponse):
    """An answer that is already bytes; no bytes means that the connection is done with."""

    def __init__(self, data: bytes, *, keep_alive: bool) -> None:
        super().__init__()
        self._data = data
        self._stay = keep_alive

    @property
    def keep_alive(self) -> bool | None:
        return self._stay

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        transport = request.transport
        if self._data and transport is not None:
            transport.write(self._data)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None
