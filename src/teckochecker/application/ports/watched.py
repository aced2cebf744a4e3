"""Storage of jobs and of who looks them up."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from attrs import converters, field, frozen

from teckochecker.domain.job import PollingJob
from teckochecker.domain.secret import SecretId
from teckochecker.domain.status import JobStatus
from teckochecker.domain.values import BatchId, JobId, sought
from teckochecker.domain.watched import WatchedJob


@frozen(kw_only=True)
class GroupClaim:
    """A poll group in hand: all jobs of one OpenAI secret, until the lease runs out. `epoch` fences late writes.

    `failures` is how often in a row the group as a whole had no answer.
    """

    secret_id: SecretId
    owner: str
    epoch: int
    failures: int = 0


class JobSort(StrEnum):
    """The orders of a list. Names sort without regard to capitals; what is equal sorts by its ids.

    Jobs that have no next check come after those that have one, either way, the newest first.
    """

    NEWEST = "-created_at"
    OLDEST = "created_at"
    NAME = "name"
    NAME_DOWN = "-name"
    STATUS = "status"
    STATUS_DOWN = "-status"
    NEXT_CHECK = "next_check_at"
    NEXT_CHECK_DOWN = "-next_check_at"

    @property
    def down(self) -> bool:
        """The last one comes first."""
        return self.startswith("-")

    @property
    def key(self) -> str:
        """What counts: created_at, name, status or next_check_at."""
        return self.removeprefix("-")


@frozen(kw_only=True)
class JobQuery:
    """Which jobs to list, and in which order; the list goes on after the job `after`, where it stands now.

    `secret_id` is that of either secret; `text` the start of a name, in capitals or not, or of a batch id. `held`
    ones wait for a person or a secret: for a credential that is refused, for batches that are not found, or to be sent.
    """

    statuses: frozenset[JobStatus] = frozenset()
    secret_id: SecretId | None = None
    text: str | None = field(default=None, converter=converters.optional(sought))
    held: bool = False
    sort: JobSort = JobSort.NEWEST
    limit: int = 100
    after: JobId | None = None


@frozen(kw_only=True)
class JobPage:
    """One page of a list. `total` counts all that match; `more` says whether a next page exists."""

    jobs: tuple[PollingJob, ...]
    total: int
    more: bool


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

    async def keyed(self, keys: Collection[str]) -> Mapping[str, PollingJob]:
        """The newest job of each of these keys that has one."""
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

    async def hint(self, batch_id: BatchId, *, at: datetime, apart: timedelta) -> int:
        """Make due the active jobs that wait for this batch: at once, or later where a look is less than `apart` ago.

        Returns how many there were.
        """
        ...

    async def find(self, query: JobQuery) -> JobPage:
        """A page of jobs. An `after` that no job ever had gives none, except where creation counts."""
        ...

    async def count(self) -> Mapping[JobStatus, int]:
        """How many jobs there are in each status, those with none included."""
        ...

    async def using(self, secret_id: SecretId) -> Sequence[PollingJob]:
        """Jobs that still need this secret, in the order of their ids.

        Active, paused and triggering ones, and those with an unsettled run, deleted or not.
        """
        ...

    async def users(self) -> Mapping[SecretId, int]:
        """How many jobs that are not finished have each secret; those that nobody has are left out."""
        ...

    async def wake(self, secret_id: SecretId, *, at: datetime) -> None:
        """Make due, at once, all active jobs of this OpenAI secret."""
        ...

    async def forget(self, before: datetime, *, limit: int) -> int:
        """Remove jobs that were deleted before this moment, with all that belongs to them.

        Of a long history a part goes first, and a run that is still looked after keeps its job. Returns how much went;
        0: nothing more can go.
        """
        ...


class PollGroups(Protocol):
    """Who looks up which OpenAI secret's batches. Leases are judged by the storage's one clock."""

    async def claim(self, owner: str, *, lease: timedelta, limit: int) -> Sequence[GroupClaim]:
        """Take groups that have a due job and are in nobody's hand, the longest due first."""
        ...

    async def due(
        self, claims: Collection[GroupClaim], *, limit: int, without: Collection[JobId] = ()
    ) -> Sequence[WatchedJob]:
        """Due jobs of these groups, except those `without`, the longest due first; as far as a look needs them."""
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
        """The credential is new: forget a rest, and take the group out of every hand.

        Whoever looks with the former credential can write no more, so that its late refusal lets nothing rest.
        """
        ...

    async def next_due(self, owner: str | None = None) -> datetime | None:
        """When the next job can be looked at: it is due, and its group's rest is over.

        For an `owner` a group in somebody else's hand is not there before that lease runs out.
        """
        ...
