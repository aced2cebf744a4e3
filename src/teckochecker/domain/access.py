"""Access tokens: what lets a program or a person in, for how long, and as what."""

from __future__ import annotations

import hashlib
import re
import zlib
from datetime import datetime, timedelta
from string import ascii_letters, digits
from typing import Final, NewType, Self

from attrs import evolve, field, frozen

from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.role import Role
from teckochecker.domain.values import cleaned

TokenId = NewType("TokenId", int)

RANDOM: Final = 32
"""Bytes of chance in a token or a session."""

_MARK: Final = "tck_"
_SIGNS: Final = digits + ascii_letters
_TEXT: Final = re.compile(rf"{_MARK}([0-9A-Za-z]{{43}})([0-9A-Za-z]{{6}})")
_SPAN: Final = re.compile(r"([1-9][0-9]{0,4})([mhdw])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST: Final = timedelta(days=3660)


def spelled(value: bytes, length: int) -> str:
    """Bytes in digits and letters, of this length."""
    number, signs = int.from_bytes(value), ""
    for _ in range(length):
        number, sign = divmod(number, len(_SIGNS))
        signs = _SIGNS[sign] + signs
    return signs


def digest(text: str) -> str:
    """What is stored of a text that lets somebody in. The text has too much chance in it to be guessed from this."""
    return hashlib.sha256(text.encode()).hexdigest()


@frozen(repr=False)
class TokenText:
    """A token in the clear: a mark by which scanners know it, chance, and a checksum against slips of the pen."""

    _text: str

    @classmethod
    def of(cls, chance: bytes) -> Self:
        """The token that these `RANDOM` bytes make."""
        middle = spelled(chance, 43)
        return cls(f"{_MARK}{middle}{_checksum(middle)}")

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The token that somebody shows; None where it cannot be one."""
        found = _TEXT.fullmatch(text)
        return cls(text) if found and found[2] == _checksum(found[1]) else None

    @property
    def digest(self) -> str:
        """What is stored of it."""
        return digest(self._text)

    @property
    def hint(self) -> str:
        """Its beginning, by which its owner knows it again."""
        return self._text[: len(_MARK) + 4]

    def reveal(self) -> str:
        """The token itself, for the one who made it."""
        return self._text

    def __repr__(self) -> str:
        return "TokenText(***)"


def _checksum(middle: str) -> str:
    return spelled(zlib.crc32(f"{_MARK}{middle}".encode()).to_bytes(4), 6)


@frozen(kw_only=True)
class AccessToken:
    """A token as stored. Its name is taken until it is revoked."""

    id: TokenId
    name: str
    role: Role
    digest: str = field(repr=False)
    hint: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def admits(self, at: datetime) -> bool:
        """Whether it lets anybody in."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

    def revoked(self, *, at: datetime) -> Self:
        """It lets nobody in any more."""
        return evolve(self, revoked_at=at)


def lifetime(text: str) -> timedelta:
    """How long a token lasts, such as `90d`.

    Raises:
        InvalidValue: it is no such span, or longer than ten years.
    """
    found = _SPAN.fullmatch(text.strip().lower())
    span = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
    if span is None or span > _LONGEST:
        raise InvalidValue(
            f"Invalid lifetime: '{cleaned(text, 80)}' (a number with m, h, d or w, such as 90d; ten years at most)",
            field="expires",
        )
    return span
