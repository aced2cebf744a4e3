"""Errors are caught by their name; catching all is kept for the two places where a program must go on."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from tests.architecture.source import PACKAGE, SRC, Module, package, plant

PLACES_THAT_CATCH_ALL = 2


def blanket_handlers(source: Iterable[Module]) -> list[str]:
    """Every place that catches, or suppresses, whatever may come."""
    return [
        f"{module.name}:{node.lineno}"
        for module in source
        for node in ast.walk(module.syntax)
        if (isinstance(node, ast.ExceptHandler) and (node.type is None or _is_blanket(node.type)))
        or (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).endswith("suppress")
            and any(_is_blanket(argument) for argument in node.args)
        )
    ]


def test_whatever_may_come_is_caught_in_at_most_two_places() -> None:
    found = blanket_handlers(package(SRC))
    assert len(found) <= PLACES_THAT_CATCH_ALL, found


def test_every_spelling_of_catching_all_is_found(tmp_path: Path) -> None:
    text = (
        "try: pass\nexcept (ValueError, Exception): pass\n"
        "try: pass\nexcept BaseException as error: raise\n"
        "try: pass\nexcept: raise\n"
        "with contextlib.suppress(Exception): pass\n"
        "try: pass\nexcept ValueError: pass\n"
    )
    plant(tmp_path / PACKAGE, "application/service.py", text)
    lines = [found.partition(":")[2] for found in blanket_handlers(package(tmp_path))]
    assert sorted(lines) == ["2", "4", "6", "7"]


def _is_blanket(caught: ast.expr) -> bool:
    named = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(ast.unparse(name) in {"Exception", "BaseException"} for name in named)
