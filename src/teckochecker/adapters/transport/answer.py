"""An HTTP answer, made safe to read: bounded, strict JSON, and the credential never comes back out of it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote

from attrs import field, frozen

from teckochecker.domain.values import cleaned

LONGEST_WAIT: Final = timedelta(hours=1)
"""No service is believed when it asks to wait longer."""

_SHORT: Final = 8
_WORD: Final = "[A-Za-z0-9_-]"


class Malformed(ValueError):
    """The answer is not what the service promised. One sentence, fit to show."""


@frozen(eq=False)
class Answer:
    """What came back. Neither `json` nor `word` ever hands out the credential, even when the service echoes it."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    host: str
    _secret: str = field(repr=False)

    def json(self) -> Any:
        """The body as JSON: no NaN, no name twice.

        Raises:
            Malformed: it is none.
        """
        kind = self.headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise Malformed(f"{self.host} answered with {self.word(kind, 60)} instead of JSON")
        try:
            text = self.body.decode()
            found = _DECODER.decode(text)
        except (ValueError, RecursionError) as error:
            raise Malformed(f"{self.host} answered with JSON that is not valid") from error
        # An escaped or percent-encoded echo hides from a plain search, so then every text is looked at.
        return _walked(found, self._secret) if self._secret in text or "\\" in text or "%" in text else found

    def problem(self) -> Mapping[str, Any]:
        """The body of a refusal, empty when it says nothing that can be read."""
        try:
            found = self.json()
        except Malformed:
            return {}
        return found if isinstance(found, dict) else {}

    def word(self, text: str, limit: int = 300) -> str:
        """A foreign text fit to show: without the credential and control characters, and bounded."""
        return cleaned(scrubbed(cleaned(text, len(text) + 1), self._secret), limit)

    @property
    def date(self) -> datetime | None:
        """The service's own clock at this answer."""
        return _http_date(self.headers.get("Date", ""))

    def retry_at(self, now: datetime) -> datetime | None:
        """When the service wants to be asked again, by our clock; None when it does not say.

        It may say so in milliseconds (`retry-after-ms`), in seconds, or as a date, which is read against the
        service's own clock.
        """
        for name, seconds in (("retry-after-ms", 0.001), ("Retry-After", 1.0)):
            wait = _wait(self.headers.get(name, ""), seconds)
            if wait is not None:
                return now + wait
        until = _http_date(self.headers.get("Retry-After", ""))
        if until is None:
            return None
        wait = until - (self.date or now)
        return now + min(wait, LONGEST_WAIT) if wait > timedelta(0) else None


def scrubbed(text: str, secret: str) -> str:
    """A text without the credential, plain or percent-encoded. A short one is taken out as a whole word only."""
    if not secret:
        return text
    for form in {secret, quote(secret, safe="")}:
        if len(secret) >= _SHORT:
            text = text.replace(form, "***")
        else:
            text = re.sub(f"(?<!{_WORD}){re.escape(form)}(?!{_WORD})", "***", text)
    return text


def _walked(found: Any, secret: str) -> Any:
    match found:
        case str():
            return scrubbed(found, secret)
        case dict():
            return {scrubbed(name, secret): _walked(value, secret) for name, value in found.items()}
        case list():
            return [_walked(value, secret) for value in found]
        case _:
            return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_distinct)


def _wait(text: str, unit: float) -> timedelta | None:
    try:
        seconds = float(text) * unit
    except ValueError:
        return None
    if math.isnan(seconds) or seconds <= 0:
        return None
    return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds()))


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
