"""What a request says of itself, and what is known about where it came from."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from attrs import field, frozen

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""


@frozen(kw_only=True)
class Facts:
    """The request as the server received it. `peer` is the other end of the TCP connection, `port` our own."""

    method: str = "GET"
    path: str = "/"
    http_version: str = "1.1"
    peer: str | None = None
    port: int | None = None
    headers: Mapping[str, Sequence[str]] = field(factory=dict, repr=False)

    @classmethod
    def of(cls, scope: Mapping[str, Any]) -> Self:
        """The facts of an ASGI scope. Header names are compared as some servers write them: `_` for `-`, capitals."""
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            key = name.decode("latin-1").lower().replace("_", "-")
            headers.setdefault(key, []).append(value.decode("latin-1").strip())
        peer, server = scope.get("client"), scope.get("server")
        return cls(
            method=scope["method"],
            path=scope["path"],
            http_version=scope["http_version"],
            peer=peer[0] if peer else None,
            port=server[1] if server else None,
            headers=headers,
        )

    def all(self, name: str) -> Sequence[str]:
        """Every value of a header, in their order."""
        return self.headers.get(name, ())

    def one(self, name: str) -> str | None:
        """The value of a header that came exactly once."""
        values = self.all(name)
        return values[0] if len(values) == 1 else None

    @property
    def changes(self) -> bool:
        """It may change something."""
        return self.method not in SAFE_METHODS


@frozen(kw_only=True)
class Sender:
    """Whom a request comes from, and over which scheme they sent it."""

    address: str | None
    scheme: str = "http"


def address_of(text: str | None) -> Address | None:
    """The IP address in a text, if it is one. IPv4 in the guise of IPv6 is taken for what it is."""
    try:
        address = ipaddress.ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def sender(facts: Facts, proxies: Sequence[Network]) -> Sender:
    """Whom the request comes from: the right-most hop that is no trusted proxy.

    What a proxy says is believed only where the connection itself comes from a trusted one, and only as far to the
    left as trusted proxies said it.
    """
    hop = address_of(facts.peer)
    if hop is None or not _among(hop, proxies):
        return Sender(address=None if hop is None else str(hop))
    for text in reversed(_hops(facts)):
        said = address_of(_without_port(text))
        if said is None:  # whatever stands further left cannot be told from what the sender made up
            break
        hop = said
        if not _among(hop, proxies):
            break
    schemes = [scheme.strip().lower() for value in facts.all("x-forwarded-proto") for scheme in value.split(",")]
    secure = bool(schemes) and all(scheme == "https" for scheme in schemes)
    return Sender(address=str(hop), scheme="https" if secure else "http")


def _among(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _hops(facts: Facts) -> list[str]:
    return [hop.strip() for value in facts.all("x-forwarded-for") for hop in value.split(",")]


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
