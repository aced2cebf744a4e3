"""How much one client may ask for, and how those are slowed who try out tokens."""

from __future__ import annotations

import asyncio

import pytest

from teckochecker.adapters.clock import ManualClock
from teckochecker.entrypoints.http.access.limits import RateLimit, WrongTokens, client_of
from tests.builders import AT, MINUTE, SECOND


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(AT)


def taken(limit: RateLimit, client: str, times: int) -> list[int]:
    return [limit.wait(client) for _ in range(times)]


async def test_a_client_may_ask_so_often_a_minute_and_then_waits(clock: ManualClock) -> None:
    limit = RateLimit(clock, 3)
    assert taken(limit, "a", 5) == [0, 0, 0, 20, 20]
    assert taken(limit, "b", 1) == [0]
    await clock.advance(19 * SECOND)
    assert taken(limit, "a", 1) == [1]
    await clock.advance(SECOND)
    assert taken(limit, "a", 2) == [0, 20]
    await clock.advance(10 * MINUTE)
    assert taken(limit, "a", 4) == [0, 0, 0, 20]


def test_without_a_limit_nobody_waits(clock: ManualClock) -> None:
    assert set(taken(RateLimit(clock, None), "a", 10_000)) == {0}


def test_no_more_clients_are_remembered_than_fit(clock: ManualClock) -> None:
    limit = RateLimit(clock, 1)
    taken(limit, "first", 1)
    for number in range(10_000):
        limit.wait(str(number))
    assert taken(limit, "9999", 1) == [60]
    assert taken(limit, "first", 1) == [0]


def test_a_network_of_ipv6_is_one_client() -> None:
    assert client_of("2001:db8::1") == client_of("2001:db8::ffff:2") == "2001:db8::/64"
    assert client_of("2001:db8:0:1::1") != client_of("2001:db8::1")
    assert client_of("::ffff:10.0.0.7") == client_of("10.0.0.7") == "10.0.0.7"
    assert client_of(None) == client_of("nonsense")


async def waits(wrong: WrongTokens, clock: ManualClock, client: str) -> float:
    """Seconds until a wrong token of this client is answered."""
    began, task = clock.monotonic(), asyncio.create_task(wrong.slow(client))
    while not task.done():
        await asyncio.sleep(0)
        if not task.done():
            await clock.advance(SECOND / 20)
    return round(clock.monotonic() - began, 2)


async def test_each_wrong_token_waits_longer_than_the_one_before(clock: ManualClock) -> None:
    wrong = WrongTokens(clock)
    seen = [await waits(wrong, clock, "a") for _ in range(13)]
    assert seen[:5] == [0] * 5
    assert seen[5:] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5], abs=0.15)
    assert await waits(wrong, clock, "b") == 0


async def test_a_minute_without_a_wrong_token_is_forgiven(clock: ManualClock) -> None:
    wrong = WrongTokens(clock)
    for _ in range(8):
        await waits(wrong, clock, "a")
    await clock.advance(61 * SECOND)
    assert await waits(wrong, clock, "a") == 0


async def test_who_tries_many_at_once_is_refused_at_once(clock: ManualClock) -> None:
    wrong = WrongTokens(clock)
    tasks = [asyncio.create_task(wrong.slow("a")) for _ in range(20)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert [task.done() for task in tasks] == [*[True] * 5, *[False] * 10, *[True] * 5]
    assert [task.result() for task in tasks if task.done()] == [*[True] * 5, *[False] * 5]
    await clock.advance(10 * SECOND)
    assert all(await asyncio.gather(*tasks[5:15]))
    late = asyncio.create_task(wrong.slow("a"))
    await asyncio.sleep(0)
    assert not late.done()  # there is room to wait again
    await clock.advance(10 * SECOND)
    assert await late
