"""What can be typed at the command line of the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen


@frozen
class Command:
    """A command as `help` shows it. One that changes something takes the right to work with jobs."""

    usage: str
    why: str
    changes: bool = False

    @property
    def name(self) -> str:
        """Its first word."""
        return self.usage.partition(" ")[0]

    @property
    def numbered(self) -> bool:
        """It is about one job, whose number follows."""
        return self.usage.endswith(" 12")


COMMANDS: Final[Sequence[Command]] = (
    Command("help", "this list"),
    Command("jobs [WHICH]", "jobs, all or by status, name or batch id"),
    Command("job 12", "one job with its batches"),
    Command("check 12", "look at it now", changes=True),
    Command("pause 12", "stop looking at it", changes=True),
    Command("resume 12", "go on", changes=True),
    Command("retry 12", "send a failed or held one on its way", changes=True),
    Command("status", "how everything is"),
    Command("clear", "empty this window"),
)
