"""One transaction, shared by the repositories of a unit of work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from attrs import define, field
from sqlalchemy.ext.asyncio import AsyncConnection

from teckochecker.adapters.sql.rows import event_values
from teckochecker.adapters.sql.tables import UtcTime, events, notices
from teckochecker.adapters.sql.wall import wall
from teckochecker.application.errors import LeaseLost
from teckochecker.application.ports import Addressing, Clock
from teckochecker.domain.events import Event

T = TypeVar("T")

PORTION: Final = 500
"""Ids in one statement: each is a variable, and databases bound their number."""

CHANNEL: Final = "teckochecker"
"""Where PostgreSQL tells that something was committed."""

_FAR: Final = 10
"""A lease that ends later than this many leases from now was taken before the clock was set back."""


@define(eq=False)
class Session:
    """A connection inside a transaction, and what has to be remembered until it ends.

    `clock` is the one that leases are judged by; None stands for the server's own. `wrote` says whether there is
    anything to commit, `lost` why nothing may be committed.
    """

    connection: AsyncConnection
    clock: Clock | None
    writes: bool
    addressed: Addressing
    told: list[Event] = field(factory=list, init=False)
    wrote: bool = field(default=False, init=False)
    lost: str | None = field(default=None, init=False)
    _locked: dict[tuple[type, int], Any] = field(factory=dict, init=False)
    _now: datetime | None = field(default=None, init=False)

    async def now(self) -> datetime:
        """The moment of this transaction."""
        if self._now is None:
            self._now = self.clock.now() if self.clock else (await self.rows(_SERVER_TIME))[0].now
        return self._now

    async def rows(self, statement: sa.Executable, values: dict[str, Any] | None = None) -> Sequence[sa.Row[Any]]:
        """Everything that the statement gives."""
        return (await self._run(statement, values)).all()

    async def change(self, statement: sa.Executable, values: dict[str, Any] | None = None) -> int:
        """Write. Returns how many rows were touched."""
        return (await self._run(statement, values)).rowcount

    async def note(self, statement: sa.UpdateBase) -> Sequence[sa.Row[Any]]:
        """Write what nobody has to be told of. Gives what the statement returns."""
        before = self.wrote
        result = await self._run(statement, None)
        self.wrote = before
        return result.all() if result.returns_rows else ()

    async def write(self, statement: sa.Executable, rows: Sequence[dict[str, Any]]) -> None:
        """One statement for many rows."""
        if rows:
            await self._run(statement, rows)

    def to_lock(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        """The statement, locking the rows that it gives until this unit of work ends."""
        self._expect_writes()
        return statement.with_for_update()

    def lock(self, kind: type[T], rows: Iterable[tuple[int, T]]) -> None:
        """Remember these as read to be written."""
        self._locked.update({(kind, key): row for key, row in rows})

    def locked(self, kind: type[T], key: int) -> T:
        """How a row stood when it was read to be written.

        Raises:
            RuntimeError: it was not, so that writing it might undo what another did.
        """
        if (kind, key) not in self._locked:
            raise RuntimeError(f"{kind.__name__} {key} was saved, but not read with lock=True in this unit of work")
        row: T = self._locked[kind, key]
        return row

    def lose(self, reason: str) -> LeaseLost:
        """The error that says why nothing here may be committed."""
        self.lost = reason
        return LeaseLost(reason)

    async def commit(self) -> tuple[bool, Sequence[Event]]:
        """Keep everything. Returns whether anything was written, and the events that were written with it.

        Raises:
            LeaseLost: a fence in this transaction had failed already.
        """
        if self.lost:
            raise LeaseLost(self.lost)
        told, self.told = self.told, []
        await self._keep_events(told)
        if self.on_server and self.wrote:
            await self.rows(_NOTIFY)
        with wall(self.connection.engine.url):
            await self.connection.commit()
        wrote, self.wrote = self.wrote, False
        return wrote, told

    async def recall(self, told: Sequence[Event]) -> None:
        """Write events that are no news."""
        await self._in_turn(told)
        await self.write(sa.insert(events), [event_values(event) for event in told])

    @property
    def on_server(self) -> bool:
        """Whether the database is PostgreSQL."""
        return self.connection.dialect.name == "postgresql"

    async def _in_turn(self, told: Sequence[Event]) -> None:
        """Readers go on from the last id they saw, so ids have to become visible in their order."""
        if self.on_server and told:
            await self.rows(_EVENTS_IN_TURN)

    async def _keep_events(self, told: Sequence[Event]) -> None:
        """Write events, and with them a notice for each address that one of them has."""
        await self._in_turn(told)
        rows = [event_values(event) for event in told]
        addresses = [self.addressed(event) for event in told]
        if not any(addresses):
            await self.write(sa.insert(events), rows)
            return
        ids = [row.id for row in await self._all(_EVENTS_WITH_IDS, rows)]
        noticed = [
            {"event_id": event_id, "channel": address.channel, "due_at": address.due_at}
            for event_id, mine in zip(ids, addresses, strict=True)
            for address in mine
        ]
        await self.write(sa.insert(notices), noticed)

    async def _all(self, statement: sa.Executable, rows: Sequence[dict[str, Any]]) -> Sequence[sa.Row[Any]]:
        return (await self._run(statement, rows)).all()

    def _expect_writes(self) -> None:
        if not self.writes:
            raise RuntimeError("A view only reads, and a unit of work that was left is over; open one with work()")

    async def _run(
        self, statement: sa.Executable, values: dict[str, Any] | Sequence[dict[str, Any]] | None
    ) -> sa.CursorResult[Any]:
        changes = isinstance(statement, sa.UpdateBase)
        if changes:
            self._expect_writes()
        with wall(self.connection.engine.url):
            result: sa.CursorResult[Any] = await self.connection.execute(statement, values)
        self.wrote |= changes and result.rowcount != 0
        return result


_SERVER_TIME = sa.select(sa.func.clock_timestamp(type_=UtcTime).label("now"))
_EVENTS_WITH_IDS = sa.insert(events).returning(events.c.id, sort_by_parameter_order=True)
_NOTIFY = sa.select(sa.func.pg_notify(CHANNEL, ""))
_EVENTS_IN_TURN = sa.select(sa.func.pg_advisory_xact_lock(7_316_043))


def portions(keys: Iterable[T]) -> Iterator[Sequence[T]]:
    """Keys for one statement each, in their order, each once."""
    distinct = list(dict.fromkeys(keys))
    return (distinct[at : at + PORTION] for at in range(0, len(distinct), PORTION))


def is_free(table: sa.Table) -> sa.ColumnElement[bool]:
    """The row is in nobody's hand. `now` and `far` are to be given by `free_at`."""
    now, far = sa.bindparam("now", type_=table.c.until.type), sa.bindparam("far", type_=table.c.until.type)
    return sa.or_(table.c.until.is_(None), table.c.until <= now, table.c.until > far)


def free_at(now: datetime, lease: timedelta) -> dict[str, datetime]:
    """The times that `is_free` looks at."""
    return {"now": now, "far": now + _FAR * lease}
