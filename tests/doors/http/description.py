"""docs/openapi.json, as the program describes itself. Written anew by: make openapi"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from teckochecker import Settings
from teckochecker.adapters.cipher import new_key
from teckochecker.domain.secret import Credential
from teckochecker.entrypoints.http.app import http_app
from teckochecker.entrypoints.http.docs import description as description_of
from tests.doors.http.promised import DESCRIPTION
from tests.doors.http.served import memory


def description() -> str:
    """The text of the file."""
    settings = Settings(secret_key=(Credential(new_key()),))
    described: dict[str, Any] = json.loads(description_of(http_app(memory(settings, Path()))))
    return json.dumps(described, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DESCRIPTION.write_text(description(), encoding="utf-8")
