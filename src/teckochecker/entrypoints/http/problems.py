"""Every error as an answer: RFC 9457 problems, whatever was asked and wherever it failed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from teckochecker.domain.errors import InvalidValue
from teckochecker.entrypoints.bodies import FaultBody, ProblemBody
from teckochecker.entrypoints.http.options import allow
from teckochecker.entrypoints.http.reading import NO_OBJECT, InvalidBody, NoJson
from teckochecker.entrypoints.wire import problem_body

PROBLEM: Final = "application/problem+json"

_AGAIN_AFTER: Final = 5  # seconds, where nobody said when a service or the database will answer again
_SENTENCES: Final = {
    404: "There is nothing at this address; GET / names what there is",
    405: "This address does not take this method; the header Allow names those it takes",
    413: "The body is too large",
}


def problem(request: Request[Any, Any, Any], error: Exception, now: datetime) -> Response[ProblemBody]:
    """The answer to an error of any kind."""
    headers = dict(getattr(error, "headers", None) or {})
    body = _body(error)
    status = body["status"]
    if "allow" in headers:
        headers["allow"] = allow(headers["allow"].split(", "))
    if status == 500:
        told = f"{request.method} {request.url.path} failed"
        logging.getLogger("teckochecker.http").error(told, exc_info=error)
    if status in (429, 503):
        headers.setdefault("Retry-After", _seconds(body, now))
    return Response(body, status_code=status, headers=headers, media_type=PROBLEM)


def _body(error: Exception) -> ProblemBody:
    match error:
        case ValidationException():
            return _faulty([_fault(told) for told in error.extra or ()])
        case InvalidBody():
            return _faulty([{"pointer": fault.pointer, "detail": fault.detail} for fault in error.faults])
        case NoJson():
            return {**problem_body(error), "title": "Bad Request", "status": 400}
        case HTTPException():
            return _refusal(error)
        case _:
            return problem_body(error)


def _faulty(faults: list[FaultBody]) -> ProblemBody:
    """Everything that is wrong with what was sent."""
    told = InvalidValue("; ".join(dict.fromkeys(fault["detail"] for fault in faults)))
    return {**problem_body(told), "errors": faults}


def _fault(told: Any) -> FaultBody:
    """What Litestar found wrong, as a sentence: a body that is missing, or a parameter of the address."""
    name = told.get("key", "data")
    if name == "data":
        return {"pointer": "", "detail": NO_OBJECT}
    if told.get("source") == "header":
        name = name.replace("_", "-").title()
    sentence = (
        told["message"]
        .replace("Invalid enum value ", "cannot be ")
        .replace("Expected ", "must be ")
        .replace(", got ", ", not ")
        .replace("`", "")
    )
    return {"parameter": name, "detail": f"'{name}' {sentence}"}


def _refusal(error: HTTPException) -> ProblemBody:
    """What the framework refused, before any of our own code ran."""
    status = error.status_code
    detail = _SENTENCES.get(status) or error.detail
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}


def _seconds(body: Mapping[str, Any], now: datetime) -> str:
    if "retry_at" not in body:
        return str(_AGAIN_AFTER)
    wait = datetime.fromisoformat(body["retry_at"]) - now
    return str(max(1, round(wait.total_seconds())))
