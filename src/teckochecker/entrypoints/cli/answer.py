"""What a command gives back, and how answers and problems reach whoever asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import IO, TYPE_CHECKING, Any, Final

from attrs import frozen

from teckochecker.domain.errors import TeckoCheckerError

if TYPE_CHECKING:
    from teckochecker.entrypoints.cli.screen import Screen

as_json: Final[ContextVar[bool]] = ContextVar("as_json", default=False)
"""The caller is a program: answers and problems are JSON, and nothing is ever asked."""


@frozen
class Answer:
    """A command's answer: the body that `--json` prints, and how a person is shown the same.

    A command that tells as it goes leaves nothing to `show`; then `--json` prints nothing more either.
    """

    body: Mapping[str, Any]
    show: Callable[[Screen], None] | None
    exit_code: int = 0


class Refused(TeckoCheckerError):
    """The command was not carried out; the sentence says why."""


class Misused(TeckoCheckerError):
    """The options given do not go together."""


def present(answer: Answer) -> int:
    """Print an answer on standard output. Returns its exit code."""
    if answer.show is None:
        return answer.exit_code
    if as_json.get():
        print_json(answer.body, sys.stdout)
    else:
        from teckochecker.entrypoints.cli.screen import Screen

        answer.show(Screen.on(sys.stdout))
    return answer.exit_code


def complain(error: Exception, exit_code: int) -> None:
    """Tell a problem on standard error: its own sentence, or with `--json` the body that the REST API would answer."""
    from teckochecker.entrypoints.cli.screen import Screen, plain

    if as_json.get():
        print_json({**_problem(error), "exit_code": exit_code}, sys.stderr)
        return
    screen = Screen.on(sys.stderr)
    for line in getattr(error, "faults", None) or str(error).splitlines():
        screen.say(plain(line, limit=4000), "red")


def _problem(error: Exception) -> Mapping[str, Any]:
    if not isinstance(error, TeckoCheckerError) or isinstance(error, Misused | Refused):
        title = "Refused" if isinstance(error, Refused) else "Wrong usage"
        return {"type": "about:blank", "title": title, "detail": str(error)}
    from teckochecker.entrypoints.wire import problem_body

    return problem_body(error)


def print_json(body: Any, stream: IO[str], *, lines: bool = False) -> None:
    """One line of JSON for a pipe or with `lines`, several for a terminal; ASCII where the stream takes no more."""
    shows_all = (getattr(stream, "encoding", None) or "").lower().replace("-", "") == "utf8"
    text = json.dumps(body, ensure_ascii=not shows_all, indent=2 if stream.isatty() and not lines else None)
    stream.write(text.encode("utf-8", "backslashreplace").decode() + "\n")
    stream.flush()
