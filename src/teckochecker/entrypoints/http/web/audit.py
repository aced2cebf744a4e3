"""/web/audit: who did what, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from teckochecker.application.ports import AuditEntry, AuditQuery
from teckochecker.entrypoints.http.parts import AskedAudit
from teckochecker.entrypoints.http.web.page import ThePage
from teckochecker.entrypoints.http.web.words import exact

PLACE: Final = "/web/audit"
_PAGE: Final = 50
_LARGEST: Final = 18  # digits of an id

Words = Annotated[str, QueryParameter(max_length=255)]


@get("/audit")
async def listed(
    page: ThePage, audit: AskedAudit, actor: Words = "", subject: Words = "", after: Words = ""
) -> Response[str]:
    """A page of the trail."""
    start = int(after) if after.isascii() and after.isdigit() and len(after) <= _LARGEST else None
    found = await audit.find(AuditQuery(actor=actor or None, subject=subject or None, limit=_PAGE, after=start))
    asked = {"actor": actor, "subject": subject, "after": str(found.entries[-1].id) if found.more else ""}
    return page.show(
        "audit.html",
        place=PLACE,
        lines=[(entry, _changes(entry)) for entry in found.entries],
        total=found.total,
        asked=asked,
        older=f"{PLACE}?{urlencode({name: text for name, text in asked.items() if text})}" if found.more else None,
    )


def _changes(entry: AuditEntry) -> Sequence[tuple[str, str, str]]:
    """Each thing that differs, as it was and as it is."""
    before, after = entry.before or {}, entry.after or {}
    names = dict.fromkeys([*before, *after])
    return [(name, _text(name, before.get(name, "")), _text(name, after.get(name, ""))) for name in names]


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, str) and name.endswith("_at") and value:
        return exact(datetime.fromisoformat(value))
    return "none" if value is None else str(value)


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (listed,)
