"""The tests use real parts, or doubles that are adapters themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from tests.architecture.source import PROJECT, Module, modules, plant


def mocks(source: Iterable[Module]) -> list[str]:
    """Every import of the standard library's mocks, and every attribute that is patched away."""
    imported = [
        f"{module.name}:{line} imports {name}"
        for module in source
        for line, name in module.imports
        if name.startswith("unittest.mock")
    ]
    patched = [
        f"{module.name}:{node.lineno} patches"
        for module in source
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "monkeypatch.setattr"
    ]
    return imported + patched


def test_no_test_uses_a_mock() -> None:
    assert mocks(modules(PROJECT / "tests")) == []


def test_a_mock_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "test_one.py", "from unittest import mock\n")
    plant(tmp_path, "test_two.py", "def test(monkeypatch):\n    monkeypatch.setattr('a.b', 1)\n")
    assert mocks(modules(tmp_path)) == ["test_one:1 imports unittest.mock", "test_two:2 patches"]
