"""Plays one fault on one connection."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from socket import SO_LINGER, SOL_SOCKET

from aiohttp import web
from attrs import evolve, frozen

from teckochecker.entrypoints.simulator.faults import Fault, FaultKind
from teckochecker.entrypoints.simulator.wire import Answer, Call, Raw, Service, encode_json

_gone = 0.25  # how often a hanging exchange looks whether its caller has left, in seconds


def reset(transport: asyncio.Transport) -> None:
    """Ends a connection with RST instead of FIN, as a dying proxy does."""
    socket = transport.get_extra_info("socket")
    if socket is not None:
        socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


@frozen
class Exchange:
    """A request that waits for its answer, seen from the side of a fault."""

    request: web.BaseRequest
    call: Call
    service: Service
    date: Callable[[], str]
    clock: Callable[[], float]
    stopping: asyncio.Event

    async def play(self, fault: Fault) -> web.StreamResponse:
        await self._pause(fault.delay_before)
        if self.stopping.is_set():
            return self._end(self.request.transport)
        answer = self.service.answer(self.call) if fault.acts else self._status(fault)
        await self._pause(fault.delay_after)
        transport = self.request.transport
        if transport is None or transport.is_closing() or self.stopping.is_set():
            return self._end(transport)
        match fault.kind:
            case FaultKind.RESET:
                reset(transport)
            case FaultKind.CLOSE:
                transport.close()
            case FaultKind.HANG:
                await self._hang(transport)
            case FaultKind.TRUNCATED:
                transport.write(answer.head(self.date()) + answer.body[: len(answer.body) // 2])
                transport.close()
            case FaultKind.DRIP:
                await self._drip(answer, fault.interval, transport)
            case FaultKind.HUGE:
                await self._pour(fault.size, transport)
            case _:
                answer = self._spoilt(fault, answer)
                keep_alive = self.request.keep_alive
                return Raw(answer.head(self.date(), keep_alive=keep_alive) + answer.body, keep_alive=keep_alive)
        return Raw(b"", keep_alive=False)

    def _spoilt(self, fault: Fault, answer: Answer) -> Answer:
        match fault.kind:
            case FaultKind.PASS:
                return answer
            case FaultKind.MALFORMED:
                return evolve(answer, body=answer.body[: len(answer.body) // 2] + b',"')
            case FaultKind.CONTENT_TYPE:
                return evolve(answer, content_type="text/plain; charset=utf-8")
            case FaultKind.HTML:
                page = b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
                return Answer(502, page, self._headers(fault), "text/html")
            case FaultKind.REDIRECT:
                status = fault.status if 300 <= fault.status < 400 else 302
                return Answer(status, b"", (("Location", fault.location), *self._headers(fault)), "text/html")
            case FaultKind.MAINTENANCE:
                return self._maintenance(fault)
        return self._status(fault)

    def _status(self, fault: Fault) -> Answer:
        if fault.body is None:
            answer = self.service.failure(self.call, fault.status)
            return evolve(answer, headers=answer.headers + self._headers(fault))
        if isinstance(fault.body, str):
            return Answer(fault.status, fault.body.encode(), self._headers(fault), "text/plain; charset=utf-8")
        return Answer(fault.status, encode_json(fault.body), self._headers(fault))

    def _maintenance(self, fault: Fault) -> Answer:
        until = datetime.fromtimestamp(self.clock() + 60, UTC).isoformat(timespec="seconds")
        body = {"status": "maintenance", "estimatedEndTime": until, "reason": "Planned maintenance."}
        headers = self._headers(fault)
        if not any(name == "Retry-After" for name, _ in headers):
            headers = (*headers, ("Retry-After", "60"))
        return Answer(503, encode_json(body), headers)

    def _headers(self, fault: Fault) -> tuple[tuple[str, str], ...]:
        headers = tuple(fault.headers.items())
        if fault.retry_after is not None:
            headers = (*headers, ("Retry-After", fault.retry_after))
        if fault.retry_after_date is not None:
            date = formatdate(self.clock() + fault.retry_after_date, usegmt=True)
            headers = (*headers, ("Retry-After", date))
        return headers

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            try:
                await asyncio.wait_for(self.stopping.wait(), seconds)
            except TimeoutError:
                return

    async def _hang(self, transport: asyncio.Transport) -> None:
        while not self._over(transport):
            await self._pause(_gone)
        transport.abort()

    async def _drip(self, answer: Answer, interval: float, transport: asyncio.Transport) -> None:
        transport.write(answer.head(self.date(), keep_alive=False))
        for position in range(len(answer.body)):
            if self._over(transport):
                break
            transport.write(answer.body[position : position + 1])
            await self._pause(interval)
        transport.close()

    async def _pour(self, size: int, transport: asyncio.Transport) -> None:
        start, chunk = b'{"padding":"', b"x" * 65536
        transport.write(Answer(200, b"").head(self.date(), keep_alive=False, length=size + len(start) + 2) + start)
        left = size
        while left > 0 and not self._over(transport):
            transport.write(chunk[:left])
            left -= len(chunk)
            while transport.get_write_buffer_size() > len(chunk) and not self._over(transport):
                await self._pause(0.001)
        transport.write(b'"}')
        transport.close()

    def _over(self, transport: asyncio.Transport) -> bool:
        return self.stopping.is_set() or transport.is_closing()

    @staticmethod
    def _end(transport: asyncio.Transport | None) -> web.StreamResponse:
        if transport is not None:
            transport.abort()
        return Raw(b"", keep_alive=False)
