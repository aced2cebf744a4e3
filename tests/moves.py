"""Every move of a trigger that a test stores is noted: none is made that is not drawn, or by whom holds no row."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID

from attrs import define, field

from teckochecker.application.ports import Store, TriggerClaim, TriggerRepository, UnitOfWork
from teckochecker.domain.protocol import TRIGGER_MOVES, TriggerState
from teckochecker.domain.secret import SecretId
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import JobId


@define(eq=False)
class Moves:
    """What was noted so far."""

    made: set[tuple[TriggerState, TriggerState]] = field(factory=set)

    @property
    def undrawn(self) -> set[tuple[TriggerState, TriggerState]]:
        """Those that the table does not have."""
        return {(before, after) for before, after in self.made if after is not before} - {
            (before, after) for before, moves in TRIGGER_MOVES.items() for after in moves
        }


@define(eq=False)
class NotedStore:
    """A storage that notes which moves triggers make in it."""

    _inner: Store
    _moves: Moves

    @asynccontextmanager
    async def work(self) -> AsyncGenerator[Any]:
        async with self._inner.work() as work:
            yield _NotedWork(work, self._moves)

    def view(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._inner.view()


class _NotedWork:
    def __init__(self, inner: UnitOfWork, moves: Moves) -> None:
        self._inner, self.triggers = inner, _NotedTriggers(inner.triggers, moves)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _NotedTriggers:
    def __init__(self, inner: TriggerRepository, moves: Moves) -> None:
        self._inner, self._moves = inner, moves
        self._locked: set[UUID] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def of_job(self, job_id: JobId, *, lock: bool = False) -> Sequence[Trigger]:
        return self._noted(await self._inner.of_job(job_id, lock=lock), lock)

    async def of_secret(self, secret_id: SecretId, *, lock: bool = False) -> Sequence[Trigger]:
        return self._noted(await self._inner.of_secret(secret_id, lock=lock), lock)

    async def save(self, trigger: Trigger, claim: TriggerClaim | None = None, *, release: bool = False) -> None:
        before = await self._inner.get(trigger.id)
        if claim is None and (before.unsettled or before.due_at):
            assert trigger.id in self._locked, "whoever has no claim on a trigger at work must hold its row"
        await self._inner.save(trigger, claim, release=release)
        self._moves.made.add((before.state, trigger.state))

    def _noted(self, found: Sequence[Trigger], lock: bool) -> Sequence[Trigger]:
        self._locked |= {trigger.id for trigger in found if lock}
        return found
