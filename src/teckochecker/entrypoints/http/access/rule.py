"""The rule of who may come in: facts of a request go in, whom it claims to come from comes out. Nothing else counts.

A token is asked for, unless the operator's rule lets in whoever works on this very machine. What a browser sends along
by itself is believed only where no other site can have made it do so.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from attrs import frozen

from teckochecker.entrypoints.http.access.facts import Facts, Network, address_of, sender

COOKIE: Final = "__Host-teckochecker"
"""The session's cookie. Browsers take this name only over https, for this host alone, and from nobody below it."""

_HEALTH: Final = "/api/health"
_WEBHOOKS: Final = "/api/webhooks/"
_TELLTALES: Final = ("x-forwarded", "cf-", "x-envoy-", "x-original-")
_TELLTALE: Final = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip"})
_HOST: Final = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?")
_NAMES_OF_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "[::1]")


class Mode(StrEnum):
    """`API_AUTH`: whether a token is asked for always, of all but the local operator, or never."""

    ALWAYS = "always"
    LOCAL = "local"
    OFF = "off"


@frozen(kw_only=True)
class Rule:
    """What the operator decided, and where the service runs."""

    mode: Mode = Mode.ALWAYS
    contained: bool = False
    proxies: Sequence[Network] = ()
    hosts: frozenset[str] = frozenset()


@frozen
class Bearer:
    """Whoever holds this token."""

    text: str


@frozen
class Cookie:
    """Whoever holds this session."""

    text: str


@frozen
class LocalOperator:
    """Whoever works on the service's own machine."""


@frozen
class Anybody:
    """Nobody is asked who they are."""


@frozen
class Nobody:
    """Whoever may see what is public; `reason` is what keeps them from being more."""

    reason: str


@frozen
class Refused:
    """Whoever may not even see what is public."""

    status: int
    reason: str


Claim = Bearer | Cookie | LocalOperator | Anybody | Nobody | Refused

HOW_TO_COME_IN: Final = (
    "Send a token: 'Authorization: Bearer tck_...'; make one with: teckochecker token create NAME --role operator"
)


def exempt(path: str) -> bool:
    """Whether anybody may ask this address, whatever they send and however often. Webhooks are known by signature."""
    return path == _HEALTH or path.startswith(_WEBHOOKS)


def claim(facts: Facts, rule: Rule) -> Claim:
    """Whom the request claims to come from, or why it is refused whoever sent it."""
    if exempt(facts.path):
        return Nobody(HOW_TO_COME_IN)
    if facts.all("authorization"):
        return _bearer(facts)
    host = _known_host(facts, rule)
    if isinstance(host, Refused):
        return host
    scheme = sender(facts, rule.proxies).scheme
    if facts.changes and (stranger := _stranger(facts, scheme, host)):
        return Refused(403, f"A page of another site may not change anything here ({stranger})")
    if scheme == "https" and (session := _cookie(facts)):
        return Cookie(session)
    if rule.mode is Mode.OFF:
        return Anybody()
    if rule.mode is Mode.ALWAYS:
        return Nobody(HOW_TO_COME_IN)
    amiss = not_local(facts, rule)
    return Nobody(f"{HOW_TO_COME_IN}. You are not let in without one because {amiss}") if amiss else LocalOperator()


def not_local(facts: Facts, rule: Rule) -> str | None:
    """The first clause that keeps a request from being the local operator's; None: it is."""
    peer = address_of(facts.peer)
    if peer is None or not peer.is_loopback:
        return "the request does not come from this machine"
    if rule.contained:
        return "the service runs in a container, where the outside can look like this machine (API_IN_CONTAINER)"
    if rule.proxies:
        return "the service has TRUSTED_PROXIES, so the request may come from anywhere"
    if facts.http_version not in ("1.1", "2", "3"):
        return "it speaks an older HTTP than 1.1, as reverse proxies do"
    for name in facts.headers:
        if name in _TELLTALE or name.startswith(_TELLTALES):
            return f"it came through a proxy, which added '{name[:40]}'"
    host = (facts.one("host") or "").lower()
    if host not in _own_hosts(facts.port):
        return "its Host is not localhost with the service's port"
    stranger = _stranger(facts, "http", host)
    return f"a page of another site sent it ({stranger})" if stranger else None


def _bearer(facts: Facts) -> Bearer | Refused:
    scheme, _, text = (facts.one("authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        return Refused(401, HOW_TO_COME_IN)
    return Bearer(text.strip())


def _known_host(facts: Facts, rule: Rule) -> str | Refused:
    """The host that the request names, where no foreign name can have been pointed at this service."""
    host = (facts.one("host") or "").lower()
    parts = _HOST.fullmatch(host)
    if parts is None:
        return Refused(400, "The request needs exactly one Host header")
    name = parts["name"]
    if name is None or name == "localhost" or name in rule.hosts or _is_address(name):
        return host
    return Refused(400, f"The service does not go by the name '{name[:80]}'; list it in ALLOWED_HOSTS or send a token")


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True


def _own_hosts(port: int | None) -> set[str]:
    bare = set(_NAMES_OF_THIS_MACHINE) if port == 80 else set()
    return bare | {f"{name}:{port}" for name in _NAMES_OF_THIS_MACHINE}


def _stranger(facts: Facts, scheme: str, host: str) -> str | None:
    """The header by which a browser tells that another site is behind the request."""
    if any(site.lower() not in ("same-origin", "none") for site in facts.all("sec-fetch-site")):
        return "Sec-Fetch-Site"
    default = f":{ {'http': 80, 'https': 443}[scheme] }"
    own = {f"{scheme}://{host}", f"{scheme}://{host.removesuffix(default)}"}
    return "Origin" if any(origin.lower() not in own for origin in facts.all("origin")) else None


def _cookie(facts: Facts) -> str | None:
    """The session's cookie, if there is exactly one."""
    pairs = [pair.strip().partition("=") for value in facts.all("cookie") for pair in value.split(";")]
    ours = [value for name, _, value in pairs if name == COOKIE]
    return ours[0] if len(ours) == 1 else None
