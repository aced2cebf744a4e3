"""Tables: sections of rows in one frame, each section with its own columns, joined where their lines meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from attrs import frozen
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_LEAST: Final = 6  # cells that a column keeps, however narrow the terminal
_ROUND: Final = {"": "─", "up": "┴", "down": "┬", "both": "┼", "sides": "│", "top": "╭╮", "mid": "├┤", "end": "╰╯"}
_ASCII: Final = {"": "-", "up": "+", "down": "+", "both": "+", "sides": "|", "top": "++", "mid": "++", "end": "++"}


@frozen
class Section:
    """A title over rows of equal length; `header` names the columns."""

    title: str
    rows: Sequence[Sequence[Text | str]]
    header: Sequence[str] = ()


def draw(sections: Sequence[Section], *, width: int | None, ascii: bool = False) -> Iterator[Text]:
    """The lines of the frame. Cells fold where it would not fit into `width`; None lets it be as wide as it needs."""
    signs = _ASCII if ascii else _ROUND
    grids = [_Grid.of(section) for section in sections]
    inner = max(grid.inner for grid in grids)
    if width is not None:
        inner = min(inner, max(width - 2, max(grid.least for grid in grids)))
    grids = [grid.fitted(inner) for grid in grids]
    above: set[int] = set()
    for place, (section, grid) in enumerate(zip(sections, grids, strict=True)):
        yield _rule(inner, above, set(), signs, "mid" if place else "top")
        yield _framed(Text(section.title, style="bold"), inner, signs)
        above = set()
        for rows in grid.blocks:
            yield _rule(inner, above, grid.joints, signs, "mid")
            yield from (line for row in rows for line in _row(row, grid.widths, signs))
            above = grid.joints
    yield _rule(inner, above, set(), signs, "end")


@frozen
class _Grid:
    """A section's cells as texts, and how wide its columns are."""

    blocks: Sequence[Sequence[Sequence[Text]]]
    widths: Sequence[int]
    title: int

    @classmethod
    def of(cls, section: Section) -> _Grid:
        rows = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in section.rows]
        blocks = [[[Text(name, style="bold") for name in section.header]]] if section.header else []
        if rows:
            blocks.append(rows)
        columns = zip(*(row for block in blocks for row in block), strict=True)
        return cls(blocks, [max(_width(cell) for cell in column) for column in columns], cell_len(section.title) + 2)

    @property
    def inner(self) -> int:
        """Cells between the outer lines: each column has a space on both sides, and a line to the next."""
        return max(sum(self.widths) + 3 * len(self.widths) - 1, self.title)

    @property
    def least(self) -> int:
        return max(sum(min(width, _LEAST) for width in self.widths) + 3 * len(self.widths) - 1, self.title)

    def fitted(self, inner: int) -> _Grid:
        """The same with columns that fill exactly `inner`: the widest gives way, the last takes what is left."""
        widths = list(self.widths)
        if not widths:
            return self
        room = inner - 3 * len(widths) + 1
        while sum(widths) > room:
            widths[widths.index(max(widths))] -= 1
        widths[-1] += room - sum(widths)
        return _Grid(self.blocks, widths, self.title)

    @property
    def joints(self) -> set[int]:
        """Where the lines between the columns stand."""
        return {end - 1 for end in accumulate(width + 3 for width in self.widths[:-1])}


def _rule(inner: int, above: set[int], below: set[int], signs: dict[str, str], kind: str) -> Text:
    meets = {(False, False): "", (True, False): "up", (False, True): "down", (True, True): "both"}
    line = "".join(signs[meets[at in above, at in below]] for at in range(inner))
    return Text(f"{signs[kind][0]}{line}{signs[kind][1]}", style="dim")


def _framed(title: Text, inner: int, signs: dict[str, str]) -> Text:
    left = (inner - _width(title)) // 2
    side = (signs["sides"], "dim")
    return Text.assemble(side, " " * left, title, " " * (inner - left - _width(title)), side)


def _row(cells: Sequence[Text], widths: Sequence[int], signs: dict[str, str]) -> Iterator[Text]:
    folded = [_folded(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for at in range(max(len(lines) for lines in folded)):
        line = Text()
        for lines, width in zip(folded, widths, strict=True):
            part = lines[at] if at < len(lines) else Text()
            line.append(signs["sides"], "dim").append(" ").append_text(part).append(" " * (width - _width(part) + 1))
        yield line.append(signs["sides"], "dim")


def _folded(cell: Text, width: int) -> list[Text]:
    lines = cell.split("\n", allow_blank=True)
    if all(_width(line) <= width for line in lines):
        return list(lines)
    return [part for line in lines for part in line.wrap(_FOLDER, width, overflow="fold")]


def _width(text: Text) -> int:
    return max((cell_len(line) for line in text.plain.split("\n")), default=0)


_FOLDER: Final = Console(width=80)
