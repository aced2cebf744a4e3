"""The audit trail: who changed what, written down in the unit of work that changes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import frozen

from teckochecker.application.actor import Actor
from teckochecker.application.ports import AuditPage, AuditQuery, Store, UnitOfWork
from teckochecker.application.ports.trail import Facts
from teckochecker.domain.access import AccessToken
from teckochecker.domain.job import PollingJob
from teckochecker.domain.secret import Secret

Kept = PollingJob | Secret | AccessToken


@frozen(kw_only=True)
class Audit:
    """Read what people did."""

    store: Store

    async def find(self, query: AuditQuery) -> AuditPage:
        """A page of the trail, newest first."""
        async with self.store.view() as view:
            return await view.audit.find(query)


async def note(
    work: UnitOfWork,
    actor: Actor,
    action: str,
    *,
    at: datetime,
    before: Kept | None = None,
    after: Kept | None = None,
    **asked: Any,
) -> None:
    """Write down that `actor` made `after` of `before`; what is made has no before, what is removed no after.

    `asked` are the words of the request that the result does not show.
    """
    subject = before or after
    if subject is None:
        raise ValueError("An entry needs what it is about")
    was, is_now = _facts(before), _facts(after)
    if before and after:
        differing = {key for key in was if was[key] != is_now[key]}
        was, is_now = ({key: side[key] for key in side if key in differing} for side in (was, is_now))
    told = {**is_now, **asked}
    await work.audit.add(actor, action, _name(subject), before=was or None, after=told or None, at=at)


def _name(kept: Kept) -> str:
    if isinstance(kept, PollingJob):
        return f"job {kept.id}"
    return f"secret {kept.name}" if isinstance(kept, Secret) else f"token {kept.name}"


def _facts(kept: Kept | None) -> Facts:
    if kept is None:
        return {}
    if isinstance(kept, PollingJob):
        return _of_job(kept)
    return _of_secret(kept) if isinstance(kept, Secret) else _of_token(kept)


def _of_job(job: PollingJob) -> Facts:
    return {
        "name": job.name,
        "key": job.key,
        "status": job.status.value,
        "generation": job.generation,
        "batch_ids": [str(batch.id) for batch in job.batches],
        "openai_secret": job.openai_secret_name,
        "keboola_secret": job.keboola_secret_name,
        "keboola_stack_url": str(job.target.stack_url),
        "keboola_component_id": job.target.component_id,
        "keboola_configuration_id": job.target.configuration_id,
        "branch_id": job.target.branch_id,
        "row_ids": list(job.target.row_ids),
        "variables": dict(job.target.variables),
        "poll_interval_seconds": int(job.interval.total_seconds()),
    }


def _of_secret(secret: Secret) -> Facts:
    return {
        "name": secret.name,
        "type": secret.type.value,
        "base_url": secret.base_url,
        "version": secret.version,
    }


def _of_token(token: AccessToken) -> Facts:
    return {
        "name": token.name,
        "role": token.role.value,
        "expires_at": token.expires_at and token.expires_at.isoformat(),
        "revoked": token.revoked_at is not None,
    }
