"""How moments, durations and numbers are said on the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

_DAY: Final = timedelta(days=1)


def number(value: float) -> str:
    """`211,862`."""
    return f"{value:,}"


def percent(part: int, whole: int) -> str:
    """`84 %`; all of it only when nothing is left."""
    return f"{100 * part // whole if whole else 0} %"


def countdown(wait: timedelta) -> str:
    """`0:48`, `12:10`, `1:02:03`; nothing is ever below zero."""
    minutes, seconds = divmod(max(round(wait.total_seconds()), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def duration(length: timedelta) -> str:
    """`40 s`, `7 min`, `1 h 25 min`, `3 days 4 h`: the two largest units."""
    seconds = max(round(length.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} day{'s' if days > 1 else ''} {hours} h" if hours else f"{days} day{'s' if days > 1 else ''}"


def every(interval: timedelta) -> str:
    """`every 2 min`, `every 90 s`."""
    seconds = int(interval.total_seconds())
    return f"every {seconds // 60} min" if seconds % 60 == 0 else f"every {seconds} s"


def exact(at: datetime) -> str:
    """The moment to the second in UTC, as it stands behind every time on a page."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def clock(at: datetime, now: datetime, zone: tzinfo, *, seconds: bool = False) -> str:
    """`14:37`, `Mon 09:15`, `3 Sep 14:37`, `3 Sep 2025`: as much of it as tells when, in the viewer's zone."""
    then, today = at.astimezone(zone), now.astimezone(zone)
    time = f"{then:%H:%M:%S}" if seconds else f"{then:%H:%M}"
    if then.date() == today.date():
        return time
    if abs(today.date() - then.date()) < 6 * _DAY:
        return f"{then:%a} {time}"
    if then.year == today.year:
        return f"{then.day} {then:%b} {time}"
    return f"{then.day} {then:%b %Y}"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 batch`, `3 batches`; the plural adds an s where it is not given."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def spaced(status: str) -> str:
    """A status of the API in words: `in progress`."""
    return status.replace("_", " ")


def shortened(text: str, head: int = 14, tail: int = 8) -> str:
    """A long id by its two ends."""
    return text if len(text) <= head + tail + 1 else f"{text[:head]}…{text[-tail:]}"


def ending(batch_id: str) -> str:
    """The end of a batch id, which tells the batches of a job apart."""
    return f"…{batch_id[-8:]}" if len(batch_id) > 15 else str(batch_id)


def sentence(text: str) -> str:
    """A reason as a sentence of its own."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
