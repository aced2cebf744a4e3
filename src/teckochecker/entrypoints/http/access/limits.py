"""How much one client may ask for in a minute, and how those are slowed who try out tokens."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from datetime import timedelta
from typing import Final, Generic, TypeVar

from attrs import define, field, frozen

from teckochecker.application.ports import Clock
from teckochecker.entrypoints.http.access.facts import address_of

V = TypeVar("V")

_MOST_CLIENTS: Final = 10_000  # remembered at once; of more, those are forgotten that were silent longest
_FREE: Final = 5  # wrong tokens in a row that cost nothing: slips of the pen
_FIRST: Final = 0.1  # seconds that the next one waits, twice as long with each
_LONGEST: Final = 5.0
_FORGIVEN: Final = 60.0  # seconds without a wrong one
_WAITING: Final = 10  # answers to one client that wait at once


def client_of(address: str | None) -> str:
    """What is one client among addresses: of IPv6, whoever has an address has the whole network around it."""
    known = address_of(address)
    if isinstance(known, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)


@define(eq=False)
class _Known(Generic[V]):
    """The clients seen last."""

    _of: OrderedDict[str, V] = field(factory=OrderedDict, init=False)

    def get(self, client: str) -> V | None:
        return self._of.get(client)

    def put(self, client: str, value: V) -> None:
        self._of[client] = value
        self._of.move_to_end(client)
        while len(self._of) > _MOST_CLIENTS:
            self._of.popitem(last=False)


@frozen
class _Bucket:
    left: float
    at: float


@define(eq=False)
class RateLimit:
    """So many requests a minute for each client; all of them at once, if it likes, and then one by one."""

    clock: Clock
    per_minute: int | None
    _buckets: _Known[_Bucket] = field(factory=_Known, init=False)

    def wait(self, client: str) -> int:
        """Seconds until this client may ask; 0: it may now, and that is counted."""
        if self.per_minute is None:
            return 0
        now, most, per_second = self.clock.monotonic(), float(self.per_minute), self.per_minute / 60
        bucket = self._buckets.get(client) or _Bucket(most, now)
        left = min(most, bucket.left + (now - bucket.at) * per_second)
        if left < 1:
            return math.ceil((1 - left) / per_second)
        self._buckets.put(client, _Bucket(left - 1, now))
        return 0


@define
class _Failures:
    count: int = 0
    at: float = 0.0
    waiting: int = 0


@define(eq=False)
class WrongTokens:
    """Makes each client wait that shows wrong tokens, longer each time. A right one is never made to wait."""

    clock: Clock
    _failures: _Known[_Failures] = field(factory=_Known, init=False)

    async def slow(self, client: str) -> bool:
        """Wait before a wrong token is answered. False: so many wait already that this one is refused at once."""
        now, known = self.clock.monotonic(), self._failures.get(client) or _Failures()
        if now - known.at > _FORGIVEN:
            known.count = 0
        known.count, known.at = known.count + 1, now
        self._failures.put(client, known)
        if known.count <= _FREE:
            return True
        if known.waiting >= _WAITING:
            return False
        known.waiting += 1
        try:
            delay = min(_LONGEST, _FIRST * 2 ** min(known.count - _FREE - 1, 16))
            await self.clock.sleep(timedelta(seconds=delay))
        finally:
            known.waiting -= 1
        return True
