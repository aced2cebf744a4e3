"""What the committed description promises of answers: every answer that the tests get is held against it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

DESCRIPTION: Final = Path(__file__).parents[3] / "docs" / "openapi.json"


def is_promised(method: str, path: str, status: int) -> bool:
    """Whether a call may be answered so. Those that are not described are left to other tests."""
    for template, item in _paths().items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path) and method.lower() in item:
            return str(status) in item[method.lower()]["responses"]
    return True


@cache
def _paths() -> Mapping[str, Any]:
    paths: Mapping[str, Any] = json.loads(DESCRIPTION.read_text(encoding="utf-8"))["paths"]
    return paths
