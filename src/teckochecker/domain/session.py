"""Sessions of the web pages: a browser that showed a token once goes on without it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Self

from attrs import field, frozen

from teckochecker.domain.access import TokenId, digest, spelled

_LENGTH: Final = 43


@frozen(repr=False)
class SessionText:
    """What the browser keeps of a session. `csrf` is what its pages send along with every change."""

    _text: str

    @classmethod
    def of(cls, chance: bytes) -> Self:
        """The session that these `RANDOM` bytes make."""
        return cls(spelled(chance, _LENGTH))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The session that a browser shows; None where it cannot be one."""
        return cls(text) if len(text) == _LENGTH and text.isascii() and text.isalnum() else None

    @property
    def digest(self) -> str:
        """What is stored of it."""
        return digest(self._text)

    @property
    def csrf(self) -> str:
        """Made of the session and no way back to it, so that it may stand in a page."""
        return digest(f"csrf {self._text}")

    def reveal(self) -> str:
        """The value of the cookie."""
        return self._text

    def __repr__(self) -> str:
        return "SessionText(***)"


@frozen(kw_only=True)
class Session:
    """A session as stored. It ends at `ends_at`, and earlier when nobody was seen in it for long."""

    digest: str = field(repr=False)
    token_id: TokenId
    created_at: datetime
    seen_at: datetime
    ends_at: datetime

    def goes_on(self, at: datetime, *, idle: timedelta) -> bool:
        """Whether whoever has it is still let in."""
        return at < self.ends_at and at - self.seen_at < idle
