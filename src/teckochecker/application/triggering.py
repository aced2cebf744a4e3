"""The triggering: takes due triggers in hand, several at once, and keeps the leases while their steps are under way."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from uuid import UUID

from attrs import define, field

from teckochecker.application.crew import Crew
from teckochecker.application.ports import Clock, Store, Telemetry, TriggerClaim
from teckochecker.application.silence import Silence
from teckochecker.application.steps import Steps


@define(eq=False)
class _Hand:
    """A trigger in hand. `lost` is judged by the monotonic clock: a stopped process must notice by itself."""

    claim: TriggerClaim
    clock: Clock
    until: float
    task: asyncio.Task[None] | None = None

    @property
    def lost(self) -> bool:
        return self.clock.monotonic() >= self.until


@define(kw_only=True)
class Triggering:
    """Takes due triggers forward: sends, looks for what is unknown, follows what runs.

    `tick` starts what is due and returns at once; `beat` keeps the leases; `settle` waits for what is in flight.
    """

    store: Store
    steps: Steps
    clock: Clock
    crew: Crew
    owner: str
    lease: timedelta = timedelta(seconds=30)
    at_once: int = 500
    telemetry: Telemetry = field(factory=Silence)
    _hands: dict[tuple[UUID, int], _Hand] = field(factory=dict, init=False)

    @property
    def in_flight(self) -> int:
        """Triggers in hand."""
        return len(self._hands)

    async def tick(self) -> None:
        """Claim due triggers and take a step of each."""
        room = self.at_once - len(self._hands)
        if room <= 0:
            return
        until = self._deadline()
        async with self.store.work() as work:
            self.steps.time.read(await work.now())
            claims = await work.triggers.claim(self.owner, lease=self.lease, limit=room)
            if claims:
                await work.commit()
        for claim in claims:
            hand = _Hand(claim, self.clock, until)
            self._hands[claim.key] = hand
            hand.task = self.crew.start(f"trigger {claim.trigger.id}", partial(self._step, claim, hand))
            hand.task.add_done_callback(partial(self._put_down, claim.key))
        self.telemetry.holding("trigger", len(self._hands))

    async def beat(self) -> None:
        """Renew the leases in hand. A step whose lease was lost is stopped; its new holder goes on."""
        held = list(self._hands.values())
        if not held:
            return
        until = self._deadline()
        async with self.store.work() as work:
            ours = await work.triggers.beat(self.owner, [hand.claim for hand in held], lease=self.lease)
            await work.commit()
        for hand in held:
            # a lost hand's request that is out already is left alone: its answer is evidence
            hand.until = until if hand.claim.key in ours else float("-inf")

    async def settle(self) -> None:
        """Wait until nothing is in flight."""
        while tasks := [hand.task for hand in self._hands.values() if hand.task]:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Stop what is still in flight; whoever claims it next finds out how it stands."""
        tasks = [hand.task for hand in self._hands.values() if hand.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _step(self, claim: TriggerClaim, hand: _Hand) -> None:
        trigger = claim.trigger
        with self.telemetry.span("step", trigger=str(trigger.id), job=trigger.job_id, state=trigger.state.value):
            await self.steps.take(claim, hand)

    def _put_down(self, key: tuple[UUID, int], _: asyncio.Task[None]) -> None:
        del self._hands[key]
        self.telemetry.holding("trigger", len(self._hands))

    def _deadline(self) -> float:
        """A sixth of the lease is kept as a margin for slow clocks and the last steps before the bytes leave."""
        return self.clock.monotonic() + self.lease.total_seconds() * 5 / 6
