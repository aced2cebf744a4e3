"""One look-up: workers ask for a credential's batches one by one, and whoever listens gets what has arrived."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from attrs import define, evolve, field

from teckochecker.adapters.openai.verdict import Reach, Verdict
from teckochecker.adapters.transport import Slots
from teckochecker.domain.batch import Looked, LookUpFailed
from teckochecker.domain.values import BatchId


@define(eq=False)
class Wave:
    """`ask` answers for one batch and raises nothing. `slots` bound the questions out at once.

    When the credential is refused, or after `give_up_after` failures of the service in a row, the rest is
    answered with the last failure, without asking.
    """

    waiting: deque[BatchId]
    ask: Callable[[BatchId], Awaitable[Verdict]]
    slots: Slots
    give_up_after: int
    _failures: int = field(default=0, init=False)
    _arrived: list[Looked] = field(factory=list, init=False)
    _news: asyncio.Event = field(factory=asyncio.Event, init=False)
    _workers: list[asyncio.Task[None]] = field(factory=list, init=False)

    async def run(self, workers: int) -> AsyncGenerator[Sequence[Looked], None]:
        """Portions of answers as they come. Closing it ends the questions that are still out."""
        for _ in range(workers):
            self._one_more()
        try:
            while self._arrived or not all(worker.done() for worker in self._workers):
                await self._news.wait()
                self._news.clear()
                if self._arrived:
                    portion, self._arrived = self._arrived, []
                    yield portion
            for worker in self._workers:
                worker.result()  # one that fell over is a fault of ours and must not pass for silence
        finally:
            for worker in self._workers:
                worker.cancel()
            await asyncio.wait(self._workers)

    def _one_more(self) -> None:
        """A worker, at the beginning and for each whose question hangs."""
        worker = asyncio.create_task(self._work())
        worker.add_done_callback(lambda _: self._news.set())
        self._workers.append(worker)

    async def _work(self) -> None:
        while self.waiting:
            async with self.slots.place(self._one_more):
                if not self.waiting:  # somebody else was faster, or gave up
                    return
                verdict = await self.ask(self.waiting.popleft())
            self._arrived.append(verdict.looked)
            self._count(verdict)
            self._news.set()

    def _count(self, verdict: Verdict) -> None:
        match verdict.reach:
            case Reach.FINE:
                self._failures = 0
            case Reach.SERVICE:
                self._failures += 1
            case Reach.CREDENTIAL:
                self._failures = self.give_up_after
            case Reach.BATCH:
                return
        looked = verdict.looked
        if self._failures >= self.give_up_after and isinstance(looked, LookUpFailed):
            self._arrived.extend(evolve(looked, batch_id=batch_id) for batch_id in self.waiting)
            self.waiting.clear()
