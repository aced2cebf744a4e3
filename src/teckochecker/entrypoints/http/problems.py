"""Every error as an answer: RFC 9457 problems, whatever was asked and wherever it failed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import HTTPException

from teckochecker.entrypoints.bodies import ProblemBody
from teckochecker.entrypoints.wire import problem_body

PROBLEM: Final = "application/problem+json"

_AGAIN_AFTER: Final = 5  # seconds, where nobody said when a service or the database will answer again
_SENTENCES: Final = {
    404: "There is nothing at this address; GET / names what there is",
    405: "This address does not take this method; the header Allow names those it takes",
    413: "The body is too large",
}


def problem(request: Request[Any, Any, Any], error: Exception) -> Response[ProblemBody]:
    """The answer to an error of any kind."""
    if isinstance(error, HTTPException):
        body, headers = _refusal(error), dict(error.headers or {})
    else:
        body, headers = problem_body(error), {}
    status = body["status"]
    if status >= 500 and not isinstance(error, HTTPException):
        logging.getLogger("teckochecker.http").error(
            "%s %s failed", request.method, request.url.path, exc_info=error if status == 500 else None
        )
    if status in (429, 503):
        headers.setdefault("Retry-After", _seconds(body))
    return Response(body, status_code=status, headers=headers, media_type=PROBLEM)


def _refusal(error: HTTPException) -> ProblemBody:
    """What the framework refused, before any of our own code ran."""
    status = error.status_code
    detail = _SENTENCES.get(status) or error.detail
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}


def _seconds(body: Mapping[str, Any]) -> str:
    if "retry_at" not in body:
        return str(_AGAIN_AFTER)
    wait = datetime.fromisoformat(body["retry_at"]) - datetime.now(UTC)
    return str(max(1, round(wait.total_seconds())))
