"""The watching: claim a poll group, look its batches up, keep what was found. No transaction is open during a look."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import partial
from typing import cast

from attrs import Factory, define, field, frozen

from teckochecker.application.crew import Crew
from teckochecker.application.errors import WrongKey
from teckochecker.application.keeping import Keeping, Portion
from teckochecker.application.ports import (
    BatchGateway,
    Clock,
    GroupClaim,
    SecretCipher,
    Store,
    Telemetry,
)
from teckochecker.application.silence import Silence
from teckochecker.domain.batch import LookUpFailed
from teckochecker.domain.secret import Credential, Secret, SecretId
from teckochecker.domain.values import JobId
from teckochecker.domain.watched import WatchedJob


@frozen(kw_only=True)
class WatchPolicy:
    """How the watching holds and shares its work.

    A portion of answers is kept after `keep_every`, or when it has grown to `keep_most` jobs. At most
    `groups_most` poll groups are claimed at once, and `jobs_most` jobs are taken up at once; while as many of one
    group are in flight, no more of it are.
    """

    lease: timedelta = timedelta(seconds=30)
    keep_every: timedelta = timedelta(milliseconds=100)
    keep_most: int = 500
    groups_most: int = 100
    jobs_most: int = 2000


@define(eq=False)
class _Hand:
    """A poll group in hand: its claim, the jobs being looked at, and the waves that do it."""

    claim: GroupClaim
    flying: dict[JobId, WatchedJob] = Factory(dict)
    waves: set[asyncio.Task[None]] = Factory(set)
    resting: bool = False


@define(kw_only=True)
class Watching:
    """Looks up due jobs of the poll groups that this process holds.

    `tick` starts what is due and returns at once; `beat` keeps the leases; `settle` waits for what is in flight.
    `checks` counts the jobs whose look-up was kept.
    """

    store: Store
    batches: BatchGateway
    cipher: SecretCipher
    clock: Clock
    keeping: Keeping
    crew: Crew
    owner: str
    policy: WatchPolicy = field(factory=WatchPolicy)
    checks: int = field(default=0, init=False)
    telemetry: Telemetry = field(factory=Silence)
    _hands: dict[SecretId, _Hand] = field(factory=dict, init=False)

    @property
    def in_flight(self) -> int:
        """Jobs being looked at."""
        return sum(len(hand.flying) for hand in self._hands.values())

    async def tick(self) -> None:
        """Claim what is due, start looking at it, and give back what has nothing left to do."""
        async with self.store.work() as work:
            claims = await work.groups.claim(self.owner, lease=self.policy.lease, limit=self.policy.groups_most)
            if claims:
                await work.commit()
        self._hands |= {claim.secret_id: _Hand(claim) for claim in claims}
        picked_at, due = await self._due()
        for hand, jobs in due:
            hand.flying |= {job.id: job for job in jobs}
            wave = self.crew.start(f"secret {hand.claim.secret_id}", partial(self._wave, hand, jobs, picked_at))
            hand.waves.add(wave)
            wave.add_done_callback(hand.waves.discard)
        await self._give_back([hand for hand in self._hands.values() if not hand.waves])
        self.telemetry.holding("poll_group", len(self._hands))

    async def beat(self) -> None:
        """Renew the leases in hand. Work whose lease was lost is stopped; its new holder does it again."""
        held = [hand.claim for hand in self._hands.values()]
        if not held:
            return
        async with self.store.work() as work:
            ours = await work.groups.beat(self.owner, held, lease=self.policy.lease)
            await work.commit()
        for hand in [hand for hand in self._hands.values() if hand.claim in held and hand.claim.secret_id not in ours]:
            for wave in hand.waves:
                wave.cancel()
            self._forget(hand)

    async def settle(self) -> None:
        """Wait until nothing is in flight."""
        while waves := [wave for hand in self._hands.values() for wave in hand.waves]:
            await asyncio.wait(waves)

    async def close(self) -> None:
        """Stop what is still in flight and give everything back."""
        hands = list(self._hands.values())
        for hand in hands:
            waves = list(hand.waves)
            for wave in waves:
                wave.cancel()
            await asyncio.gather(*waves, return_exceptions=True)
        await self._give_back(hands)
        self.telemetry.holding("poll_group", len(self._hands))

    async def _due(self) -> tuple[datetime, Sequence[tuple[_Hand, list[WatchedJob]]]]:
        open_hands = [
            hand for hand in self._hands.values() if not hand.resting and len(hand.flying) < self.policy.jobs_most
        ]
        hands = {hand.claim.secret_id: hand for hand in open_hands}
        async with self.store.view() as view:
            picked_at = await view.now()
            jobs = (
                await view.groups.due(
                    [hand.claim for hand in open_hands],
                    limit=self.policy.jobs_most,
                    without=[job_id for hand in open_hands for job_id in hand.flying],
                )
                if open_hands
                else ()
            )
        found: dict[SecretId, list[WatchedJob]] = {}
        for job in jobs:
            found.setdefault(cast(SecretId, job.openai_secret_id), []).append(job)
        # a hand may have been lost while the storage was asked
        kept = [secret_id for secret_id in found if self._hands.get(secret_id) is hands[secret_id]]
        return picked_at, [(hands[secret_id], found[secret_id]) for secret_id in kept]

    async def _give_back(self, hands: Sequence[_Hand]) -> None:
        if not hands:
            return
        async with self.store.work() as work:
            for hand in hands:
                await work.groups.release(hand.claim)
            await work.commit()
        for hand in hands:
            self._forget(hand)

    def _forget(self, hand: _Hand) -> None:
        if self._hands.get(hand.claim.secret_id) is hand:
            del self._hands[hand.claim.secret_id]

    async def _wave(self, hand: _Hand, jobs: Sequence[WatchedJob], picked_at: datetime) -> None:
        """Look at these jobs of one group, keeping what is found in portions."""
        done = False
        try:
            portion = Portion(jobs, picked_at=picked_at)
            with self.telemetry.span("wave", secret=hand.claim.secret_id, jobs=len(jobs)) as span:
                try:
                    await self._look(hand, portion)
                finally:
                    span.note(**portion.outcomes)
            done = True
        finally:
            if not done:
                # its jobs are still due; the group is taken up again, by anyone, when the lease runs out
                self._forget(hand)
            for job in jobs:
                hand.flying.pop(job.id, None)

    async def _look(self, hand: _Hand, portion: Portion) -> None:
        async with self.store.view() as view:
            secret = await view.secrets.get(hand.claim.secret_id)
        try:
            credential = self.cipher.open(secret.sealed, secret.type)
        except WrongKey as wrong:
            portion.take(
                [LookUpFailed(batch_id=id, error=str(wrong), credential_rejected=True) for id in portion.wanted]
            )
        else:
            await self._stream(hand, portion, credential, secret)
        portion.close()
        await self._keep(hand, portion)
        hand.resting |= await self.keeping.conclude(hand.claim, secret, portion)

    async def _stream(self, hand: _Hand, portion: Portion, credential: Credential, secret: Secret) -> None:
        """Read answers as they come; keep what is ready every now and then, whoever is slow."""
        arrived = asyncio.Event()
        full = asyncio.Event()

        async def read() -> None:
            try:
                stream = self.batches.look_up(portion.wanted, credential, base_url=secret.base_url)
                async with aclosing(stream) as answers:
                    async for some in answers:
                        portion.take(some)
                        arrived.set()
                        if portion.ready_count >= self.policy.keep_most:
                            full.set()
            finally:
                arrived.set()
                full.set()

        reader = asyncio.create_task(read())
        try:
            while not reader.done():
                await arrived.wait()
                await self.clock.sleep(self.policy.keep_every, unless=full)
                arrived.clear()
                full.clear()
                await self._keep(hand, portion)
            await reader
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _keep(self, hand: _Hand, portion: Portion) -> None:
        for ready in portion.ready(self.policy.keep_most):
            await self.keeping.keep(hand.claim, ready, portion)
            self.checks += len(ready)
            for job, _ in ready:
                hand.flying.pop(job.id, None)
