"""What is shown of a job: the job, its latest trigger, and what a person has to know first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from teckochecker.application.ports import UnitOfWork
from teckochecker.domain.job import PollingJob
from teckochecker.domain.secret import Secret, SecretId
from teckochecker.domain.status import JobStatus
from teckochecker.domain.trigger import Trigger


@frozen(kw_only=True)
class JobView:
    """A job with its latest trigger, and why it is held, if it is."""

    job: PollingJob
    trigger: Trigger | None = None
    held_reason: str | None = None


@frozen(kw_only=True)
class JobViews:
    """One page of a list; `total` counts all that match."""

    jobs: tuple[JobView, ...]
    total: int
    more: bool


async def views(work: UnitOfWork, jobs: Sequence[PollingJob]) -> Sequence[JobView]:
    """The views of these jobs, in their order."""
    triggers = await work.triggers.of_jobs([job.id for job in jobs])
    secrets = {secret.id: secret for secret in await work.secrets.all()}
    return [
        JobView(job=job, trigger=triggers.get(job.id), held_reason=_held(job, triggers.get(job.id), secrets))
        for job in jobs
    ]


def _held(job: PollingJob, trigger: Trigger | None, secrets: Mapping[SecretId, Secret]) -> str | None:
    if trigger and trigger.waits_for:
        return trigger.waits_for
    if job.status is not JobStatus.ACTIVE or job.openai_secret_id is None:
        return None
    secret = secrets.get(job.openai_secret_id)
    if secret and secret.held_reason:
        return secret.held_reason
    if job.missing:
        return (
            f"not found with this key: {', '.join(job.missing)}; check the batch ID and the secret, then edit the job"
        )
    return None
