"""What the simulation came to is told at the end of a test run."""

from __future__ import annotations

import pytest

from tests.simulation.soak import Tally

TALLIES = pytest.StashKey[list[Tally]]()


@pytest.fixture
def tallies(request: pytest.FixtureRequest) -> list[Tally]:
    """The figures so far."""
    return request.config.stash.setdefault(TALLIES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line with all figures."""
    if tallies := config.stash.get(TALLIES, []):
        terminalreporter.write_line(str(sum(tallies[1:], start=tallies[0])))
