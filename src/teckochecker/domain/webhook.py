"""What OpenAI delivers when a batch has ended: who signed it, and which batch it is about.

The signature is version 1 of Standard Webhooks (standardwebhooks.com), as OpenAI's projects send it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from typing import Final

from attrs import field, frozen

from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.secret import Credential
from teckochecker.domain.values import BatchId

TOLERANCE: Final = timedelta(minutes=5)
"""How far a delivery's own time may be from ours, either way."""

BETWEEN_HINTS: Final = timedelta(seconds=5)
"""However often OpenAI tells of a batch, it is looked at for that no more often."""

_ENDS: Final = frozenset({"batch.completed", "batch.failed", "batch.expired", "batch.cancelled"})
_SIGNING: Final = re.compile(r"whsec_(?:[A-Za-z0-9+/]{4}){8,21}(?:[A-Za-z0-9+/]{2,3}={0,2})?")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")


def check_name(name: str) -> None:
    """Make sure that the name of a webhook's secret can stand in its address.

    Raises:
        InvalidValue: it cannot.
    """
    if not _NAME.fullmatch(name):
        raise InvalidValue(
            "The name of a webhook's secret becomes part of its address: letters, digits, '.', '_' and '-' only",
            field="name",
        )


def check_signing(secret: Credential) -> None:
    """Make sure that this is a secret that OpenAI signs with.

    Raises:
        InvalidValue: it is not.
    """
    if not _SIGNING.fullmatch(secret.reveal()):
        raise InvalidValue(
            "A webhook's signing secret begins with 'whsec_'; OpenAI shows it once, when the webhook is made",
            field="value",
        )


@frozen(kw_only=True)
class Delivery:
    """A webhook as it came in: three headers, and a body of which every byte is signed."""

    id: str
    timestamp: str
    signature: str
    body: bytes = field(repr=False)

    def signed_with(self, secret: Credential, *, at: datetime) -> bool:
        """Whether the holder of this secret signed it, not long from now."""
        if not re.fullmatch("[0-9]{1,12}", self.timestamp):
            return False
        if abs(int(self.timestamp) - at.timestamp()) > TOLERANCE.total_seconds():
            return False
        digits = secret.reveal().removeprefix("whsec_").rstrip("=")
        key = b64decode(digits + "=" * (-len(digits) % 4))
        signed = f"{self.id}.{self.timestamp}.".encode() + self.body
        right = b"v1," + b64encode(hmac.digest(key, signed, hashlib.sha256))
        # whoever changes the secret signs with both for a while
        return any(hmac.compare_digest(one.encode(), right) for one in self.signature.split(" "))

    @property
    def ended(self) -> BatchId | None:
        """The batch of whose end it tells; None: it tells of something else."""
        try:
            told = json.loads(self.body)
            return BatchId(told["data"]["id"]) if told["type"] in _ENDS else None
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None
