"""Mistakes planted on purpose: the simulation has to find each of them, or it proves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import evolve, field, frozen

from teckochecker.application.errors import LeaseLost, OutcomeUnknown, Unavailable
from teckochecker.application.ports import Lease, RunRequest, TriggerClaim
from teckochecker.application.steps import Steps
from teckochecker.domain.protocol import TriggerPolicy, TriggerState
from teckochecker.domain.run import KeboolaRun
from teckochecker.domain.secret import Credential
from teckochecker.domain.trigger import Trigger
from tests.simulation.world import Troubles, World

NONE = TriggerPolicy().grace * 0


class NeverLost:
    """A lease that nobody looks at."""

    lost = False


class Unfenced:
    """Triggers whose epoch is not compared."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def save(self, trigger: Trigger, claim: TriggerClaim | None = None, *, release: bool = False) -> None:
        try:
            await self._inner.save(trigger, claim, release=release)
        except LeaseLost:
            self._inner._draft.lost = None
            await self._inner.save(trigger)


class UnfencedWork:
    """A unit of work over them."""

    def __init__(self, inner: Any) -> None:
        self._inner, self.triggers = inner, Unfenced(inner.triggers)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Blind:
    """Keboola whose unknown answers are taken for a clear no."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def start(self, request: RunRequest, credential: Credential, *, lease: Lease) -> KeboolaRun:
        try:
            run: KeboolaRun = await self._inner.start(request, credential, lease=lease)
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from error
        return run


class ForgetsTheRequestThatWasOut(Steps):
    """After a crash it sends again as if nothing had left."""

    async def take(self, claim: TriggerClaim, lease: Lease) -> None:
        trigger = claim.trigger
        if trigger.state is TriggerState.SENT:
            await self._save(claim, evolve(trigger, state=TriggerState.INTENT))
            return
        await super().take(claim, lease)


def blind(**parts: Any) -> Steps:
    """Steps that send again blindly."""
    return Steps(**{**parts, "workflows": Blind(parts["workflows"])})


class NeverConfirms(Steps):
    """Once it has an answer, it thinks of no other attempt."""

    async def _decide(self, claim: TriggerClaim, looked: Trigger, credential: Credential) -> None:
        await super()._decide(claim, _settled(looked, self.clock.now()), credential)

    async def _keep_answer(self, claim: TriggerClaim, lease: Lease, answered: Trigger, run: KeboolaRun | None) -> None:
        await super()._keep_answer(claim, lease, _settled(answered, self.clock.now()), run)


class CountsHits(Steps):
    """It counts what a search shows, one hit being the one run, and reads no run that it knows by its id."""

    async def _look(self, claim: TriggerClaim) -> None:
        await super()._look(evolve(claim, trigger=evolve(claim.trigger, runs=())))

    async def _look_at_twins(self, claim: TriggerClaim) -> None:
        await self._follow(claim)

    async def _read(self, trigger: Trigger, run: KeboolaRun, credential: Credential) -> KeboolaRun:
        return run

    async def _decide(self, claim: TriggerClaim, looked: Trigger, credential: Credential) -> None:
        one = len(looked.runs) == 1
        await super()._decide(claim, _settled(looked, self.clock.now()) if one else looked, credential)


def _settled(trigger: Trigger, at: datetime) -> Trigger:
    run = trigger.run
    if trigger.state is not TriggerState.CONFIRMING or run is None:
        return trigger
    return evolve(trigger, runs=(run,)).settle(run, at)


@frozen
class Planted:
    """One mistake, and a world in which it was made."""

    name: str
    changes: Mapping[str, Any]
    troubles: Mapping[str, Any] = field(factory=dict)

    def world(self, seed: int, troubles: Troubles) -> World:
        return World(seed, evolve(troubles, **self.troubles), **self.changes)


PLANTED = (
    Planted("nobody compares the epoch", {"alters": UnfencedWork}),
    Planted(
        "no last look at the lease",
        {"last_look": lambda _: NeverLost()},
        {"stop": 2.0, "crash": 0.02, "standstill": 3600.0},
    ),
    Planted("no grace", {"policy": TriggerPolicy(grace=NONE)}),
    Planted("no delay", {"policy": TriggerPolicy(resend_delay=NONE)}),
    Planted("no confirming", {"steps": NeverConfirms}),
    Planted("hits instead of ids", {"steps": CountsHits}),
    Planted("blind resend", {"steps": blind}),
    Planted("a crash forgets the request that was out", {"steps": ForgetsTheRequestThatWasOut}),
)
