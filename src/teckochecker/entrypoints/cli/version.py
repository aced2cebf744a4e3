"""teckochecker --version."""

from __future__ import annotations

from importlib.metadata import version

from teckochecker.entrypoints.cli.answer import Answer


def show() -> Answer:
    """Show the version."""
    known = version("teckochecker")
    return Answer({"version": known}, lambda screen: screen.say(known))
