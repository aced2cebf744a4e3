"""teckochecker job check, and how what a check found is shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from rich.text import Text

from teckochecker.domain.findings import Checked, Level
from teckochecker.entrypoints.cli.answer import Answer
from teckochecker.entrypoints.cli.box import Section
from teckochecker.entrypoints.cli.place import library
from teckochecker.entrypoints.cli.screen import Screen, plain
from teckochecker.entrypoints.wire import job_body

_SIGNS: Final = {
    Level.ERROR: ("✗", "red"),
    Level.WARNING: ("!", "dark_orange"),
    Level.UNCHECKED: ("?", "yellow"),
    Level.FINE: ("✓", "green"),
}
OPEN: Final = (Level.ERROR, Level.WARNING, Level.UNCHECKED)
"""What a person has something to do about, or does not know."""


async def check(job_id: int, /) -> Answer:
    """Look at all that a job depends on: secrets, configuration, variables and batches. Exit code 1 on an error.

    Parameters
    ----------
    job_id
        The job's ID
    """
    async with library() as checker:
        view = await checker.jobs.check(job_id)
    checked = view.checked or Checked(at=view.job.created_at)
    failed = bool(checked.of(Level.ERROR))
    return Answer(job_body(view), lambda screen: _show(screen, checked), 1 if failed else 0)


def findings(screen: Screen, checked: Checked, *levels: Level) -> Section | None:
    """A table of what was found on these levels, if anything was."""
    rows = [
        (Text(_word(screen, one.level), _SIGNS[one.level][1]), plain(one.about), plain(one.says))
        for one in checked.of(*levels)
    ]
    return Section(f"Checked At {screen.time(checked.at)}", rows, ("", "What", "Finding")) if rows else None


def warn(checked: Checked | None, of: str | None = None) -> None:
    """Tell on standard error what a person should know of a job that was just kept. `of` names one among several."""
    screen = Screen.on(sys.stderr)
    for line in _lines(checked) if checked else ():
        screen.say(f"{plain(of)}: {line}" if of else line, "dark_orange")


def _lines(checked: Checked) -> Iterator[str]:
    for finding in checked.of(Level.WARNING):
        yield f"! {plain(finding.about)}: {plain(finding.says)}"
    for finding in checked.of(Level.UNCHECKED):
        yield f"? {plain(finding.about)}: could not be checked: {plain(finding.says)}"


def _show(screen: Screen, checked: Checked) -> None:
    section = findings(screen, checked, *Level)
    if section:
        screen.box(section)
    count = len(checked.of(Level.ERROR))
    if count:
        screen.say(f"{count} of these would make the job fail; the lines say what helps", "red")
    elif not checked.of(Level.WARNING, Level.UNCHECKED):
        screen.done("Everything is in order")


def _word(screen: Screen, level: Level) -> str:
    sign = f"{screen.sign(_SIGNS[level][0])} " if screen.signs else ""
    return f"{sign}{level.value.replace('-', ' ')}"
