"""teckochecker --install-completion."""

from __future__ import annotations

from teckochecker.entrypoints.cli.answer import Answer


def install() -> Answer:
    """Complete commands in the shell by Tab: writes the script for your shell and its start-up line."""
    from teckochecker.entrypoints.cli.app import app

    path = app.install_completion()
    return Answer({"path": str(path)}, lambda screen: screen.done(f"Completion written to {path}; open a new shell"))
