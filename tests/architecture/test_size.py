"""A file is read at one sitting, a function at one glance."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from tests.architecture.source import PACKAGE, SRC, Module, package, plant

LINES_OF_A_FILE = 300
LINES_OF_A_FUNCTION = 60


def long_files(source: Iterable[Module]) -> list[str]:
    """Files with more lines than one sitting takes."""
    return [
        f"{module.name} has {lines} lines"
        for module in source
        if (lines := len(module.text.splitlines())) > LINES_OF_A_FILE
    ]


def long_functions(source: Iterable[Module]) -> list[str]:
    """Functions with more lines, docstring and all, than one glance takes."""
    return [
        f"{module.name}.{node.name} has {lines} lines"
        for module in source
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LINES_OF_A_FUNCTION
    ]


def test_files_and_functions_stay_short() -> None:
    source = package(SRC)
    assert long_files(source) + long_functions(source) == []


def test_a_long_file_is_found(tmp_path: Path) -> None:
    plant(tmp_path / PACKAGE, "domain/job.py", "a = 1\n" * 301)
    plant(tmp_path / PACKAGE, "domain/batch.py", "a = 1\n" * 300)
    assert long_files(package(tmp_path)) == ["domain.job has 301 lines"]


def test_a_long_function_is_found(tmp_path: Path) -> None:
    body = "class Job:\n    async def observe(self):\n" + "        a = 1\n" * 60
    plant(tmp_path / PACKAGE, "domain/job.py", body)
    assert long_functions(package(tmp_path)) == ["domain.job.observe has 61 lines"]
