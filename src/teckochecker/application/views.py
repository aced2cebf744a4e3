"""What is shown of a job: the job, its latest trigger, and what a person has to know first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from teckochecker.application.ports import JobQuery, UnitOfWork
from teckochecker.domain.findings import Checked
from teckochecker.domain.job import PollingJob
from teckochecker.domain.secret import Secret, SecretId
from teckochecker.domain.status import JobStatus
from teckochecker.domain.trigger import Trigger

_NOT_FOUND: Final = "not found with this key"
_HELD_READ: Final = 200  # held jobs that are looked through for their causes


@frozen(kw_only=True)
class JobView:
    """A job with its latest trigger, why it is held, if it is, and what was found when it was checked."""

    job: PollingJob
    trigger: Trigger | None = None
    held_reason: str | None = None
    checked: Checked | None = None


@frozen(kw_only=True)
class JobViews:
    """One page of a list; `total` counts all that match."""

    jobs: tuple[JobView, ...]
    total: int
    more: bool


@frozen(kw_only=True)
class Cause:
    """One reason why jobs are held: how many they are, and the newest of them. `secret` is one that is refused."""

    reason: str
    jobs: int
    newest: JobView
    secret: Secret | None = None


@frozen(kw_only=True)
class Overview:
    """All jobs at a glance. `causes` are those of the newest held jobs; `next_due` is the next step of any job."""

    counts: Mapping[JobStatus, int]
    held: int
    causes: tuple[Cause, ...]
    next_due: datetime | None


async def overview(work: UnitOfWork) -> Overview:
    """How many jobs there are in each status, and what keeps jobs waiting for a person."""
    page = await work.jobs.find(JobQuery(held=True, limit=_HELD_READ))
    secrets = {secret.id: secret for secret in await work.secrets.all()}
    causes: dict[tuple[str, SecretId | None], Cause] = {}
    for view in await views(work, page.jobs):
        secret = _refused(view.job, secrets) if not (view.trigger and view.trigger.waits_for) else None
        reason = _NOT_FOUND if secret is None and view.job.missing else view.held_reason or ""
        key = (reason, secret.id if secret else None)
        known = causes.get(key)
        causes[key] = Cause(
            reason=reason, jobs=known.jobs + 1 if known else 1, newest=known.newest if known else view, secret=secret
        )
    times = (await work.groups.next_due(), await work.triggers.next_due())
    return Overview(
        counts=await work.jobs.count(),
        held=page.total,
        causes=tuple(causes.values()),
        next_due=min((time for time in times if time), default=None),
    )


async def views(work: UnitOfWork, jobs: Sequence[PollingJob]) -> Sequence[JobView]:
    """The views of these jobs, in their order."""
    ids = [job.id for job in jobs]
    triggers, checks = await work.triggers.of_jobs(ids), await work.checks.of_jobs(ids)
    secrets = {secret.id: secret for secret in await work.secrets.all()}
    return [
        JobView(
            job=job,
            trigger=triggers.get(job.id),
            held_reason=_held(job, triggers.get(job.id), secrets),
            checked=checks.get(job.id),
        )
        for job in jobs
    ]


def _held(job: PollingJob, trigger: Trigger | None, secrets: Mapping[SecretId, Secret]) -> str | None:
    if trigger and trigger.waits_for:
        return trigger.waits_for
    if job.status is not JobStatus.ACTIVE:
        return None
    if secret := _refused(job, secrets):
        return secret.held_reason
    if job.missing:
        return f"{_NOT_FOUND}: {', '.join(job.missing)}; check the batch ID and the secret, then edit the job"
    return None


def _refused(job: PollingJob, secrets: Mapping[SecretId, Secret]) -> Secret | None:
    secret = secrets.get(job.openai_secret_id) if job.openai_secret_id else None
    return secret if secret and secret.held_reason else None
