"""Times as Keboola writes and reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_ago = re.compile(r"^-\s*(\d+)\s*(second|sec|minute|min|hour|day|week)s?$")
_seconds = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "day": 86_400, "week": 604_800}


def keboola_time(moment: float | None) -> str | None:
    """Whole seconds with the zone, such as 2026-01-25T16:34:40+00:00."""
    if moment is None:
        return None
    return datetime.fromtimestamp(int(moment), UTC).isoformat()


def read_time(text: str, now: float) -> float:
    """ISO 8601 or a span such as `-8 hours`. Raises: ValueError for anything else."""
    if text == "now":
        return now
    span = _ago.match(text)
    if span is not None:
        return now - int(span[1]) * _seconds[span[2]]
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
