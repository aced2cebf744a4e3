"""The one place that opens connections to the two services.

Redirects are answers, environment proxies and cookies do not exist, every call has a deadline and every answer a
largest size. Calls to hosts that the operator did not name reach public addresses over https only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import version
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from attrs import define, field, frozen
from yarl import URL

from teckochecker.adapters.transport.answer import Answer
from teckochecker.adapters.transport.failures import FAILURES, TooLarge, sentence
from teckochecker.adapters.transport.guard import guarded_socket
from teckochecker.adapters.transport.slots import Slots
from teckochecker.application.errors import GatewayError, LeaseLost, OutcomeUnknown, Unavailable
from teckochecker.application.ports import Lease, Telemetry
from teckochecker.application.silence import Silence
from teckochecker.domain.values import cleaned, without_user

LARGEST_ANSWER: Final = 4 * 1024 * 1024
"""Bytes, unless a call asks for more."""

_PORTS: Final = {"https": 443, "http": 80}
Origin = tuple[str, str, int]


class LastWord(aiohttp.Payload):
    """A body that asks for the lease right before it leaves, and knows whether it may have left.

    The headers announce its length, so a server that received them alone has no request to act upon.
    """

    def __init__(self, body: bytes, lease: Lease) -> None:
        super().__init__(body, content_type="application/json")
        self._size = len(body)
        self._lease = lease
        self.left = False
        self.withheld = False

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return str(self._value, encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        if self._lease.lost:
            self.withheld = True
            raise LeaseLost("The lease ran out before the request was sent; nothing left")
        self.left = True
        await writer.write(self._value)


@frozen(eq=False)
class Endpoint:
    """One service at its address. Made once for many calls."""

    host: str
    _base: URL
    _session: aiohttp.ClientSession = field(repr=False)
    _slots: Slots = field(repr=False)
    _connect: float
    _service: str
    _telemetry: Telemetry

    async def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        secret: str = "",
        deadline: float,
        body: LastWord | None = None,
        largest: int = LARGEST_ANSWER,
    ) -> Answer:
        """Ask once. Every status is an answer, redirects too. `deadline` is in seconds, for all of it.

        `path` goes as it is, behind that of the address, so what is quoted in it has to be quoted before.

        Raises:
            Unavailable: there is no answer; a `body` surely did not leave.
            OutcomeUnknown: there is no answer, and the `body` may have had its effect.
            LeaseLost: the lease ran out before the `body` left.
        """
        timeout = _timeout(deadline, self._connect)
        url = self._base.with_path(f"{self._base.raw_path.rstrip('/')}{path}", encoded=True, keep_query=True)
        if query:
            url = url.extend_query(query)
        async with self._slots.place():
            try:
                with self._telemetry.span("call", service=self._service, method=method, host=self.host) as span:
                    async with self._session.request(
                        method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
                    ) as response:
                        span.note(status=response.status)
                        content = await _content(response, largest)
                        return Answer(response.status, response.headers, content, self.host, secret)
            except aiohttp.ClientResponseError as error:
                raise self._failed(error, deadline, body) from None  # it carries the headers, credential and all
            except FAILURES as error:
                raise self._failed(error, deadline, body) from error

    def _failed(self, error: BaseException, deadline: float, body: LastWord | None) -> GatewayError | LeaseLost:
        if body is not None and body.withheld:
            return LeaseLost("The lease ran out before the request was sent; nothing left")
        said = sentence(error, self.host, deadline)
        if body is not None and body.left:
            return OutcomeUnknown(f"{said}, after the request was sent")
        return Unavailable(said)


@lru_cache(64)
def _timeout(deadline: float, connect: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=deadline, connect=connect)


def _origin(url: str) -> Origin:
    """Scheme, host and port.

    Raises:
        ValueError: it is no web address.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("no web address")
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def _origins(urls: Iterable[str]) -> frozenset[Origin]:
    return frozenset(_origin(url) for url in urls)


@define(eq=False)
class Transport:
    """Connections of one `service`, kept and bounded per host.

    `allowed` are the URLs whose host and port the operator named. Nothing is opened before the first call;
    `close` when done.
    """

    _allowed: frozenset[Origin] = field(converter=_origins, default=())
    per_host: int = 50
    connect: float = 5.0
    patience: float = 5.0
    service: str = "other"
    telemetry: Telemetry = field(factory=Silence)
    _sessions: dict[tuple[bool, bool], aiohttp.ClientSession] = field(factory=dict, init=False, repr=False)
    _slots: dict[Origin, Slots] = field(factory=dict, init=False, repr=False)

    def endpoint(self, base_url: str, *, fresh: bool = False) -> Endpoint:
        """The service at this address. `fresh` opens a connection for each call.

        A kept connection may be closed by the other side in the very moment in which it is used, which leaves
        the outcome of a request open; a fresh one spares those that must not be repeated that doubt.

        Raises:
            Unavailable: the address is none, or neither public https nor allowed by the operator.
        """
        shown = cleaned(without_user(base_url), 200)
        try:
            parts = urlsplit(base_url)
            origin = _origin(base_url)
            base = URL(base_url).with_fragment(None)
        except ValueError as error:
            raise Unavailable(f"'{shown}' is not a valid address") from error
        if parts.username is not None or parts.password is not None:
            raise Unavailable(f"The address '{shown}' must not hold a user name or password")
        named = origin in self._allowed
        if origin[0] != "https" and not named:
            raise Unavailable(f"'{shown}' is not an https address, which only the operator can allow in the settings")
        host = parts.hostname if origin[2] == _PORTS[origin[0]] else f"{parts.hostname}:{origin[2]}"
        return Endpoint(
            host=cleaned(host or "", 200),
            base=base,
            session=self._session(named, fresh),
            slots=self._slots.setdefault(origin, Slots(self.per_host, self.patience)),
            connect=self.connect,
            service=self.service,
            telemetry=self.telemetry,
        )

    def allows(self, url: str) -> bool:
        """Whether the operator named this address's host and port."""
        try:
            return _origin(url) in self._allowed
        except ValueError:
            return False

    async def close(self) -> None:
        """End all connections."""
        while self._sessions:
            _, session = self._sessions.popitem()
            await session.close()

    def _session(self, named: bool, fresh: bool) -> aiohttp.ClientSession:
        session = self._sessions.get((named, fresh))
        if session is None:
            connector = aiohttp.TCPConnector(
                limit=0, ttl_dns_cache=300, force_close=fresh, socket_factory=None if named else guarded_socket
            )
            session = self._sessions[named, fresh] = aiohttp.ClientSession(
                connector=connector,
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={
                    "User-Agent": f"teckochecker/{version('teckochecker')}",
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",  # so that no few bytes can unfold into many
                },
            )
        return session


async def _content(response: aiohttp.ClientResponse, largest: int) -> bytes:
    """The body, counted while it comes. That of a refusal may be missing: its status says enough."""
    stream, size = response.content, 0
    parts: list[bytes] = []
    try:
        while not stream.at_eof():
            part = await stream.readany()
            parts.append(part)
            size += len(part)
            if size > largest:
                raise TooLarge
    except FAILURES:
        if response.status < 300:
            raise
        response.close()
        return b""
    return b"".join(parts)
