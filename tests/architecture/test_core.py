"""Time and chance come in through the door: domain and application never reach for them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGE, SRC, Module, package, plant

CORE = ("domain", "application")

# Whole modules, and single names, that read a clock or chance, start threads, wait for real, or log.
OUTSIDE = (
    "asyncio.sleep",
    "asyncio.to_thread",
    "concurrent",
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "logging",
    "multiprocessing",
    "os",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "threading",
    "time",
    "uuid.uuid1",
    "uuid.uuid4",
)
# Methods that hand work to a thread, on whatever loop they are called.
METHODS = ("run_in_executor", "call_soon_threadsafe")


def reaching_outside(source: Iterable[Module]) -> list[str]:
    """Each place in the core that does not wait for its time or chance to be handed in."""
    return [
        f"{module.name}:{line} uses {name}"
        for module in source
        if module.is_in(CORE)
        for line, name in sorted(set(_names(module)))
        if any(name == outside or name.startswith(f"{outside}.") for outside in OUTSIDE)
        or name.rpartition(".")[2] in METHODS
    ]


def test_the_core_asks_for_time_and_chance() -> None:
    assert reaching_outside(package(SRC)) == []


@pytest.mark.parametrize(
    ("text", "use"),
    [
        ("import time\n", "1 uses time"),
        ("from time import monotonic\n", "1 uses time.monotonic"),
        ("from datetime import UTC, datetime\nat = datetime.now(UTC)\n", "2 uses datetime.datetime.now"),
        ("import datetime as dt\nday = dt.date.today()\n", "2 uses datetime.date.today"),
        ("import random\n", "1 uses random"),
        ("import secrets\n", "1 uses secrets"),
        ("from uuid import UUID, uuid4\n", "1 uses uuid.uuid4"),
        ("import asyncio\nasync def f():\n    await asyncio.sleep(1)\n", "3 uses asyncio.sleep"),
        ("from asyncio import to_thread\n", "1 uses asyncio.to_thread"),
        ("async def f(loop):\n    loop.run_in_executor(None, f)\n", "2 uses local.run_in_executor"),
        ("from concurrent.futures import Executor\n", "1 uses concurrent.futures.Executor"),
    ],
)
def test_a_clock_or_chance_of_its_own_is_found(tmp_path: Path, text: str, use: str) -> None:
    plant(tmp_path / PACKAGE, "application/watching.py", text)
    assert f"application.watching:{use}" in reaching_outside(package(tmp_path))


def test_what_was_handed_in_may_be_asked_whatever_it_is_called(tmp_path: Path) -> None:
    text = "async def f(clock, secrets):\n    await clock.sleep(clock.now())\n    secrets.get(1)\n"
    plant(tmp_path / PACKAGE, "application/watching.py", text)
    assert reaching_outside(package(tmp_path)) == []


def _names(module: Module) -> Iterator[tuple[int, str]]:
    """Line and full name of each import and each dotted use; names are traced back to their import."""
    yield from module.imports
    origin = dict(_origins(module.syntax))
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Attribute):
            first, *rest = ast.unparse(node).split(".")
            yield node.lineno, ".".join([origin.get(first, "local"), *rest])


def _origins(syntax: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(syntax):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (top, top)
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
