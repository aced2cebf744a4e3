"""teckochecker --install-completion."""

from __future__ import annotations

from cyclopts.completion.detect import ShellDetectionError

from teckochecker.entrypoints.cli.answer import Answer, Refused
from teckochecker.entrypoints.cli.screen import plain


def install() -> Answer:
    """Complete commands in the shell by Tab: writes the script for your shell and its start-up line."""
    from teckochecker.entrypoints.cli.app import app

    try:
        path = app.install_completion()
    except ShellDetectionError:
        raise Refused("Completion is there for bash, zsh and fish; call this in one of them") from None
    except OSError as error:
        raise Refused(f"Completion cannot be written: {plain(str(error))}") from error
    return Answer({"path": str(path)}, lambda screen: screen.done(f"Completion written to {path}; open a new shell"))
