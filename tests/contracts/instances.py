"""One instance of the program over a storage, and the short words in which the contract of a store is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import evolve, field, frozen

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.publisher import Publisher
from teckochecker.application.errors import SecretNotFound
from teckochecker.application.ports import Address, EventPublisher, GroupClaim, Store, TriggerClaim, Wakeups
from teckochecker.domain.events import Event, JobFailed
from teckochecker.domain.job import PollingJob
from teckochecker.domain.secret import Sealed, Secret, SecretType
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import JobId
from tests.builders import AT, MINUTE, SECOND, a_job, a_trigger, some_batches

LEASE = 30 * SECOND

Opened = tuple[Store, Wakeups]


@frozen(eq=False)
class Instance:
    """A process with its own way to the storage; `told` is what was published in it, `owner` its name in leases."""

    owner: str
    clock: ManualClock
    store: Store
    wakeups: Wakeups
    told: list[Event] = field(factory=list)

    @classmethod
    def over(cls, owner: str, clock: ManualClock, open_store: Callable[[EventPublisher], Opened]) -> Instance:
        """A new process."""
        told: list[Event] = []
        publisher = Publisher(_fail)
        publisher.add(told.append)
        store, wakeups = open_store(publisher)
        return cls(owner, clock, store, wakeups, told)

    # Secrets

    async def add_secret(self, name: str = "openai", type: SecretType = SecretType.OPENAI) -> Secret:
        """Store a secret."""
        async with self.store.work() as work:
            secret = await work.secrets.add(name=name, type=type, sealed=Sealed("sealed"), base_url=None, at=AT)
            await work.commit()
        return secret

    async def secret(self, name: str = "openai", type: SecretType = SecretType.OPENAI) -> Secret:
        """The secret of this name, made when it is asked for the first time."""
        try:
            async with self.store.view() as view:
                return await view.secrets.named(name)
        except SecretNotFound:
            return await self.add_secret(name, type)

    # Jobs

    async def add_job(self, *, openai: str = "openai", due: datetime | None = AT, **changes: Any) -> PollingJob:
        """Store a job of these secrets, due at this time; of a job that is not active the time is left out."""
        first = await self.secret(openai)
        second = await self.secret("keboola", SecretType.KEBOOLA)
        async with self.store.work() as work:
            job = a_job(await work.jobs.next_id(), openai=first, keboola=second)
            job = evolve(job, **{"next_check_at": None if "status" in changes else due} | changes)
            await work.jobs.add(job)
            await work.commit()
        return evolve(job, events=())

    async def job(self, job_id: JobId, *, deleted: bool = False) -> PollingJob:
        """The job as it is stored."""
        async with self.store.view() as view:
            return await view.jobs.get(job_id, deleted=deleted)

    async def change(self, job_id: JobId, step: Callable[[PollingJob], PollingJob]) -> PollingJob:
        """What a person does to a job: read it locked, decide, save."""
        async with self.store.work() as work:
            job = step(await work.jobs.get(job_id, lock=True))
            await work.jobs.save([job])
            await work.commit()
        return evolve(job, events=())

    # Poll groups

    async def claim_groups(self, *, limit: int = 100, lease: timedelta = LEASE) -> Sequence[GroupClaim]:
        """Take what is due."""
        async with self.store.work() as work:
            claims = await work.groups.claim(self.owner, lease=lease, limit=limit)
            await work.commit()
        return claims

    async def claim_group(self) -> GroupClaim:
        """Take the one group that is due."""
        (claim,) = await self.claim_groups()
        return claim

    async def due(self, *claims: GroupClaim, limit: int = 100, without: Sequence[JobId] = ()) -> list[JobId]:
        """The ids of the due jobs of these groups."""
        async with self.store.view() as view:
            return [job.id for job in await view.groups.due(claims, limit=limit, without=without)]

    async def fence(self, claim: GroupClaim) -> None:
        """Make sure that a group is in hand."""
        async with self.store.work() as work:
            await work.groups.fence(claim, lease=LEASE)
            await work.commit()

    async def rest(self, claim: GroupClaim, until: datetime | None, *, failures: int = 1) -> None:
        """Let a group rest."""
        async with self.store.work() as work:
            await work.groups.rest(claim, until=until, failures=failures, error="429")
            await work.commit()

    # Triggers

    async def add_trigger(self, number: int = 1, *, job: PollingJob | None = None, **changes: Any) -> Trigger:
        """Store a trigger, due at the beginning; of a new job unless one is given."""
        ended = job or await self.add_job(status="triggering", batches=some_batches("completed"))
        trigger = a_trigger(ended, number, **changes)
        async with self.store.work() as work:
            await work.triggers.add(trigger)
            await work.commit()
        return evolve(trigger, events=())

    async def trigger(self, known: Trigger) -> Trigger:
        """The trigger as it is stored."""
        async with self.store.view() as view:
            return await view.triggers.get(known.id)

    async def claim_triggers(self, *, limit: int = 100, lease: timedelta = LEASE) -> Sequence[TriggerClaim]:
        """Take what is due."""
        async with self.store.work() as work:
            claims = await work.triggers.claim(self.owner, lease=lease, limit=limit)
            await work.commit()
        return claims

    async def claim_trigger(self) -> TriggerClaim:
        """Take the one trigger that is due."""
        (claim,) = await self.claim_triggers()
        return claim

    async def save_trigger(self, trigger: Trigger, claim: TriggerClaim | None = None, *, release: bool = False) -> None:
        """Write a trigger."""
        async with self.store.work() as work:
            await work.triggers.save(trigger, claim, release=release)
            await work.commit()


def addressed(event: Event) -> Sequence[Address]:
    """Failed jobs are told over two channels, at once."""
    return [Address(channel, event.at) for channel in ("mail", "chat")] if isinstance(event, JobFailed) else ()


def later(minutes: int = 1) -> datetime:
    """So long after the beginning."""
    return AT + minutes * MINUTE


def _fail(error: Exception, event: Event) -> None:
    raise error
