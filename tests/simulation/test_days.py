from __future__ import annotations

from collections.abc import Iterator
from multiprocessing.pool import Pool

import pytest

from tests.simulation.planted import PLANTED
from tests.simulation.soak import Tally, day, found, many, processes

DAYS = 2000
AT_ONCE = 200


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with processes() as pool:
        yield pool


@pytest.mark.parametrize("first", range(0, DAYS, AT_ONCE))
def test_no_day_of_trouble_starts_a_run_twice_early_or_never(pool: Pool, first: int, tallies: list[Tally]) -> None:
    tally = many(pool, range(first, first + AT_ONCE))
    tallies.append(tally)
    assert not tally.wrong, str(tally)
    assert tally.triggers >= 5 * AT_ONCE
    assert min(tally.crashes, tally.stops) > AT_ONCE
    assert tally.resent > AT_ONCE / 4


def test_the_same_seed_makes_the_same_day() -> None:
    assert day(8).trace == day(8).trace


@pytest.mark.parametrize("number", range(len(PLANTED)), ids=lambda number: PLANTED[number].name)
def test_a_planted_mistake_is_found(pool: Pool, number: int) -> None:
    days = found(pool, number, DAYS // 3)
    print(f"found on day {days}")
    assert days is not None
