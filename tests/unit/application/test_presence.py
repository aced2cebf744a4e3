from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from teckochecker.application.errors import StorageUnavailable
from teckochecker.application.ports import Instance, Running, Told
from teckochecker.application.presence import ALIVE_WITHIN, Presence
from tests.builders import AT
from tests.unit.application.app import App
from tests.unit.application.test_triggering import Away

ME = Instance(owner="me", host="here", pid=7, version="1.0.0", started_at=AT)
MINUTE = timedelta(minutes=1)


def over(store: Any, presence: Presence) -> Presence:
    """The same on another storage."""
    return evolve(presence, store=store)


def presence(app: App, told: Sequence[Told] = ()) -> Presence:
    """This process, which tells these things one after the other and then nothing much."""
    rest = list(told)
    return Presence(
        store=app.store, clock=app.clock, instance=ME, told=lambda: rest.pop(0) if rest else Told(watching="on")
    )


async def alive(app: App) -> Sequence[Running]:
    async with app.store.view() as view:
        found: Sequence[Running] = await view.services.alive(within=ALIVE_WITHIN)
    return found


async def test_a_process_is_seen_while_it_runs_and_not_after(app: App) -> None:
    stop = asyncio.Event()
    async with presence(app, [Told(checks=1)]).shown(stop, address="http://127.0.0.1:8000") as shown:
        assert shown == evolve(ME, address="http://127.0.0.1:8000")
        assert await alive(app) == [Running(instance=shown, told=Told(checks=1), seen_at=AT)]
        await app.clock.advance(MINUTE)
        assert [found.told.watching for found in await alive(app)] == ["on"]
    assert await alive(app) == []
    assert not stop.is_set()


async def test_who_is_asked_to_stop_hears_of_it_within_seconds(app: App) -> None:
    stop = asyncio.Event()
    async with presence(app).shown(stop):
        async with app.store.work() as work:
            await work.services.ask_to_stop("me")
            await work.commit()
        await app.clock.advance(timedelta(seconds=3))
        assert stop.is_set()


async def test_a_storage_that_is_away_is_told_again_when_it_is_back(app: App) -> None:
    away = Away(app.store, after=2, times=5)
    async with over(away, presence(app)).shown(asyncio.Event()):
        await app.clock.advance(5 * timedelta(seconds=3))
        assert (away.refused, len(await alive(app))) == (5, 0)
        await app.clock.advance(timedelta(seconds=3))
        assert len(await alive(app)) == 1


async def test_leaving_while_the_storage_is_away_is_quiet(app: App) -> None:
    async with over(Away(app.store, after=2, times=10**6), presence(app)).shown(asyncio.Event()):
        pass
    await app.clock.advance(ALIVE_WITHIN)
    assert await alive(app) == []


async def test_a_storage_that_is_away_at_the_beginning_is_said(app: App) -> None:
    with pytest.raises(StorageUnavailable):
        async with over(Away(app.store, after=1, times=1), presence(app)).shown(asyncio.Event()):
            pass
