from __future__ import annotations

import pytest

from tests.simulation.days import Verdict, a_day
from tests.simulation.planted import PLANTED, Planted
from tests.simulation.world import Troubles, World

RATES = (0.0005, 0.02, 0.08)
"""Faults are drawn around the calls that matter; days with few of them find other things than days with many."""

DAYS = 60


def day(seed: int) -> Verdict:
    return a_day(World(seed, Troubles(rate=RATES[seed % len(RATES)])))


def test_no_day_of_trouble_starts_a_run_twice_early_or_never() -> None:
    verdicts = [day(seed) for seed in range(DAYS)]
    wrong = [verdict for verdict in verdicts if verdict.violations]
    assert not wrong, f"replay with day({wrong[0].seed}): {wrong[0]}"
    assert sum(verdict.triggers for verdict in verdicts) == 6 * DAYS
    assert sum(verdict.crashes for verdict in verdicts) > DAYS
    assert sum(verdict.resent for verdict in verdicts) > 0


def test_the_same_seed_makes_the_same_day() -> None:
    assert day(8).trace == day(8).trace


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_a_planted_mistake_is_found(planted: Planted) -> None:
    assert any(a_day(planted.world(seed, Troubles(rate=0.08))).violations for seed in range(DAYS))
