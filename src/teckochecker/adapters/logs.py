"""Log lines: structlog and the standard library through one sink, which takes out every secret.

Lines go to a stream and, where asked, to a file, as JSON or for people. Redaction works on the finished text,
tracebacks included, so nothing that is logged anywhere in the process gets round it.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager, suppress
from datetime import UTC, date, datetime, timedelta
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO, cast
from uuid import UUID

import structlog
from attrs import frozen
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.processors import format_exc_info
from structlog.stdlib import BoundLogger, ProcessorFormatter, filter_by_level

from teckochecker.adapters.redaction import Redactor
from teckochecker.domain.errors import InvalidValue

_FILE_BYTES = 10 * 1024 * 1024
_FILES_KEPT = 5
_DEPTH = 6  # of nested values that are written out
_CHATTY = (
    "aiohttp.access",
    "aiosqlite",
    "alembic",
    "apprise",
    "asyncio",
    "psycopg",
    "sqlalchemy",
    "urllib3",
    "uvicorn",
)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

Event = MutableMapping[str, Any]


def get_logger(name: str) -> BoundLogger:
    """A logger for adapters and entrypoints: `log.info("what happened", key=value)`.

    It writes through the standard library, so in somebody else's program it follows that program's set-up.
    """
    wrapped = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[filter_by_level, merge_contextvars, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=BoundLogger,
        cache_logger_on_first_use=True,
    )
    return cast("BoundLogger", wrapped)


def bound(**ids: str | int) -> AbstractContextManager[None]:
    """Whatever is logged inside, by anybody, bears these ids."""
    return bound_contextvars(**ids)


def configure(
    level: str = "INFO", file: Path | None = None, format: str = "auto", stream: TextIO | None = None
) -> Logs:
    """Send everything that this process logs to `stream` (standard error) and to `file`.

    `format` is `json`, `console`, or `auto`: for people on a terminal, JSON elsewhere. The file is made 0600.

    Raises:
        InvalidValue: the file cannot be written.
    """
    stream = stream or sys.stderr
    redactor = Redactor()
    screen = _Screen(stream)
    screen.setFormatter(_formatter(redactor, format == "console" or (format == "auto" and stream.isatty())))
    handlers: list[logging.Handler] = [screen]
    if file is not None:
        handlers.append(_opened(file))
        handlers[-1].setFormatter(_formatter(redactor, format == "console"))
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in ("", *_CHATTY)}
    logs = Logs(redactor, tuple(handlers), tuple(root.handlers), levels)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    return logs


@frozen(eq=False)
class Logs:
    """The open log. Secrets registered with `redactor` appear in no line from then on."""

    redactor: Redactor
    _handlers: tuple[logging.Handler, ...]
    _handlers_before: tuple[logging.Handler, ...]
    _levels_before: Mapping[str, int]

    def reopen(self) -> None:
        """Open the file anew, after somebody has moved it away (SIGHUP)."""
        for handler in self._handlers:
            if isinstance(handler, _LogFile):
                handler.reopen()

    def close(self) -> None:
        """Close the file and leave logging as it was found."""
        logging.getLogger().handlers[:] = self._handlers_before
        for name, level in self._levels_before.items():
            logging.getLogger(name).setLevel(level)
        for handler in self._handlers:
            handler.close()


class _Discreet(logging.Handler):
    """Says that a line was lost, without what it held: the standard library would print it unredacted."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        kind = sys.exc_info()[0]
        with suppress(OSError, ValueError):
            sys.stderr.write(f"A log line of {record.module}:{record.lineno} was lost: {kind and kind.__name__}\n")


class _Screen(_Discreet, logging.StreamHandler[TextIO]):
    pass


class _LogFile(_Discreet, RotatingFileHandler):
    """A private file that is rotated by size, by us or by anybody else."""

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=_private)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self._moved():
                self.reopen()
        except OSError:
            self.handleError(record)
        else:
            super().emit(record)

    def reopen(self) -> None:
        self.acquire()
        try:
            before, self.stream = self.stream, self._open()
            if before:
                before.close()
        finally:
            self.release()

    def _moved(self) -> bool:
        try:
            return not (self.stream and os.path.samestat(os.fstat(self.stream.fileno()), os.stat(self.baseFilename)))
        except FileNotFoundError:
            return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _opened(file: Path) -> _LogFile:
    try:
        return _LogFile(
            file, maxBytes=_FILE_BYTES, backupCount=_FILES_KEPT, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        raise InvalidValue(f"LOG_FILE: {file} cannot be written: {error.strerror}", field="LOG_FILE") from error


class _Redacting(ProcessorFormatter):
    """The sink. What leaves it is what is written."""

    def __init__(self, redactor: Redactor, *processors: structlog.typing.Processor) -> None:
        super().__init__(processors=processors, foreign_pre_chain=[merge_contextvars])
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.clean(super().format(record))


def _formatter(redactor: Redactor, for_people: bool) -> _Redacting:
    return _Redacting(redactor, _headed, format_exc_info, _console if for_people else _json)


def _headed(_: object, __: str, event: Event) -> Event:
    """When, how grave and by whom come first, for lines of both worlds alike."""
    record: logging.LogRecord = event["_record"]
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    head = {"timestamp": at.replace("+00:00", "Z"), "level": record.levelname, "logger": record.name}
    rest = {key: value for key, value in event.items() if key not in {*head, "_record", "_from_structlog"}}
    return {**head, "event": rest.pop("event", ""), **rest}


def _json(_: object, __: str, event: Event) -> str:
    return json.dumps(_plain(event))


def _console(_: object, __: str, event: Event) -> str:
    told = _plain(event)
    at, level, logger, what = (told.pop(key) for key in ("timestamp", "level", "logger", "event"))
    trace = str(told.pop("exception", ""))
    pairs = "".join(f" {_line(key)}={_value(value)}" for key, value in told.items())
    head = f"{at} {level:<8} {_line(str(what))}{pairs} [{_line(logger)}]"
    return "\n".join([head, *(f"  | {_line(line)}" for line in trace.splitlines())])


def _value(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"[^\s\"=]+", value):
        return _line(value)
    return _line(json.dumps(value, ensure_ascii=False))


def _line(text: str) -> str:
    """Text that can neither break its line nor command the terminal."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _plain(value: Any, depth: int = 0) -> Any:
    """JSON's own kinds of value, whatever was given."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case None | bool() | int() | float() | str():
            return value
        case bytes() | bytearray():
            return bytes(value).decode(errors="backslashreplace")
        case Mapping() if depth < _DEPTH:
            return {str(_plain(key, _DEPTH)): _plain(entry, depth + 1) for key, entry in value.items()}
        case list() | tuple() | set() | frozenset() if depth < _DEPTH:
            return [_plain(entry, depth + 1) for entry in value]
        case BaseException():
            return f"{type(value).__name__}: {value}"
        case date() | timedelta() | Path() | UUID():
            return str(value)
        case _:
            return repr(value)
