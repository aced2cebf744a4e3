"""Many days side by side, one process for each core. `python -m tests.simulation.soak --days 100000` is `make soak`."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing.pool import Pool

from attrs import frozen

from tests.simulation.days import Verdict, a_day
from tests.simulation.planted import PLANTED
from tests.simulation.world import Troubles, World

_PORTION = 8  # so that a mistake that was found leaves no days behind that nobody waits for


def day(seed: int) -> Verdict:
    """The day of this seed, the same each time."""
    return a_day(World(seed, Troubles.of(seed)))


def shows(number: int, seed: int) -> bool:
    """Whether a planted mistake shows on the day of this seed, which is one of many faults."""
    busy = 3 * seed + 2
    return bool(a_day(PLANTED[number].world(busy, Troubles.of(busy))).wrong)


@frozen(kw_only=True)
class Tally:
    """What many days came to. `wrong` are days to be replayed alone."""

    days: int
    triggers: int
    crashes: int
    stops: int
    resent: int
    wrong: Sequence[Verdict]

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Tally:
        told = list(verdicts)
        return cls(
            days=len(told),
            triggers=sum(verdict.triggers for verdict in told),
            crashes=sum(verdict.crashes for verdict in told),
            stops=sum(verdict.stops for verdict in told),
            resent=sum(verdict.resent for verdict in told),
            wrong=[verdict for verdict in told if verdict.wrong],
        )

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            days=self.days + other.days,
            triggers=self.triggers + other.triggers,
            crashes=self.crashes + other.crashes,
            stops=self.stops + other.stops,
            resent=self.resent + other.resent,
            wrong=[*self.wrong, *other.wrong],
        )

    def __str__(self) -> str:
        lines = [
            f"{self.days} simulated days, {self.triggers} triggers, {self.crashes} crashes, {self.stops} stops, "
            f"{self.resent} sent more than once: {len(self.wrong)} wrong",
            *(f"seed {verdict.seed}: {'; '.join(verdict.wrong)}" for verdict in self.wrong),
            *(f"replay it with: python -m tests.simulation.soak --replay {one.seed}" for one in self.wrong[:1]),
        ]
        return "\n".join(lines)


@contextmanager
def processes() -> Iterator[Pool]:
    """One process for each core."""
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        yield pool


def many(pool: Pool, days: Sequence[int]) -> Tally:
    """The days of these seeds. Their traces stay behind; a seed tells its own again."""
    return Tally.of(pool.imap_unordered(_brief, days, chunksize=4))


def found(pool: Pool, number: int, most: int) -> int | None:
    """After how many days a planted mistake shows, or None when so many do not show it."""
    for first in range(0, most, _PORTION):
        shown = pool.map(partial(shows, number), range(first, first + _PORTION), chunksize=1)
        if any(shown):
            return first + shown.index(True) + 1
    return None


def _brief(seed: int) -> Verdict:
    return day(seed).without_trace()


def main() -> int:
    """Run the days that were asked for, and say what came of them."""
    parser = argparse.ArgumentParser(description="Simulated days with everything that goes wrong in them.")
    parser.add_argument("--days", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--replay", type=int, help="one seed alone, with all that happened in it")
    asked = parser.parse_args()
    if asked.replay is not None:
        verdict = day(asked.replay)
        print(*verdict.trace, *(verdict.wrong or ["nothing is wrong"]), sep="\n")
        return 1 if verdict.wrong else 0
    begun = time.perf_counter()
    with processes() as pool:
        tally = many(pool, range(asked.first, asked.first + asked.days))
    print(tally, f"{time.perf_counter() - begun:.0f} s", sep="\n")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
