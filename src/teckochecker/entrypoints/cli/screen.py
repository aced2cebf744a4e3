"""Where people read: styled where the terminal can, plain words where it cannot, never cut off."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from typing import Final, Self, TextIO

from attrs import frozen
from rich.console import Console
from rich.text import Text

from teckochecker.domain.values import cleaned
from teckochecker.entrypoints.cli.box import Section, draw

_DIRECTIONS = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Signs that turn the direction of writing around, and a table with it."""

_EVERYTHING: Final = "🟢⏳✓╭─█"


def plain(text: str, limit: int = 2000) -> str:
    """Foreign text made fit for a terminal: no control characters, nothing that turns the line around."""
    return cleaned(_DIRECTIONS.sub(" ", text), limit)


@frozen
class Screen:
    """One output stream. `signs`: it can show ✓ and the like. Times are local, all in the zone of this moment."""

    console: Console
    signs: bool
    zone: tzinfo | None

    @classmethod
    def on(cls, stream: TextIO) -> Self:
        """The screen behind a stream."""
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
        console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)
        return cls(console, _shows(stream, _EVERYTHING), datetime.now().astimezone().tzinfo)

    def say(self, text: str | Text, style: str = "") -> None:
        """One line."""
        self.console.print(text, style=style or None)

    def done(self, sentence: str) -> None:
        """Something was carried out: the sentence behind its tick."""
        self.console.print(Text.assemble((self.sign("✓", "OK"), "green"), " ", sentence))

    def sign(self, sign: str, word: str = "") -> str:
        """The sign, or the word for it where the terminal cannot show signs."""
        return sign if self.signs else word

    def box(self, *sections: Section) -> None:
        """A table: as wide as it needs on a pipe, within its width on a terminal."""
        width = self.console.width if self.console.is_terminal else None
        for line in draw(sections, width=width, ascii=not self.signs):
            self.console.print(line)

    @property
    def zone_name(self) -> str:
        """The zone that times are shown in."""
        return datetime.now(self.zone).strftime("%Z")

    def time(self, moment: datetime | None, otherwise: str = "-") -> str:
        """A local time, to the second."""
        return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S") if moment else otherwise


def _shows(stream: TextIO, signs: str) -> bool:
    try:
        signs.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
