"""What can become of a process: every step at which it dies or stands still, and what Keboola does meanwhile."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Sequence

from attrs import frozen

from tests.soak.program import AFTER, BEFORE

WRITTEN = ("claim", "keep", "intent", "take", "send", "answer", "adopt", "follow")
ASKED = ("look", "request", "search", "read")
POINTS = tuple(f"{step} {side}" for step in (*WRITTEN, *ASKED) for side in (BEFORE, AFTER))
SIGNALS = (signal.SIGKILL, signal.SIGSTOP)
DATABASES = ("sqlite", "postgresql")
ANSWERS = ("arrives", "lost", "refused")
LAGS = (0.0, 0.5)  # seconds, below the grace of one second


@frozen(kw_only=True)
class Cell:
    """What happens to the first process, and what Keboola does meanwhile."""

    point: str
    how: signal.Signals
    database: str
    answer: str = "arrives"
    lag: float = 0.0

    def __str__(self) -> str:
        return f"{self.how.name} {self.point} on {self.database}, answer {self.answer}, search lag {self.lag} s"

    @property
    def happens(self) -> bool:
        """A run is searched for when its answer was lost. A stopped writer of SQLite would keep all others out."""
        step, side = self.point.split()
        writes = step in WRITTEN and side == BEFORE
        if writes and self.how is signal.SIGSTOP and self.database == "sqlite":
            return False
        return self.answer == "lost" or step not in ("search", "adopt")


def full() -> Sequence[Cell]:
    """Every cell."""
    product = itertools.product(POINTS, SIGNALS, DATABASES, ANSWERS, LAGS)
    every = [Cell(point=p, how=h, database=d, answer=a, lag=lag) for p, h, d, a, lag in product]
    return [cell for cell in every if cell.happens]


def once() -> Sequence[Cell]:
    """Every step with every signal on every database once: with an answer, but where a lost one leads to the step."""
    usual = {point: "lost" if point.split()[0] in ("search", "adopt") else "arrives" for point in POINTS}
    return [cell for cell in full() if (cell.answer, cell.lag) == (usual[cell.point], 0.0)]
