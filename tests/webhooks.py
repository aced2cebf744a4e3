"""What OpenAI delivers, signed as it signs."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from datetime import datetime
from typing import Final

KEY: Final = bytes(range(1, 33))
SIGNING: Final = "whsec_" + b64encode(KEY).decode()


def a_body(batch_id: str, type: str = "batch.completed") -> bytes:
    """Word of a batch."""
    return json.dumps({"id": "evt_1", "type": type, "data": {"id": batch_id}}).encode()


def signed(body: bytes, at: datetime, *, key: bytes = KEY) -> dict[str, str]:
    """The headers that go with it."""
    stamp = str(int(at.timestamp()))
    signature = b64encode(hmac.new(key, b"wh_1." + stamp.encode() + b"." + body, hashlib.sha256).digest())
    return {"webhook-id": "wh_1", "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature.decode()}"}
