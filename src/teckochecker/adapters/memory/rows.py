"""What is kept, and a unit of work's draft over it.

A draft holds the touched rows alone: a unit of work costs what it touches, not what there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterator
from datetime import datetime, timedelta
from typing import Final, Generic, Self, TypeVar
from uuid import UUID

from attrs import define, evolve, field, frozen

from teckochecker.application.ports import (
    Addressing,
    AuditEntry,
    Clock,
    GroupClaim,
    HistoryEntry,
    Made,
    Notice,
    NoticeClaim,
    Running,
    TriggerClaim,
)
from teckochecker.domain.access import AccessToken, TokenId
from teckochecker.domain.events import Event
from teckochecker.domain.findings import Checked
from teckochecker.domain.job import PollingJob
from teckochecker.domain.secret import Secret, SecretId
from teckochecker.domain.session import Session
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import JobId

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

FAR: Final = 10
"""A lease that ends later than this many leases from now was taken before the clock was set back."""


@frozen(kw_only=True)
class Hand:
    """In whose hand something is, and until when. `epoch` grows each time it changes hands."""

    owner: str | None = None
    until: datetime | None = None
    epoch: int = 0

    def is_free(self, now: datetime, lease: timedelta) -> bool:
        """Anybody may take it."""
        return self.until is None or not now < self.until <= now + FAR * lease

    def is_of(self, claim: GroupClaim | TriggerClaim | NoticeClaim) -> bool:
        """Nobody else took it since that claim."""
        return (self.owner, self.epoch) == (claim.owner, claim.epoch)

    def taken(self, owner: str, until: datetime) -> Self:
        """In this owner's hand."""
        return evolve(self, owner=owner, until=until, epoch=self.epoch + 1)

    def renewed(self, until: datetime) -> Self:
        """In the same hand, for longer."""
        return evolve(self, until=until)

    def emptied(self) -> Self:
        """In nobody's hand; whoever had it can write no more."""
        return evolve(self, owner=None, until=None)


@frozen(kw_only=True)
class GroupRow:
    """A poll group; `not_before` is the end of its rest."""

    secret_id: SecretId
    not_before: datetime | None = None
    failures: int = 0
    error: str | None = None
    hand: Hand = Hand()


@frozen(kw_only=True)
class TriggerRow:
    """A trigger and its lease."""

    trigger: Trigger
    hand: Hand = Hand()


@frozen(kw_only=True)
class NoticeRow:
    """A notice and its lease."""

    notice: Notice
    hand: Hand = Hand()


@frozen(kw_only=True)
class OnceRow:
    """A key that was used, and what was made under it."""

    actor: str
    key: str
    made: Made
    at: datetime


@define(eq=False)
class Memory:
    """All that is kept, the one clock that leases are judged by, and the queue of those who write."""

    clock: Clock
    jobs: dict[JobId, PollingJob] = field(factory=dict, init=False, repr=False)
    groups: dict[SecretId, GroupRow] = field(factory=dict, init=False, repr=False)
    triggers: dict[UUID, TriggerRow] = field(factory=dict, init=False, repr=False)
    secrets: dict[SecretId, Secret] = field(factory=dict, init=False, repr=False)
    services: dict[str, Running] = field(factory=dict, init=False, repr=False)
    checks: dict[JobId, Checked] = field(factory=dict, init=False, repr=False)
    tokens: dict[TokenId, AccessToken] = field(factory=dict, init=False, repr=False)
    sessions: dict[str, Session] = field(factory=dict, init=False, repr=False)
    history: list[HistoryEntry] = field(factory=list, init=False, repr=False)
    audit: list[AuditEntry] = field(factory=list, init=False, repr=False)
    signals: list[asyncio.Event] = field(factory=list, init=False, repr=False)
    turn: asyncio.Lock = field(factory=asyncio.Lock, init=False, repr=False)  # first come, first served
    notices: dict[int, NoticeRow] = field(factory=dict, init=False, repr=False)
    once: dict[tuple[str, str], OnceRow] = field(factory=dict, init=False, repr=False)
    _last_entry: int = field(default=0, init=False)
    _last_notice: int = field(default=0, init=False)
    _last_job: int = field(default=0, init=False)
    _last_secret: int = field(default=0, init=False)
    _last_token: int = field(default=0, init=False)

    def next_entry_id(self) -> int:
        """A fresh id."""
        self._last_entry += 1
        return self._last_entry

    def next_notice_id(self) -> int:
        """A fresh id."""
        self._last_notice += 1
        return self._last_notice

    def next_job_id(self) -> JobId:
        """A fresh id; one that was drawn in vain is not drawn again."""
        self._last_job += 1
        return JobId(self._last_job)

    def next_secret_id(self) -> SecretId:
        """A fresh id; one that was drawn in vain is not drawn again."""
        self._last_secret += 1
        return SecretId(self._last_secret)

    def next_token_id(self) -> TokenId:
        """A fresh id; one that was drawn in vain is not drawn again."""
        self._last_token += 1
        return TokenId(self._last_token)


@define(eq=False)
class Rows(Generic[K, V]):
    """One table as a unit of work sees it: its own touched rows over those that were kept."""

    _kept: dict[K, V]
    _touched: dict[K, V | None] = field(factory=dict, init=False)

    def get(self, key: K) -> V | None:
        """The row of this key, if there is one."""
        return self._touched[key] if key in self._touched else self._kept.get(key)

    def put(self, key: K, row: V) -> None:
        """The row as it is from now on."""
        self._touched[key] = row

    def drop(self, key: K) -> None:
        """No row from now on."""
        self._touched[key] = None

    def __iter__(self) -> Iterator[V]:
        """All rows in the order in which they came. Whoever writes while reading makes a list of them first."""
        if not self._touched:
            yield from self._kept.values()
            return
        for key, kept in self._kept.items():
            row = self._touched.get(key, kept)
            if row is not None:
                yield row
        for key, touched in self._touched.items():
            if touched is not None and key not in self._kept:
                yield touched

    def keep(self) -> bool:
        """Make the touched rows the kept ones. Says whether there were any."""
        changed = bool(self._touched)
        for key, row in self._touched.items():
            if row is None:
                self._kept.pop(key, None)
            else:
                self._kept[key] = row
        self._touched.clear()
        return changed


@define(eq=False)
class Draft:
    """What one unit of work reads and has written so far."""

    memory: Memory
    jobs: Rows[JobId, PollingJob]
    groups: Rows[SecretId, GroupRow]
    triggers: Rows[UUID, TriggerRow]
    secrets: Rows[SecretId, Secret]
    services: Rows[str, Running]
    checks: Rows[JobId, Checked]
    tokens: Rows[TokenId, AccessToken]
    sessions: Rows[str, Session]
    notices: Rows[int, NoticeRow]
    once: Rows[tuple[str, str], OnceRow]
    writes: bool
    events: list[Event] = field(factory=list)
    recalled: list[Event] = field(factory=list)
    forgotten: set[int] = field(factory=set)
    audit: list[AuditEntry] = field(factory=list)
    locked: set[tuple[type, int]] = field(factory=set)
    lost: str | None = None

    @classmethod
    def over(cls, memory: Memory, *, writes: bool) -> Self:
        """An empty draft over what is kept now."""
        return cls(
            memory=memory,
            jobs=Rows(memory.jobs),
            groups=Rows(memory.groups),
            triggers=Rows(memory.triggers),
            secrets=Rows(memory.secrets),
            services=Rows(memory.services),
            checks=Rows(memory.checks),
            tokens=Rows(memory.tokens),
            sessions=Rows(memory.sessions),
            notices=Rows(memory.notices),
            once=Rows(memory.once),
            writes=writes,
        )

    @property
    def now(self) -> datetime:
        """The clock that leases are judged by."""
        return self.memory.clock.now()

    def writing(self) -> Self:
        """Itself, to be written to.

        Raises:
            RuntimeError: a view is written to, or a unit of work that was left already. Another store would
                lose or refuse the write, so it must not pass here.
        """
        if not self.writes:
            raise RuntimeError("A view only reads, and a unit of work that was left is over; open one with work()")
        return self

    def lock(self, kind: type, key: int) -> None:
        """Remember that this row was read to be written."""
        self.writing().locked.add((kind, key))

    def expect_lock(self, kind: type, key: int) -> None:
        """Raise RuntimeError unless the row was read to be written: elsewhere such a write undoes another's."""
        if (kind, key) not in self.locked:
            raise RuntimeError(f"{kind.__name__} {key} was saved, but not read with lock=True in this unit of work")

    def keep(self, addressed: Addressing) -> tuple[bool, tuple[Event, ...]]:
        """Make the draft what is kept. Gives whether anything changed, and the events in it."""
        told = tuple(self.events)
        self.events.clear()
        changed = bool(told or self.audit)
        self.memory.audit.extend(
            evolve(entry, id=number) for number, entry in enumerate(self.audit, len(self.memory.audit) + 1)
        )
        self.audit.clear()
        history = self.memory.history
        if self.forgotten:
            history[:] = [entry for entry in history if entry.id not in self.forgotten]
        history.extend(HistoryEntry(id=self.memory.next_entry_id(), event=event) for event in (*self.recalled, *told))
        self.recalled.clear()
        self.forgotten.clear()
        for event in told:
            for address in addressed(event):
                key = self.memory.next_notice_id()
                notice = Notice(id=key, event=event, channel=address.channel, due_at=address.due_at)
                self.notices.put(key, NoticeRow(notice=notice))
        for unheard in (self.services, self.tokens, self.sessions, self.notices, self.once, self.groups):
            unheard.keep()  # nobody waits for these; leases and rests of groups make nothing due
        for rows in (self.secrets, self.jobs, self.triggers, self.checks):
            changed |= rows.keep()
        return changed, told
