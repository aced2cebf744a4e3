from __future__ import annotations

from tests.simulation.planted import PLANTED
from tests.simulation.soak import Tally, all_found, day, many

DAYS = 2000


def test_no_day_of_trouble_starts_a_run_twice_early_or_never() -> None:
    tally = Tally.of(many(range(DAYS)))
    print(tally)
    assert not tally.wrong, str(tally)
    assert (tally.days, tally.triggers >= 5 * DAYS) == (DAYS, True)
    assert min(tally.crashes, tally.stops, tally.resent) > DAYS / 2


def test_the_same_seed_makes_the_same_day() -> None:
    assert day(8).trace == day(8).trace


def test_every_planted_mistake_is_found_within_the_same_days() -> None:
    missed = [planted.name for planted, days in zip(PLANTED, all_found(DAYS), strict=True) if days is None]
    assert missed == []
