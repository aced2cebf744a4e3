"""Mistakes planted on purpose: the simulation has to find each of them, or it proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve, frozen

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


@frozen
class Planted:
    """One mistake, and the worlds in which it shows."""

    name: str
    world: Callable[[int, Troubles], World]


PLANTED = (
    Planted(
        "nobody compares the epoch",
        lambda seed, troubles: World(seed, evolve(troubles, stop=2.0, crash=0.02), alters=UnfencedWork),
    ),
    Planted(
        "no last look at the lease",
        lambda seed, troubles: World(seed, evolve(troubles, stop=2.0, crash=0.02), last_look=lambda _: NeverLost()),
    ),
    Planted("no grace", lambda seed, troubles: World(seed, troubles, TriggerPolicy(grace=NONE))),
    Planted("blind resend", lambda seed, troubles: World(seed, troubles, steps=blind)),
    Planted(
        "a crash forgets the request that was out",
        lambda seed, troubles: World(seed, troubles, steps=ForgetsTheRequestThatWasOut),
    ),
)


def blind(**parts: Any) -> Steps:
    """Steps that send again blindly."""
    return Steps(**{**parts, "workflows": Blind(parts["workflows"])})
