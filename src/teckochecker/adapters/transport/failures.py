"""The one table in which foreign network errors end: what happened, in a sentence."""

from __future__ import annotations

from typing import Final

import aiohttp

from teckochecker.adapters.transport.guard import PrivateAddress
from teckochecker.domain.values import cleaned


class TooLarge(Exception):
    """The answer is longer than anybody wants to read."""


FAILURES: Final = (aiohttp.ClientError, OSError, ValueError, TooLarge)
"""Whatever a call may raise; timeouts are OSErrors, faulty addresses ValueErrors."""

_TABLE: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (PrivateAddress, "{host} is at a private address, which only the operator can allow in the settings"),
    (aiohttp.ClientConnectorDNSError, "The name of {host} cannot be resolved"),
    (aiohttp.ClientConnectorCertificateError, "The certificate of {host} is not trusted ({why})"),
    (aiohttp.ClientSSLError, "{host} does not take a secure connection"),
    (aiohttp.ConnectionTimeoutError, "{host} did not take a connection in time"),
    (aiohttp.ClientConnectorError, "{host} does not take connections ({why})"),
    (TooLarge, "{host} answered with more than can be read"),
    (TimeoutError, "{host} did not answer within {deadline:g} s"),
    (aiohttp.ClientPayloadError, "{host} broke off in the middle of its answer"),
    (aiohttp.ClientResponseError, "{host} does not answer in proper HTTP"),
    (aiohttp.InvalidURL, "{host} is not a valid address"),
    (aiohttp.ClientError, "{host} broke off the connection"),
    (OSError, "The connection to {host} failed ({why})"),
    (ValueError, "The request to {host} cannot be written"),
)


def sentence(error: BaseException, host: str, deadline: float) -> str:
    """What happened, for a person. It quotes nothing that was sent or received."""
    origin = getattr(error, "os_error", error)
    kind = origin if isinstance(origin, PrivateAddress) else error
    text = next(text for type_, text in _TABLE if isinstance(kind, type_) or isinstance(error, type_))
    return text.format(host=host, deadline=deadline, why=_why(origin))


def _why(error: BaseException) -> str:
    certificate = getattr(error, "certificate_error", error)
    said = getattr(certificate, "verify_message", None) or getattr(certificate, "strerror", None)
    return cleaned(said or type(certificate).__name__, 120)
