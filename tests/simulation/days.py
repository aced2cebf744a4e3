"""A day in a simulated world, from the first job to the verdict."""

from __future__ import annotations

import asyncio

from attrs import evolve, field, frozen

from tests.simulation import judge
from tests.simulation.instance import start_task
from tests.simulation.people import HOUR, People
from tests.simulation.virtual import run_virtually
from tests.simulation.world import World

BOUND = 24 * HOUR  # within which everything is done, once nothing goes wrong any more


@frozen(kw_only=True)
class Verdict:
    """What the judges found wrong, and how much was tried."""

    seed: int
    wrong: tuple[str, ...]
    triggers: int
    crashes: int
    stops: int
    resent: int
    trace: tuple[str, ...] = field(repr=False)

    def without_trace(self) -> Verdict:
        """The same, fit to be sent to another process."""
        return evolve(self, trace=())


def a_day(world: World, *, jobs: int = 6) -> Verdict:
    """24 hours of trouble, as many calm ones as it takes, and the judges."""
    return run_virtually(_a_day(world, jobs))


async def _a_day(world: World, count: int) -> Verdict:
    asyncio.get_running_loop().set_task_factory(start_task)
    people = People(world)
    await people.settle_in()
    world.begin()
    crowd = asyncio.create_task(people.live(count))
    await asyncio.sleep(24 * HOUR)
    world.calm = True
    await crowd
    calm_until = asyncio.get_running_loop().time() + BOUND
    while not await people.tidy_up() and asyncio.get_running_loop().time() < calm_until:
        await asyncio.sleep(HOUR / 3)
    seen = await world.ground.seen()
    wrong = tuple(judge.faults(seen, world, people))
    await world.end()
    return Verdict(
        seed=world.seed,
        wrong=wrong,
        triggers=len(seen.triggers),
        crashes=world.crashes,
        stops=world.stops,
        resent=sum(len(trigger.attempts) > 1 for trigger in seen.triggers),
        trace=tuple(f"{event.at:%d %H:%M:%S} {event.job_id} {event.kind} {event}" for event in world.events),
    )
