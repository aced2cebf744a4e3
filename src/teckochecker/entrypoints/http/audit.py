"""/api/admin/audit: who did what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation
from litestar.types import ControllerRouterHandler

from teckochecker.application.audit import Audit
from teckochecker.application.ports import AuditQuery
from teckochecker.entrypoints.admin import AuditBody, audit_body


@get("/api/admin/audit", summary="List who did what")
async def listed(
    audit: NamedDependency[SkipValidation[Audit]],
    actor: Annotated[str | None, QueryParameter(description="Only what this token or user did")] = None,
    action: Annotated[str | None, QueryParameter(description="Only actions that begin so, such as `job.`")] = None,
    subject: Annotated[str | None, QueryParameter(description="Only what was done to this, such as `job 7`")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000, description="Entries on one page")] = 100,
    cursor: Annotated[int | None, QueryParameter(ge=1, description="From `next_cursor` of the page before")] = None,
) -> AuditBody:
    """A page of the audit trail, newest first."""
    query = AuditQuery(actor=actor, action=action, subject=subject, limit=limit, after=cursor)
    return audit_body(await audit.find(query))


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (listed,)
