"""Places for calls at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack

from teckochecker.adapters.transport import Slots

PATIENCE = 0.05
LONG = 20 * PATIENCE


async def taken(slots: Slots, told: Counter[str], name: str = "one") -> AsyncExitStack:
    """A place, held until what is returned is closed."""
    stack = AsyncExitStack()
    await stack.enter_async_context(slots.place(lambda: told.update([name])))
    return stack


async def test_a_place_is_handed_on_once_its_call_hangs_and_not_before() -> None:
    told: Counter[str] = Counter()
    slots = Slots(1, PATIENCE)
    first = await taken(slots, told)
    waiting = asyncio.create_task(taken(slots, told))
    await asyncio.sleep(0)
    assert (waiting.done(), told) == (False, {})
    second = await asyncio.wait_for(waiting, LONG)
    assert told == {"one": 1}
    await first.aclose()
    await second.aclose()


async def test_there_are_never_more_than_twice_as_many_calls_as_places() -> None:
    told: Counter[str] = Counter()
    slots = Slots(2, PATIENCE)
    held = [await asyncio.wait_for(taken(slots, told), LONG) for _ in range(4)]
    fifth = asyncio.create_task(taken(slots, told))
    await asyncio.wait({fifth}, timeout=2 * PATIENCE)
    assert not fifth.done()
    await held[0].aclose()
    await held[2].aclose()
    await (await asyncio.wait_for(fifth, LONG)).aclose()


async def test_each_call_is_waited_for_with_the_same_patience() -> None:
    told: Counter[str] = Counter()
    slots = Slots(2, PATIENCE)
    loop = asyncio.get_running_loop()
    early = await taken(slots, told, "early")
    begun = loop.time()
    late = await taken(slots, told, "late")
    await early.aclose()
    await (await asyncio.wait_for(taken(slots, told), LONG)).aclose()
    await asyncio.wait_for(_until(lambda: told["late"] == 1), LONG)
    assert loop.time() - begun >= PATIENCE
    assert told["early"] == 0
    await late.aclose()


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0)
