"""Which right each address takes. One that is not named may be read by whoever reads, and changed by an admin alone."""

from __future__ import annotations

from typing import Final

from teckochecker.domain.role import Right
from teckochecker.entrypoints.http.access.facts import SAFE_METHODS

_PUBLIC: Final = frozenset({"/", "/api/health", "/web/sign-in"})
_PUBLIC_BELOW: Final = ("/api/webhooks/", "/web/static/")

# What begins so, what it takes to read it, and what to change it. The first row that fits counts.
_TABLE: Final[tuple[tuple[str, Right, Right], ...]] = (
    ("/api/jobs", Right.READ, Right.JOBS),
    ("/web/jobs", Right.READ, Right.JOBS),
    ("/api/admin/secrets", Right.READ, Right.SECRETS),
    ("/web/secrets", Right.READ, Right.SECRETS),
    ("/api/admin", Right.ACCESS, Right.ACCESS),
    ("/web/tokens", Right.ACCESS, Right.ACCESS),
    ("/web/audit", Right.ACCESS, Right.ACCESS),
    ("/web/console", Right.READ, Right.READ),  # asks for more itself, by what was typed
    ("/web/theme", Right.READ, Right.READ),
    ("/web/sign-out", Right.READ, Right.READ),
    ("", Right.READ, Right.ACCESS),
)


def right(method: str, template: str) -> Right | None:
    """The right that a route takes, by its path as it was declared; None: anybody may."""
    if template in _PUBLIC or f"{template}/".startswith(_PUBLIC_BELOW):
        return None
    reads = method in SAFE_METHODS
    rows = (row for row in _TABLE if f"{template}/".startswith(f"{row[0]}/") or not row[0])
    _, to_read, to_change = next(rows)
    return to_read if reads else to_change
