"""/api/admin/audit: who did what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from litestar import get
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from teckochecker.application.ports import AuditQuery
from teckochecker.entrypoints.admin import AuditBody, audit_body
from teckochecker.entrypoints.http.fields import Cursor
from teckochecker.entrypoints.http.parts import AskedAudit


@get("/api/admin/audit")
async def list_audit(
    audit: AskedAudit,
    actor: Annotated[str | None, QueryParameter(max_length=255, description="Only what this token or user did")] = None,
    action: Annotated[
        str | None, QueryParameter(max_length=255, description="Only actions that begin so, such as `job.`")
    ] = None,
    subject: Annotated[
        str | None, QueryParameter(max_length=300, description="Only what was done to this, such as `job 7`")
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000, description="Entries on one page")] = 100,
    cursor: Cursor = 0,
) -> AuditBody:
    """A page of what people did, newest first."""
    query = AuditQuery(actor=actor, action=action, subject=subject, limit=limit, after=cursor or None)
    return audit_body(await audit.find(query))


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (list_audit,)
