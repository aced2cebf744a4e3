"""Values for tests, valid as they stand; what a test is about, it names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from attrs import evolve

from teckochecker.domain.batch import Batch, BatchReport, BatchStatus
from teckochecker.domain.job import PollingJob
from teckochecker.domain.run import KeboolaRun
from teckochecker.domain.secret import Project, Sealed, Secret, SecretId, SecretType
from teckochecker.domain.spec import JobSpec
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import BatchId, JobId, KeboolaTarget, StackUrl

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""The moment at which most tests begin."""

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def a_spec(**changes: Any) -> JobSpec:
    """A job as somebody asks for it."""
    asked: dict[str, Any] = {
        "name": "Nightly reviews",
        "batch_ids": ("batch_1",),
        "openai_secret": "openai",
        "keboola_secret": "keboola",
        "keboola_stack_url": "https://connection.keboola.com",
        "keboola_component_id": "kds-team.app-custom-python",
        "keboola_configuration_id": "123456",
    }
    return JobSpec(**asked | changes)


def a_target(**changes: Any) -> KeboolaTarget:
    """What the jobs of these tests start."""
    aim: dict[str, Any] = {
        "stack_url": StackUrl("https://connection.keboola.com"),
        "component_id": "kds-team.app-custom-python",
        "configuration_id": "123456",
    }
    return KeboolaTarget(**aim | changes)


def a_secret(id: int = 1, type: SecretType = SecretType.OPENAI, **changes: Any) -> Secret:
    """A stored secret, named after its type; a Keboola one whose project was read."""
    secret = Secret(id=SecretId(id), name=type.value, type=type, sealed=Sealed("sealed"), created_at=AT)
    if type is SecretType.KEBOOLA:
        secret = evolve(secret, project=a_project())
    return evolve(secret, **changes)


def a_project(**changes: Any) -> Project:
    """A Keboola project as token verification tells it."""
    told: dict[str, Any] = {"id": "901", "name": "Reviews", "token_id": "77"}
    return Project(**told | changes)


def a_job(
    id: int = 1, *, openai: Secret | None = None, keboola: Secret | None = None, at: datetime = AT, **changes: Any
) -> PollingJob:
    """A job of one batch, made at `at` and due at once. Like one read from storage it has nothing to tell."""
    job = PollingJob.begin(
        JobId(id),
        a_spec(),
        openai=openai or a_secret(1),
        keboola=keboola or a_secret(2, SecretType.KEBOOLA),
        target=a_target(),
        interval=2 * MINUTE,
        at=at,
    )
    return evolve(job, **{"events": ()} | changes)


def some_batches(*statuses: str) -> tuple[Batch, ...]:
    """batch_1, batch_2 and so on, in these statuses."""
    return tuple(_batch(number, BatchStatus(status)) for number, status in enumerate(statuses, 1))


def _batch(number: int, status: BatchStatus) -> Batch:
    changed_at = None if status == BatchStatus.QUEUED else AT
    ended_at = AT if status.terminal else None
    return Batch(id=BatchId(f"batch_{number}"), status=status, changed_at=changed_at, ended_at=ended_at)


def a_report(batch_id: str = "batch_1", status: str = "completed", **changes: Any) -> BatchReport:
    """What OpenAI said of a batch."""
    return BatchReport(batch_id=BatchId(batch_id), status=BatchStatus(status), **changes)


def a_trigger(job: PollingJob | None = None, number: int = 1, *, at: datetime = AT, **changes: Any) -> Trigger:
    """The intent to run a job whose batches have ended; `number` makes its id."""
    ended = job or a_job(batches=some_batches("completed"))
    trigger = Trigger.intend(ended, UUID(int=number), at=at)
    return evolve(trigger, **{"events": ()} | changes)


def a_run(id: str = "1001", status: str = "created", *, of: Trigger | None = None, **changes: Any) -> KeboolaRun:
    """A Keboola run as last read, of this trigger."""
    trigger = of or a_trigger()
    told: dict[str, Any] = {
        "component_id": trigger.target.component_id,
        "configuration_id": trigger.target.configuration_id,
        "project_id": a_project().id,
        "trigger_id": str(trigger.id),
        "token_id": a_project().token_id,
        "created_at": AT,
    }
    return KeboolaRun(id=id, status=status, **told | changes)
