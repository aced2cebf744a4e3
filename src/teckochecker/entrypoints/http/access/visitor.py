"""Who sends a request, for those who answer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from teckochecker.application.actor import Actor
from teckochecker.domain.role import Role
from teckochecker.domain.session import SessionText

_KEY: Final = "visitor"


@frozen(kw_only=True)
class Visitor:
    """Who is there. `actor` is None for somebody unknown, of whom `reason` says why.

    `session` is set where a browser is known by its session. `secure` tells that cookies are safe on this connection.
    """

    actor: Actor | None
    reason: str = ""
    session: SessionText | None = None
    address: str | None = None
    secure: bool = False

    @property
    def acting(self) -> Actor:
        """In whose name things happen, somebody unknown included."""
        return self.actor or Actor(name="nobody", role=Role.VIEWER, peer=self.address)


def visitor_of(scope: Mapping[str, Any]) -> Visitor:
    """Who sent the request of this scope, as the gate found out."""
    found: Visitor = scope["state"][_KEY]
    return found


def announce(scope: Mapping[str, Any], visitor: Visitor) -> None:
    """Say who sent the request of this scope."""
    scope["state"][_KEY] = visitor
