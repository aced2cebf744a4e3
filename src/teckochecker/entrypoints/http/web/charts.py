"""Small charts: numbers over the last hour as the path of a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

_WIDTH: Final = 600
_HEIGHT: Final = 80
_HEADROOM: Final = 1.15  # so that the highest value does not touch the edge


@frozen(kw_only=True)
class Chart:
    """A line over the hour in a picture of 600 by 80, and the area below it."""

    line: str
    area: str

    @classmethod
    def of(cls, values: Sequence[float], *, least: float = 1.0) -> Chart:
        """The chart of these values, the oldest first. It is at least so high that `least` fits: less looks little."""
        top = max(*values, least) * _HEADROOM
        step = _WIDTH / (len(values) - 1)
        points = [f"{place * step:.1f} {_HEIGHT - _HEIGHT * value / top:.1f}" for place, value in enumerate(values)]
        line = f"M{'L'.join(points)}"
        return cls(line=line, area=f"{line}L{_WIDTH} {_HEIGHT}L0 {_HEIGHT}Z")
