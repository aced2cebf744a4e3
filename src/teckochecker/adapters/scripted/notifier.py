"""People who can be told what happened, in memory."""

from __future__ import annotations

from attrs import define, field, frozen

from teckochecker.application.errors import Unavailable


@frozen
class Told:
    """A message that was taken."""

    channel: str
    title: str
    body: str
    good: bool


@define(eq=False)
class ScriptedNotifier:
    """Takes every message, but over the channels that are `down`."""

    told: list[Told] = field(factory=list)
    down: set[str] = field(factory=set)

    async def check(self) -> None:
        """Every channel is understood."""

    async def deliver(self, channel: str, title: str, body: str, *, good: bool = False) -> None:
        """Take a message, or raise Unavailable."""
        if channel in self.down:
            raise Unavailable(f"{channel} is down")
        self.told.append(Told(channel, title, body, good))
