"""Storage of triggers, secrets and history, and the unit of work over all of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from attrs import frozen

from teckochecker.application.ports.access import SessionRepository, TokenRepository
from teckochecker.application.ports.noticed import NoticeRepository
from teckochecker.application.ports.once import OnceKeys
from teckochecker.application.ports.running import Services
from teckochecker.application.ports.trail import AuditTrail
from teckochecker.application.ports.watched import JobRepository, PollGroups
from teckochecker.domain.events import Event
from teckochecker.domain.findings import Checked
from teckochecker.domain.run import Attempt, KeboolaRun
from teckochecker.domain.secret import Sealed, Secret, SecretId, SecretType
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import JobId


@frozen(kw_only=True)
class TriggerClaim:
    """A trigger in hand, as it stood when it was claimed."""

    trigger: Trigger
    owner: str
    epoch: int

    @property
    def key(self) -> tuple[UUID, int]:
        """Which claim it is: one that was lost may be under way while its owner has claimed the trigger again."""
        return self.trigger.id, self.epoch


@frozen(kw_only=True)
class HistoryEntry:
    """An event as stored; `id` grows with time."""

    id: int
    event: Event


class TriggerRepository(Protocol):
    """Triggers with their attempts and runs."""

    async def add(self, trigger: Trigger) -> None:
        """Store a new trigger; its `events` go to the history with it.

        Raises:
            Conflict: the job has one of this generation already, or one that is unsettled.
        """
        ...

    async def get(self, trigger_id: UUID, *, lock: bool = False) -> Trigger:
        """One trigger.

        Raises:
            NotFound: there is none.
        """
        ...

    async def of_job(self, job_id: JobId, *, lock: bool = False) -> Sequence[Trigger]:
        """All triggers of a job, the latest generation first."""
        ...

    async def of_jobs(self, job_ids: Collection[JobId]) -> Mapping[JobId, Trigger]:
        """The latest trigger of each of these jobs that has one."""
        ...

    async def of_secret(self, secret_id: SecretId, *, lock: bool = False) -> Sequence[Trigger]:
        """Triggers that need this Keboola secret for a step due now or later."""
        ...

    async def claim(self, owner: str, *, lease: timedelta, limit: int) -> Sequence[TriggerClaim]:
        """Take due triggers that are in nobody's hand, the longest due first."""
        ...

    async def save(self, trigger: Trigger, claim: TriggerClaim | None = None, *, release: bool = False) -> None:
        """Write a trigger with its attempts and runs; its `events` go to the history with it.

        With a claim the write is fenced; `release` gives it back as well. Without one (a person decided) it wins,
        and whoever has the trigger in hand loses it. What was recorded since the trigger was read is kept, and
        keeps it due.

        Raises:
            LeaseLost: the claim is no longer ours; nothing in this unit of work may be committed.
        """
        ...

    async def record(self, trigger_id: UUID, evidence: Attempt | KeboolaRun, *, at: datetime) -> None:
        """Keep what became known after the lease was lost: the outcome of an attempt that has none yet, or a run.

        It changes no state and no lease; it makes the trigger due, so that its holder takes it in.
        """
        ...

    async def release(self, claim: TriggerClaim) -> None:
        """Give the trigger back, if it is still ours."""
        ...

    async def beat(
        self, owner: str, claims: Collection[TriggerClaim], *, lease: timedelta
    ) -> Collection[tuple[UUID, int]]:
        """Renew the leases in hand. Returns the keys of the claims that still hold."""
        ...

    async def next_due(self) -> datetime | None:
        """When the next trigger can be claimed: it is due, and any lease on it has run out."""
        ...


class SecretRepository(Protocol):
    """Secrets, sealed."""

    async def add(self, *, name: str, type: SecretType, sealed: Sealed, base_url: str | None, at: datetime) -> Secret:
        """Store a new secret; an OpenAI one gets its poll group.

        Raises:
            SecretExists: the name is taken.
        """
        ...

    async def get(self, secret_id: SecretId, *, lock: bool = False) -> Secret:
        """One secret.

        Raises:
            SecretNotFound: there is none.
        """
        ...

    async def named(self, name: str, *, lock: bool = False) -> Secret:
        """One secret.

        Raises:
            SecretNotFound: there is none.
        """
        ...

    async def all(self, *, lock: bool = False) -> Sequence[Secret]:
        """Every secret, in the order of their ids."""
        ...

    async def save(self, secret: Secret) -> None:
        """Write a secret read with `lock=True` in this unit of work."""
        ...

    async def delete(self, secret_id: SecretId) -> None:
        """Remove it. Jobs and triggers forget its id; jobs keep its name."""
        ...


class CheckRepository(Protocol):
    """What was found when a job was checked, the latest of each."""

    async def keep(self, job_id: JobId, checked: Checked) -> None:
        """Store what was found, in place of what was found before."""
        ...

    async def forget(self, job_id: JobId) -> None:
        """What was found holds no longer."""
        ...

    async def of_jobs(self, job_ids: Collection[JobId]) -> Mapping[JobId, Checked]:
        """What was found of each of these jobs that was checked."""
        ...


class History(Protocol):
    """What happened."""

    async def add(self, events: Sequence[Event]) -> None:
        """Keep events that belong to no job or trigger saved in this unit of work."""
        ...

    async def recall(self, events: Sequence[Event]) -> None:
        """Keep what happened long ago, before what else this unit of work tells: it is no news, so nobody is told."""
        ...

    async def of_job(self, job_id: JobId, *, limit: int) -> Sequence[HistoryEntry]:
        """The latest entries of a job, newest first."""
        ...

    async def since(self, entry_id: int, *, limit: int) -> Sequence[HistoryEntry]:
        """Entries after this one, oldest first, complete also while others commit."""
        ...

    async def last_id(self) -> int:
        """The newest entry's id, 0 when there is none."""
        ...

    async def forget(self, before: datetime, *, limit: int) -> int:
        """Remove entries of before this moment that belong to no job. Returns how many went."""
        ...

    async def count(self) -> int:
        """How many entries there are."""
        ...


class UnitOfWork(Protocol):
    """One transaction over all repositories."""

    @property
    def jobs(self) -> JobRepository: ...

    @property
    def groups(self) -> PollGroups: ...

    @property
    def triggers(self) -> TriggerRepository: ...

    @property
    def secrets(self) -> SecretRepository: ...

    @property
    def checks(self) -> CheckRepository: ...

    @property
    def history(self) -> History: ...

    @property
    def services(self) -> Services: ...

    @property
    def audit(self) -> AuditTrail: ...

    @property
    def tokens(self) -> TokenRepository: ...

    @property
    def sessions(self) -> SessionRepository: ...

    @property
    def notices(self) -> NoticeRepository: ...

    @property
    def once(self) -> OnceKeys: ...

    async def now(self) -> datetime:
        """The clock that leases are judged by: the database server's where several machines share one."""
        ...

    async def commit(self) -> None:
        """Keep everything. The events of what was saved are published afterwards."""
        ...


class Store(Protocol):
    """Where everything is kept. Opening a unit of work may raise StorageUnavailable; so may its methods."""

    def work(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A unit of work that writes."""
        ...

    def view(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """One that only reads, and keeps nobody waiting."""
        ...
