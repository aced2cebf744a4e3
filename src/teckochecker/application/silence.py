"""Telemetry that nobody reads: for a use case that is part of a test or of somebody else's program."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self


class _Unread:
    """A span of it; one does for all."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing was opened."""

    def note(self, **about: str | int) -> None:
        """Forgotten at once."""


_UNREAD: Final = _Unread()


class Silence:
    """Takes everything and keeps nothing."""

    def span(self, name: str, **about: str | int) -> _Unread:
        """A span that costs nothing."""
        return _UNREAD

    def late(self, seconds: Sequence[float]) -> None:
        """Forgotten at once."""

    def holding(self, what: str, count: int) -> None:
        """Forgotten at once."""
