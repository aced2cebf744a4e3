"""Every move of a trigger that is stored in a test is noted, so that none is made that is not drawn."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from attrs import define, field

from teckochecker.application.ports import Store, TriggerClaim, TriggerRepository, UnitOfWork
from teckochecker.domain.protocol import TRIGGER_MOVES, TriggerState
from teckochecker.domain.trigger import Trigger


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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def save(self, trigger: Trigger, claim: TriggerClaim | None = None, *, release: bool = False) -> None:
        before = (await self._inner.get(trigger.id)).state
        await self._inner.save(trigger, claim, release=release)
        self._moves.made.add((before, trigger.state))
