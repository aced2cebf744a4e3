"""No secret reaches a log, however it is logged; lines stay whole; the file is private and follows rotation."""

import asyncio
import io
import json
import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from datetime import UTC, datetime, timedelta
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from structlog.contextvars import bound_contextvars

from teckochecker.adapters.logs import Logs, configure, get_logger
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.secret import Credential, SecretType

log = get_logger("teckochecker.tests")


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


class Broken:
    """Something whose representation fails."""

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        raise RuntimeError(self.value)


@contextmanager
def logging_to(
    stream: io.StringIO,
    *secrets: str,
    file: Path | None = None,
    format: str = "auto",
    level: str = "DEBUG",
) -> Iterator[Logs]:
    logs = configure(level, file, format, stream)
    try:
        for secret in secrets:
            logs.redactor.register(Credential(secret))
        yield logs
    finally:
        logs.close()


def told(action: Callable[[], object], *secrets: str, format: str = "json", level: str = "DEBUG") -> str:
    """All that `action` brings to the log and to standard error."""
    stream, errors = io.StringIO(), io.StringIO()
    with redirect_stderr(errors), logging_to(stream, *secrets, format=format, level=level):
        action()
    return stream.getvalue() + errors.getvalue()


def line(action: Callable[[], object]) -> dict[str, Any]:
    """The one JSON line that `action` writes."""
    parsed: dict[str, Any] = json.loads(told(action))
    return parsed


def failing(error: Exception) -> None:
    hidden_local = "a-local-of-the-frame"
    try:
        try:
            raise error  # noqa: TRY301 - the traceback is what is tested
        except Exception as cause:
            raise LookupError(f"while looking {len(hidden_local)}") from cause
    except LookupError:
        log.exception("failed")


WAYS: dict[str, Callable[[str], object]] = {
    "event": lambda value: log.info(f"used {value}."),
    "stuck to other text": lambda value: log.info(f"x{value}y"),
    "keyword": lambda value: log.warning("called", token=value),
    "name of a keyword": lambda value: log.info("called", **{value: 1}),
    "nested": lambda value: log.info("called", data={"a": [{"b": (value, {value})}], value: None}),
    "too deep": lambda value: log.info("called", data=[[[[[[[[{value: [value]}]]]]]]]]),
    "bytes": lambda value: log.info("called", body=value.encode(), more=[bytearray(value.encode())]),
    "representation": lambda value: log.info(repr({"x": [repr(value)]}), of=repr(value.encode())),
    "json": lambda value: log.info("sent", body=json.dumps({"outer": json.dumps({"x": value})})),
    "percent": lambda value: log.info(quote(value, safe=""), path=quote(value), form=quote_plus(value)),
    "percent twice": lambda value: log.info(quote(quote(value, safe=""), safe="")),
    "exception": lambda value: failing(ValueError(value)),
    "exception with data": lambda value: failing(ValueError({"k": value})),
    "exception as value": lambda value: log.error("failed", error=OSError(5, value)),
    "group of exceptions": lambda value: failing(ExceptionGroup("all", [ValueError(value), OSError(value)])),
    "standard library": lambda value: logging.getLogger("aiohttp.client").warning("%s and %r", value, [value]),
    "faulty format": lambda value: logging.getLogger("uvicorn.error").error("%d", value),
    "broken representation": lambda value: log.info("called", thing=Broken(value)),
}
visible = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="*")
values = st.text(visible, min_size=8, max_size=60) | st.text(st.sampled_from("\"'\\/%+=&a1"), min_size=8, max_size=30)


@pytest.mark.parametrize("format", ["json", "console"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@given(value=values)
def test_a_known_value_never_reaches_the_log(way: Callable[[str], object], format: str, value: str) -> None:
    assume(value not in told(lambda: way("something-else"), format=format))
    text = told(lambda: way(value), value, format=format)
    assert text
    assert value not in text
    assert json.dumps(value)[1:-1] not in text
    assert quote(value, safe="") not in text


def test_a_known_value_does_not_reach_the_file_either(tmp_path: Path) -> None:
    with logging_to(io.StringIO(), "hush-hush-hush", file=tmp_path / "x.log"):
        failing(ValueError("hush-hush-hush"))
    text = (tmp_path / "x.log").read_text()
    assert "hush" not in text
    assert "ValueError: ***" in text


def test_a_value_that_looks_like_a_secret_is_hidden_without_being_known() -> None:
    text = told(lambda: failing(ValueError("401 for sk-proj-abcdef123456")))
    assert "abcdef" not in text
    assert "ValueError: 401 for ***" in text


async def test_a_failure_that_nobody_awaited_is_redacted() -> None:
    async def fail() -> None:
        raise ValueError("hush-hush-hush")

    stream = io.StringIO()
    with logging_to(stream, "hush-hush-hush", level="INFO"):
        task = asyncio.ensure_future(fail())
        await asyncio.wait([task])
        del task
    assert "Task exception was never retrieved" in stream.getvalue()
    assert "ValueError: ***" in stream.getvalue()


def test_a_traceback_names_its_causes_and_shows_no_locals() -> None:
    trace = line(lambda: failing(ValueError("first")))["exception"]
    assert trace.index("ValueError: first") < trace.index("LookupError: while looking")
    assert "a-local-of-the-frame" not in trace


def test_a_line_lost_to_a_fault_is_told_by_its_place_alone() -> None:
    text = told(lambda: logging.getLogger("x").info("%d", "hush"))
    assert text.startswith("A log line of test_logs:")
    assert text.endswith(" was lost: TypeError\n")


@pytest.mark.parametrize("ending", ["\n", "\r", "\x0b", "\x85", "\u2028", "\x1b[2J", "\u202e", "\ud800", "\x00"])
def test_nothing_that_is_logged_can_begin_a_line_or_command_the_terminal(ending: str) -> None:
    forged = f"done{ending}2025-01-22T10:00:00.000Z INFO forged"

    def act() -> None:
        log.info(forged, key=forged, **{forged: 1})
        logging.getLogger(forged).warning(forged)
        failing(ValueError(forged))

    for format in ("json", "console"):
        text = told(act, format=format)
        assert ending == "\n" or ending not in text
        begun = [one for one in text.split("\n") if one and not one.startswith("  | ")]
        assert len(begun) == 3
        assert not any(one.startswith("2025-01-22T10:00") for one in begun)


def test_a_json_line_has_when_how_grave_and_by_whom_first() -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    got = line(lambda: log.warning("a batch ended", job=3, level="x", timestamp="y", logger="z"))
    assert list(got) == ["timestamp", "level", "logger", "event", "job"]
    assert before <= datetime.fromisoformat(got["timestamp"]) <= datetime.now(UTC)
    assert (got["level"], got["logger"], got["event"], got["job"]) == (
        "WARNING",
        "teckochecker.tests",
        "a batch ended",
        3,
    )


def test_values_of_all_kinds_become_json() -> None:
    got = line(
        lambda: log.info(
            "all kinds",
            error=ValueError("no text"),
            kind=SecretType.OPENAI,
            wait=timedelta(seconds=90),
            at=datetime(2025, 1, 22, tzinfo=UTC),
            id=UUID(int=1),
            path=Path("/x"),
            ratio=float("nan"),
            credential=Credential("hush-hush-hush"),
            by_id={1: b"\xff", b"k": None},
        )
    )
    assert got["error"] == "ValueError: no text"
    assert (got["kind"], got["wait"], got["at"]) == ("openai", "0:01:30", "2025-01-22 00:00:00+00:00")
    assert (got["id"], got["path"], got["ratio"]) == ("00000000-0000-0000-0000-000000000001", "/x", "nan")
    assert got["credential"] == "Credential(***)"
    assert got["by_id"] == {"1": "\\xff", "k": None}


def test_lines_for_people_read_well() -> None:
    text = told(lambda: log.info("a batch ended", job=3, name="my job", note=None, id="x-1"), format="console")
    assert text[24:] == ' INFO     a batch ended job=3 name="my job" note=null id=x-1 [teckochecker.tests]\n'


def test_a_terminal_gets_lines_for_people_and_anything_else_json(tmp_path: Path) -> None:
    screen, pipe = Screen(), io.StringIO()
    for stream in (screen, pipe):
        with logging_to(stream, file=tmp_path / "x.log"):
            log.info("hello")
    assert " INFO     hello [" in screen.getvalue()
    written = [pipe.getvalue(), *(tmp_path / "x.log").read_text().splitlines()]
    assert [json.loads(line)["event"] for line in written] == ["hello"] * 3


def test_a_format_that_is_named_holds_for_stream_and_file(tmp_path: Path) -> None:
    stream = io.StringIO()
    with logging_to(stream, file=tmp_path / "x.log", format="console"):
        log.info("hello")
    assert stream.getvalue() == (tmp_path / "x.log").read_text()


def test_what_is_bound_to_the_context_stands_in_the_lines_of_both_worlds() -> None:
    def act() -> None:
        with bound_contextvars(request="r1"):
            log.info("ours")
            logging.getLogger("uvicorn.error").warning("theirs")

    assert [json.loads(one)["request"] for one in told(act).splitlines()] == ["r1", "r1"]


def test_lines_below_the_level_are_left_out_and_chatty_libraries_are_kept_quiet() -> None:
    def act() -> None:
        log.debug("ours, too low")
        log.info("ours")
        for name in ("sqlalchemy.engine", "alembic.runtime.migration", "aiosqlite", "asyncio"):
            logging.getLogger(name).info("theirs")
            logging.getLogger(name).warning("grave")

    assert told(act, level="INFO").count("grave") == 4
    assert "too low" not in told(act, level="INFO")
    assert "theirs" not in told(act, level="DEBUG")


def test_closing_leaves_logging_as_it_was_found(tmp_path: Path) -> None:
    root, library = logging.getLogger(), logging.getLogger("sqlalchemy")
    before = (root.handlers[:], root.level, library.level)
    with logging_to(io.StringIO(), file=tmp_path / "x.log", level="ERROR"):
        assert root.level == logging.ERROR
    assert (root.handlers[:], root.level, library.level) == before


def test_the_file_is_private_from_the_start_and_stays_so_when_rotated(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    umask = os.umask(0)
    try:
        with logging_to(io.StringIO(), file=path):
            log.info("first")
            rotate()
            log.info("second")
    finally:
        os.umask(umask)
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path, tmp_path / "x.log.1")] == [0o600, 0o600]
    assert json.loads((tmp_path / "x.log.1").read_text())["event"] == "first"
    assert json.loads(path.read_text())["event"] == "second"


def rotate() -> None:
    for handler in logging.getLogger().handlers:
        if isinstance(handler, RotatingFileHandler):
            handler.doRollover()


def test_the_file_is_rotated_when_it_has_grown(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    with logging_to(io.StringIO(), file=path):
        for _ in range(11):
            log.info("x" * 1024 * 1024)
    assert 0 < path.stat().st_size < 10 * 1024 * 1024 < 11 * 1024 * 1024 < path.stat().st_size + size(path, 1)


def test_five_files_are_kept_beside_the_one_that_is_written(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    with logging_to(io.StringIO(), file=path):
        for number in range(8):
            log.info(f"{number}")
            rotate()
    kept = [json.loads((tmp_path / f"x.log.{number}").read_text())["event"] for number in range(1, 6)]
    assert kept == ["7", "6", "5", "4", "3"]
    assert len(list(tmp_path.iterdir())) == 6


def size(path: Path, number: int) -> int:
    return path.with_name(f"{path.name}.{number}").stat().st_size


def test_an_existing_file_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("before\n")
    with logging_to(io.StringIO(), file=path):
        log.info("after")
    assert path.read_text().startswith('before\n{"timestamp"')


def test_a_file_that_was_moved_away_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    with logging_to(io.StringIO(), file=path) as logs:
        log.info("first")
        path.rename(tmp_path / "moved.log")
        logs.reopen()
        assert path.read_text() == ""
        path.unlink()
        log.info("second")
    assert "first" in (tmp_path / "moved.log").read_text()
    assert json.loads(path.read_text())["event"] == "second"


def test_a_file_whose_folder_vanished_costs_the_line_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    stream, errors = io.StringIO(), io.StringIO()
    with redirect_stderr(errors), logging_to(stream, file=folder / "x.log"):
        (folder / "x.log").unlink()
        folder.rmdir()
        log.info("still here")
    assert "still here" in stream.getvalue()
    assert "was lost: FileNotFoundError" in errors.getvalue()


def test_a_file_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    before = logging.getLogger().handlers[:]
    with pytest.raises(InvalidValue) as refused:
        configure(file=tmp_path / "absent" / "x.log")
    assert str(refused.value) == f"LOG_FILE: {tmp_path}/absent/x.log cannot be written: No such file or directory"
    assert logging.getLogger().handlers[:] == before
