"""What a command asks of the person before it: a secret value, or whether they are sure."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getpass

from teckochecker.domain.secret import Credential
from teckochecker.entrypoints.cli.answer import Refused, as_json

_LONGEST = 16_384  # bytes of a line; far above what a secret may have, far below what would hurt


def secret_value() -> Credential:
    """A value from a hidden prompt, or one line of standard input where that is no terminal.

    Raises:
        InvalidValue: it is empty or holds what no key holds.
        Refused: with `--json` nothing is asked.
    """
    return Credential(hidden_line("Enter secret value: "))


def hidden_line(prompt: str) -> str:
    """What is typed at a hidden prompt, or one line of standard input where that is no terminal; empty at its end.

    Raises:
        Refused: with `--json` nothing is asked.
    """
    if not sys.stdin.isatty():
        return sys.stdin.buffer.readline(_LONGEST).decode("utf-8-sig", "replace")
    if as_json.get():
        raise Refused("With --json nothing is asked: give the value as one line of standard input")
    try:
        with _interruptible():
            return getpass(prompt)
    except EOFError:
        return ""


def confirm(question: str, *, force: bool, option: str = "--force") -> None:
    """Go on only after a `y`, or with `force`, which `option` stands for.

    Raises:
        Refused: anything else was answered, or nobody can be asked.
    """
    if force:
        return
    if as_json.get() or not sys.stdin.isatty():
        raise Refused(f"This has to be confirmed on a terminal; to skip the question add {option}")
    sys.stderr.write(f"{question} [y/N]: ")
    sys.stderr.flush()
    with _interruptible():
        answer = sys.stdin.readline()
    if answer.strip().lower() != "y":
        raise Refused("Nothing was changed")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the waiting at once: the event loop's own handler would wait for the answer first."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
