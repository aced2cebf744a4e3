"""The project's own source as the architecture tests read it: as text and as syntax, never imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

PROJECT = Path(__file__).parents[2]
SRC = PROJECT / "src"
PACKAGE = "teckochecker"


@frozen
class Module:
    """One Python file below a tree; `name` is dotted and leaves out the package (`domain.job`)."""

    name: str
    text: str
    syntax: ast.Module

    def is_in(self, rooms: Sequence[str]) -> bool:
        """Whether this is one of the rooms or stands below one of them."""
        return any(self.name == room or self.name.startswith(f"{room}.") for room in rooms)

    @property
    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of everything that is imported, wherever in the file."""
        for node in ast.walk(self.syntax):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def modules(tree: Path) -> list[Module]:
    """Every Python file below `tree`, in a steady order."""
    return [_module(path, tree) for path in sorted(tree.rglob("*.py"))]


def package(src: Path) -> list[Module]:
    """Every module of the program in the source folder `src`."""
    return modules(src / PACKAGE)


def plant(tree: Path, path: str, text: str) -> Path:
    """Write one file below `tree`, to see it found; gives `tree`."""
    file = tree / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return tree


def _module(path: Path, tree: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    parts = path.relative_to(tree).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name, text, ast.parse(text, filename=str(path)))
