"""What every answer says to browsers: what it may load, who may frame it, and which other sites may read it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from attrs import frozen

from teckochecker.entrypoints.http.access.facts import Facts

Headers = Mapping[str, str]

_ALWAYS: Final[Headers] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # not no-referrer: forms of our own pages would then come with the Origin of nobody
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_PAGES: Final = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_DATA: Final = "default-src 'none'; frame-ancestors 'none'"
_A_YEAR: Final = "max-age=31536000"
_FOR_SCRIPTS: Final = ("/api/", "/openapi.json")


def of_answer(path: str, scheme: str, content_type: str) -> Headers:
    """The headers of an answer that says nothing else itself."""
    policy = _PAGES if content_type.startswith("text/html") else _DATA
    found = {**_ALWAYS, "content-security-policy": policy}
    if path.startswith("/api/"):
        found["cache-control"] = "no-store"
    if scheme == "https":
        found["strict-transport-security"] = _A_YEAR
    return found


@frozen
class Cors:
    """Which other sites' pages may use the API: with a token, never with what the browser sends by itself."""

    origins: Collection[str] = ()

    def of(self, facts: Facts) -> Headers:
        """The headers that let the page read the answer; none where it may not."""
        origin = facts.one("origin")
        if not self.origins or not facts.path.startswith(_FOR_SCRIPTS):
            return {}
        if "*" in self.origins:
            return {"access-control-allow-origin": "*", **_EXPOSED}
        if origin is None or origin not in self.origins:
            return {}
        return {"access-control-allow-origin": origin, "vary": "Origin", **_EXPOSED}

    @staticmethod
    def asks_first(facts: Facts) -> bool:
        """A browser asks whether a page may send what it wants to send."""
        return facts.method == "OPTIONS" and bool(facts.all("access-control-request-method"))


_EXPOSED: Final[Headers] = {
    "access-control-expose-headers": "ETag, Idempotency-Replayed, Location, Retry-After, X-Request-ID"
}

PREFLIGHT: Final[Headers] = {
    "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
    "access-control-allow-headers": (
        "Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID, X-Request-ID"
    ),
    "access-control-max-age": "600",
}
"""What an allowed page may send."""
