"""Parts of foreign JSON as Python values. What is absent, empty or absurd is None: no answer may stop a watcher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from teckochecker.domain.values import cleaned

_EPOCH = datetime.fromtimestamp(0, UTC)
_NUMBERS = (int, float)
_LARGEST = 2**31 - 1  # what every database holds as a plain integer


def text(value: Any, limit: int = 255) -> str | None:
    """A text without control characters; numbers are ids that came unquoted."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**20:
        value = str(value)
    return cleaned(value, limit) or None if isinstance(value, str) else None


def whole(value: Any) -> int | None:
    """A count, cut off at 2^31-1."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return min(value, _LARGEST)
    return None


def moment(value: Any) -> datetime | None:
    """Unix seconds or ISO 8601, as aware UTC. A time without zone is UTC; what lies before 1970 is no time."""
    if value is None or isinstance(value, bool):
        return None
    try:
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if isinstance(value, _NUMBERS):
            found = datetime.fromtimestamp(value, UTC)
        elif isinstance(value, str):
            read = datetime.fromisoformat(value.strip())
            found = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return found if found > _EPOCH else None


def mapping(value: Any) -> Mapping[str, Any]:
    """An object; PHP writes an empty one as `[]`."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> Sequence[Any]:
    """A list."""
    return value if isinstance(value, list) else ()
