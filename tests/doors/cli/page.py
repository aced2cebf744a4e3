"""The part of `docs/cli.md` that is made from the program itself. `python -m tests.doors.cli.page` renews it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from cyclopts import App
from rich.console import Console

from teckochecker.entrypoints.cli.app import app

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"
BEGIN = "## Every command\n"


def commands(group: App, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command, those in groups included."""
    for name in sorted(group):
        if name in ("--help", "-h"):
            continue
        words = (*path, name)
        below = list(commands(group[name], words))
        yield from below or [words]


def made() -> str:
    """Each command's own help."""
    return BEGIN + "".join(f"\n### {' '.join(words)}\n\n```text\n{_help(words)}\n```\n" for words in commands(app))


def written(text: str) -> str:
    """What people wrote of the page."""
    return text.partition(BEGIN)[0]


def _help(words: tuple[str, ...]) -> str:
    out = io.StringIO()
    app.help_print(list(words), console=Console(file=out, width=100, color_system=None))
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")) + made(), encoding="utf-8")
