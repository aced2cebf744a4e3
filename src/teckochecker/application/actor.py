"""Who acts: whatever is changed is written down with it."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from teckochecker.domain.role import Role


@frozen(kw_only=True)
class Actor:
    """Somebody who changes something.

    `peer` is where the request came from: an address, or what kind of door it was. `request_id` finds it in the log.
    """

    name: str
    role: Role = Role.ADMIN
    peer: str | None = None
    request_id: str | None = None


LIBRARY: Final = Actor(name="library")
"""A program that uses the library and says nothing of who stands behind it."""
