"""Every port. A docstring here is the contract; adapters inherit its meaning.

Times are aware UTC. A unit of work is one transaction: leaving it without `commit()` undoes everything in it,
and no gateway is awaited inside one. Rows are locked in one order everywhere: group, jobs by id, trigger.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from attrs import frozen

from teckochecker.domain.batch import Looked
from teckochecker.domain.events import Event
from teckochecker.domain.job import PollingJob
from teckochecker.domain.run import Attempt, KeboolaRun, Runs
from teckochecker.domain.secret import Credential, Project, Sealed, Secret, SecretId, SecretType
from teckochecker.domain.status import JobStatus
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import BatchId, JobId, KeboolaTarget, StackUrl


class Clock(Protocol):
    """Time comes in through here alone."""

    def now(self) -> datetime:
        """The wall clock, aware UTC. It may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, for leases and deadlines."""
        ...

    async def sleep(self, delay: timedelta, *, unless: asyncio.Event | None = None) -> None:
        """Wait for `delay`, or until `unless` is set, whichever comes first."""
        ...


class Chance(Protocol):
    """All randomness comes in through here."""

    def uniform(self, a: float, b: float) -> float:
        """A number in [a, b)."""
        ...

    def trigger_id(self) -> UUID:
        """An id that nobody ever used."""
        ...


# Storage


@frozen(kw_only=True)
class GroupClaim:
    """A poll group in hand: all jobs of one OpenAI secret, until the lease runs out. `epoch` fences late writes.

    `failures` is how often in a row the group as a whole had no answer.
    """

    secret_id: SecretId
    owner: str
    epoch: int
    failures: int = 0


@frozen(kw_only=True)
class TriggerClaim:
    """A trigger in hand, as it stood when it was claimed."""

    trigger: Trigger
    owner: str
    epoch: int


@frozen(kw_only=True)
class JobQuery:
    """Which jobs to list, newest first. `after` is a job id.

    `secret_id` is that of either secret; `text` the start of a name or of a batch id, in capitals or not.
    """

    statuses: frozenset[JobStatus] = frozenset()
    secret_id: SecretId | None = None
    text: str | None = None
    limit: int = 100
    after: JobId | None = None


@frozen(kw_only=True)
class JobPage:
    """One page of a list. `total` counts all that match; `more` says whether a next page exists."""

    jobs: tuple[PollingJob, ...]
    total: int
    more: bool


@frozen(kw_only=True)
class HistoryEntry:
    """An event as stored; `id` grows with time."""

    id: int
    event: Event


class JobRepository(Protocol):
    """Jobs with their batches. Deleted jobs are seen by `get` with `deleted=True` alone."""

    async def next_id(self) -> JobId:
        """An id that was never used and never will be again."""
        ...

    async def add(self, job: PollingJob) -> None:
        """Store a new job under its id."""
        ...

    async def get(self, job_id: JobId, *, lock: bool = False, deleted: bool = False) -> PollingJob:
        """One job.

        Raises:
            JobNotFound: there is none, or it was deleted and `deleted` is false.
        """
        ...

    async def get_many(self, job_ids: Collection[JobId], *, lock: bool = False) -> Sequence[PollingJob]:
        """Those of these jobs that exist, in the order of their ids."""
        ...

    async def save(self, jobs: Sequence[PollingJob]) -> None:
        """Write jobs read with `lock=True` in this unit of work; their `events` go to the history with them."""
        ...

    async def postpone(
        self, next_at: datetime, job_ids: Collection[JobId], *, at: datetime, picked_at: datetime
    ) -> None:
        """Jobs in which a look found nothing new: looked at `at`, due again at `next_at`.

        Whatever set `next_check_at` after `picked_at` (a person, a hint) wins, and whatever unset it too.
        """
        ...

    async def hint(self, batch_id: BatchId, *, at: datetime) -> int:
        """Make due, at once, the active jobs that wait for this batch. Returns how many there were."""
        ...

    async def find(self, query: JobQuery) -> JobPage:
        """A page of jobs, newest first."""
        ...

    async def count(self) -> Mapping[JobStatus, int]:
        """How many jobs there are in each status, those with none included."""
        ...

    async def using(self, secret_id: SecretId) -> Sequence[PollingJob]:
        """Jobs that still need this secret, in the order of their ids.

        Active, paused and triggering ones, and those with an unsettled run, deleted or not.
        """
        ...

    async def wake(self, secret_id: SecretId, *, at: datetime) -> None:
        """Make due, at once, all active jobs of this OpenAI secret."""
        ...


class PollGroups(Protocol):
    """Who looks up which OpenAI secret's batches. Leases are judged by the storage's one clock."""

    async def claim(self, owner: str, *, lease: timedelta, limit: int) -> Sequence[GroupClaim]:
        """Take groups that have a due job and are in nobody's hand, the longest due first."""
        ...

    async def due(
        self, claims: Collection[GroupClaim], *, limit: int, without: Collection[JobId] = ()
    ) -> Sequence[PollingJob]:
        """Due jobs of these groups, except those `without`, the longest due first."""
        ...

    async def fence(self, claim: GroupClaim, *, lease: timedelta) -> None:
        """Make sure, until this unit of work ends, that the group is still in our hand, and renew the lease.

        Raises:
            LeaseLost: it is not; nothing in this unit of work may be committed.
        """
        ...

    async def release(self, claim: GroupClaim) -> None:
        """Give the group back, if it is still ours."""
        ...

    async def beat(self, owner: str, claims: Collection[GroupClaim], *, lease: timedelta) -> Collection[SecretId]:
        """Renew the leases in hand. Returns the groups that are still ours."""
        ...

    async def rest(self, claim: GroupClaim, *, until: datetime | None, failures: int, error: str | None) -> None:
        """Nobody looks at the group before `until` (Retry-After, a refused credential, an outage); None: no rest.

        Nothing happens when the group is no longer ours.
        """
        ...

    async def stir(self, secret_id: SecretId) -> None:
        """Forget a rest: the credential is new."""
        ...

    async def next_due(self) -> datetime | None:
        """When the next job can be looked at: it is due, and its group's rest is over."""
        ...


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

    async def beat(self, owner: str, claims: Collection[TriggerClaim], *, lease: timedelta) -> Collection[UUID]:
        """Renew the leases in hand. Returns the triggers that are still ours."""
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


class History(Protocol):
    """What happened."""

    async def add(self, events: Sequence[Event]) -> None:
        """Keep events that belong to no job or trigger saved in this unit of work."""
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
    def history(self) -> History: ...

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


class Wakeups(Protocol):
    """Hints that something changed, from this process or another. A hint may be late or lost; truth is stored."""

    @property
    def signal(self) -> asyncio.Event:
        """Set when something changed; whoever waits for it clears it."""
        ...

    def notify(self) -> None:
        """Tell everybody who watches the same store."""
        ...


class EventPublisher(Protocol):
    """Hands on what happened, after it was committed."""

    def publish(self, events: Sequence[Event]) -> None:
        """Tell all subscribers. Never raises and never waits."""
        ...


# The outside world


class SecretCipher(Protocol):
    """Seals secret values. The type is bound in: an OpenAI value cannot be opened as a Keboola one."""

    def seal(self, plain: Credential, type: SecretType) -> Sealed:
        """Seal under the first key."""
        ...

    def open(self, sealed: Sealed, type: SecretType) -> Credential:
        """The value.

        Raises:
            WrongKey: no key opens it.
        """
        ...

    def reseal(self, sealed: Sealed, type: SecretType) -> Sealed:
        """The same value under the first key; unchanged when it is there already.

        Raises:
            WrongKey: no key opens it.
        """
        ...


class BatchGateway(Protocol):
    """OpenAI's batch API."""

    def look_up(
        self, batches: Collection[BatchId], credential: Credential, *, base_url: str | None
    ) -> AsyncGenerator[Sequence[Looked], None]:
        """Say of each batch once how it stands, as answers arrive; nobody waits for the slowest.

        Failures are answers too (`LookUpFailed`); this raises nothing. Each call has a total deadline, calls at
        once are bounded per credential and per host, and when the service as a whole seems down the rest is
        answered without asking. To be closed when no longer wanted (`contextlib.aclosing`).
        """
        ...


class Lease(Protocol):
    """The lease under which a request is made."""

    @property
    def lost(self) -> bool:
        """Somebody else may hold the work by now, judged by the monotonic clock alone."""
        ...


@frozen(kw_only=True)
class RunRequest:
    """What is asked of Keboola. `delay` is how long the run has to wait before it begins."""

    target: KeboolaTarget
    variables: Mapping[str, str]
    delay: timedelta = timedelta(0)


@frozen(kw_only=True)
class RunSearch:
    """Which runs to look for: those of this target with this trigger id, created since."""

    trigger_id: UUID
    target: KeboolaTarget
    since: datetime


class WorkflowGateway(Protocol):
    """Keboola's queue.

    Raises, besides what a method names: Unavailable (nothing was done, it may work later), CredentialRejected
    (401 or 403) and Rejected (refused for good).
    """

    async def identify(self, stack_url: StackUrl, credential: Credential) -> Project:
        """The project and token behind a credential."""
        ...

    async def start(self, request: RunRequest, credential: Credential, *, lease: Lease) -> KeboolaRun:
        """Ask for a run, once. The lease is looked at right before the body leaves.

        Raises:
            LeaseLost: it had run out; nothing was sent.
            OutcomeUnknown: the run may or may not have been created.
        """
        ...

    async def find(self, search: RunSearch, credential: Credential) -> Runs:
        """Every run that matches, from all pages. A page that fails fails the search."""
        ...

    async def get(self, stack_url: StackUrl, run_id: str, credential: Credential) -> KeboolaRun:
        """One run, read from the primary store. Rejected with http 404: there is none."""
        ...

    async def kill(self, stack_url: StackUrl, run_id: str, credential: Credential) -> KeboolaRun:
        """Ask a run to end, and read it again."""
        ...
