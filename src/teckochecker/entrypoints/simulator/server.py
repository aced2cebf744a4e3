"""One HTTP server on loopback: reads requests, meets faults, asks its service for the answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import aiohttp
from aiohttp import web
from attrs import define, field

from teckochecker.entrypoints.simulator.faults import FaultRules
from teckochecker.entrypoints.simulator.mishap import Exchange
from teckochecker.entrypoints.simulator.wire import Answer, Call, HttpDate, Raw, Service

control_prefix = "/_simulator/"
_closing_time = 0.3


@define(eq=False)
class LoopbackServer:
    """`requests` counts by operation and credential; faulted requests count too.

    `control` answers the paths below `/_simulator/`.
    """

    service: Service
    clock: Callable[[], float]
    control: Callable[[Call], Answer] = field(default=lambda call: Answer.of({"error": "No control."}, 404))
    faults: FaultRules = field(factory=FaultRules)
    requests: Counter[tuple[str, str]] = field(factory=Counter)
    in_flight: int = field(default=0, init=False)
    peak_in_flight: int = field(default=0, init=False)
    port: int = field(default=0, init=False)
    _date: HttpDate = field(init=False)
    _stopping: asyncio.Event = field(factory=asyncio.Event, init=False)
    _runner: web.ServerRunner | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._date = HttpDate(self.clock)

    async def start(self, host: str, port: int) -> None:
        """Opens the door. Raises: OSError when the port is taken."""
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=_closing_time)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port, backlog=1024).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Ends every exchange, also the hanging ones, within a second."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def count(self, operation: str | None = None, credential: str | None = None) -> int:
        """How many requests came, of one operation and one credential where they are given."""
        return sum(
            number
            for (name, key), number in self.requests.items()
            if operation in (None, name) and credential in (None, key)
        )

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        service, headers = self.service, request.headers
        control = path.startswith(control_prefix)
        call = Call(
            "control" if control else service.operation(request.method, path),
            request.method,
            path,
            query,
            headers,
            service.credential(headers),
        )
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        try:
            if request.body_exists:
                call.body = await _read(request)
            if control:
                return self._write(request, self._control(request, call))
            self.requests[call.operation, call.credential] += 1
            service.arrived(call)
            if call.body is None:
                return Raw(b"", keep_alive=False)
            fault = self.faults.pick(call) if self.faults else None
            if fault is None:
                return self._write(request, service.answer(call))
            call.fault = str(fault.kind)
            exchange = Exchange(request, call, service, self._date, self.clock, self._stopping)
            return await exchange.play(fault)
        finally:
            self.in_flight -= 1

    def _write(self, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        stay = request.keep_alive and request.method != "HEAD"
        body = b"" if request.method == "HEAD" else answer.body
        return Raw(answer.head(self._date(), keep_alive=stay) + body, keep_alive=stay)

    def _control(self, request: web.BaseRequest, call: Call) -> Answer:
        peer = request.transport.get_extra_info("peername") if request.transport else None
        if not is_loopback(peer[0] if peer else ""):
            return Answer.of({"error": "The simulator is controlled from this machine only."}, 403)
        return self.control(call)


def is_loopback(address: str) -> bool:
    return address == "::1" or address.removeprefix("::ffff:").startswith("127.")


async def _read(request: web.BaseRequest) -> bytes | None:
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        return await request.content.read()
    except (aiohttp.ClientError, ConnectionError, web.RequestPayloadError):
        return None
