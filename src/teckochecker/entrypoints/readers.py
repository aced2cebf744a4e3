"""How a setting is read: each reader makes a value of a text, and says what the text must be where it is not.

Readers raise InvalidValue with the end of a sentence that begins with the setting's name.
"""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final, TypeVar

from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.secret import Credential

T = TypeVar("T")

PLACEHOLDER: Final = "your-generated-fernet-key-here"
"""What `.env.example` holds in place of a key."""

NEW_KEY: Final = "make one with: teckochecker init --create-env"
"""The cure for a missing or faulty SECRET_KEY."""

SQLITE: Final = "sqlite:///"

_ORIGIN = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_ADDRESS = re.compile(_ORIGIN.pattern + r"(/[A-Za-z0-9._~%/-]*)?")

_MOST = 999_999_999


def whole(least: int, most: int = _MOST) -> Callable[[str], int]:
    """A whole number within bounds."""
    wanted = f"of at least {least}" if most == _MOST else f"between {least} and {most}"

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise InvalidValue(f"must be a whole number {wanted}")
        return int(text)

    return read


def days(text: str) -> timedelta:
    """A whole number of days, at most ten years."""
    return timedelta(days=whole(1, 3650)(text))


def seconds(text: str) -> timedelta:
    """A time span above zero. Parts of a second are allowed, so that trials can run fast."""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text) or not float(text):
        raise InvalidValue("must be a number of seconds above 0")
    return timedelta(seconds=float(text))


def choice(*choices: str) -> Callable[[str], str]:
    """One of some words, in any case."""

    def read(text: str) -> str:
        for choice in choices:
            if text.lower() == choice.lower():
                return choice
        raise InvalidValue(f"must be one of {', '.join(choices)}")

    return read


def path(text: str) -> Path | None:
    """A path, where there is one."""
    return Path(text) if text else None


def address(text: str) -> str:
    """The address of a service, without the last slash. Credentials never belong into it."""
    if "@" in text:
        raise InvalidValue("must not hold a user name or password")
    if not _ADDRESS.fullmatch(text):
        raise InvalidValue("must be http:// or https:// with a host, and without a query")
    return text.removesuffix("/")


def origin(text: str) -> str:
    """The origin of a web page, as browsers send it, or `*` for all."""
    if text != "*" and not _ORIGIN.fullmatch(text.removesuffix("/")):
        raise InvalidValue("must be origins such as http://localhost:3000, without a path")
    return text.removesuffix("/")


def network(text: str) -> IPv4Network | IPv6Network:
    """An IP address, or a network of them."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise InvalidValue('must be IP addresses or networks, such as ["127.0.0.1", "10.0.0.0/8"]') from None


def host(text: str) -> str:
    """A name that browsers know the service by, without scheme and port."""
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", text):
        raise InvalidValue('must be host names without scheme and port, such as ["tecko.example.com"]')
    return text.lower()


def rate(text: str) -> int | None:
    """So many a minute, or None for as many as anybody likes."""
    found = re.fullmatch(r"([1-9][0-9]{0,6})/minute|off", text.lower())
    if not found:
        raise InvalidValue("must be like 600/minute, or off")
    return int(found[1]) if found[1] else None


def rate_told(per_minute: int | None) -> str:
    """What `rate` has read, as it was written."""
    return f"{per_minute}/minute" if per_minute else "off"


def listed(one: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """A JSON list of what `one` reads."""

    def read(text: str) -> tuple[T, ...]:
        try:
            given = json.loads(text)
        except ValueError:
            given = None
        if not isinstance(given, list) or not all(isinstance(entry, str) for entry in given):
            raise InvalidValue('must be a JSON list of texts, such as ["http://localhost:3000"]')
        return tuple(one(entry) for entry in given)

    return read


def page_address(text: str) -> str | None:
    """The public address of the pages, where there is one."""
    return address(text) if text else None


def notify_url(text: str) -> Credential:
    """An address that notices go to. Whether apprise understands it is asked when the service starts."""
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s]", text):
        raise InvalidValue('must be a JSON list of apprise URLs, such as ["json://example.com/hook"]')
    return Credential(text)


def database(text: str) -> str:
    """The address of a SQLite file or a PostgreSQL database."""
    if not re.match(rf"({SQLITE}(?!:memory:|\?|$)|postgres(ql)?://.)", text):
        raise InvalidValue("must begin with sqlite:/// and a file name, or with postgresql:// or postgres://")
    return text


def keys(text: str) -> tuple[Credential, ...]:
    """Keys with commas in between; the first one seals."""
    if PLACEHOLDER in text:
        raise InvalidValue(f"is still the placeholder; {NEW_KEY}")
    return tuple(_key(part.strip()) for part in text.split(",") if part.strip())


def _key(text: str) -> Credential:
    from teckochecker.adapters.cipher import checked_key  # brings cryptography: only where a key is set

    try:
        return Credential(checked_key(text))
    except InvalidValue:
        raise InvalidValue(f"must be 44 characters of URL-safe base64, or several such keys; {NEW_KEY}") from None
