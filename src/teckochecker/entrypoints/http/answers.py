"""What calls may answer, for the API's description: every problem with its reason, and what the headers say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, NotRequired, get_origin, get_type_hints

from litestar.openapi.spec import (
    OpenAPI,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    Reference,
    Schema,
)

from teckochecker.entrypoints.admin import TokenBody
from teckochecker.entrypoints.bodies import FaultBody, JobBody, ProblemBody
from teckochecker.entrypoints.http.examples import EXAMPLES, SENT
from teckochecker.entrypoints.http.fields import LARGEST
from teckochecker.entrypoints.http.problems import PROBLEM

_WITH_OPTIONAL_FIELDS: Final = (FaultBody, JobBody, ProblemBody, TokenBody)  # Litestar takes all for required
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_GROUPS: Final = {
    "/api/jobs": "Jobs",
    "/api/admin/secrets": "Secrets",
    "/api/admin/tokens": "Access",
    "/api/admin/audit": "Access",
}
_PUBLIC: Final = ("/api/health",)
_ASKS_KEBOOLA: Final = ("/retry", "/cancel-run")
_PROBLEM: Final = Reference(ref="#/components/schemas/ProblemBody")
_TEXT: Final = Schema(type=OpenAPIType.STRING)
_RETRY_AFTER: Final = OpenAPIHeader(
    schema=Schema(type=OpenAPIType.INTEGER, minimum=1), description="Seconds after which it is worth trying again"
)
_ETAG: Final = OpenAPIHeader(schema=_TEXT, description="The version of the job, to be sent as If-Match with an edit")
_REPLAYED: Final = OpenAPIHeader(
    schema=Schema(type=OpenAPIType.STRING, enum=["true", "false"]),
    description="Where an Idempotency-Key was sent: whether the job had been made before",
)

_REASONS: Final[Mapping[int, str]] = {
    400: "The body is not JSON, or a header is not as it should be",
    401: "It takes a token, and this is none that lets anybody in",
    403: "Whoever asks may not do this",
    404: "There is no such thing",
    408: "The body did not come in within its time",
    409: "The present state does not allow it",
    412: "Somebody else decided something since",
    413: "The body is too large",
    415: "The body is not declared as JSON",
    422: "Something about the input is not valid; `errors` are all its faults",
    429: "Too many requests",
    500: "A fault of TeckoChecker, or SECRET_KEY does not open what is stored",
    502: "Keboola refused",
    503: "The database, or a service that is needed, does not answer",
}


def complete(described: OpenAPI) -> OpenAPI:
    """Say of every call what else it may answer, with examples."""
    for path, item in (described.paths or {}).items():
        for method in _METHODS:
            operation: Operation | None = getattr(item, method)
            if operation is not None:
                _complete(path, method, operation)
    schemas = described.components.schemas or {}
    for kind in _WITH_OPTIONAL_FIELDS:
        hints = get_type_hints(kind, include_extras=True)
        schema = schemas[kind.__name__]
        schema.required = [name for name in schema.required or () if get_origin(hints[name]) is not NotRequired]
    for name, example in EXAMPLES.items():
        schemas[name].examples = [example]
    return described


def _complete(path: str, method: str, operation: Operation) -> None:
    operation.tags = [next((group for start, group in _GROUPS.items() if path.startswith(start)), "Service")]
    operation.summary = re.sub(r"(?<=[a-z])([A-Z])", lambda found: f" {found[1].lower()}", operation.summary or "")
    if path in _PUBLIC:
        operation.security = [{}]
    elif operation.tags == ["Access"]:  # the local operator's right ends here
        operation.security = [{"bearer": []}]
    for parameter in operation.parameters or ():
        if isinstance(parameter, Parameter) and isinstance(parameter.schema, Schema):
            parameter.schema = _of_parameter(parameter.name, parameter.schema)
            parameter.description = parameter.schema.description
    responses: dict[str, Any] = {
        status: answer for status, answer in (operation.responses or {}).items() if status < "400" or path in _PUBLIC
    }
    for status, answer in responses.items():
        if status < "400":
            answer.description = "Done" if method != "get" else "What was asked for"
            answer.headers |= dict(_headers(path, method, answer))
    for code in _problems(path, method, operation):
        responses.setdefault(str(code), _problem(code))
    operation.responses = responses


def _of_parameter(name: str, schema: Schema) -> Schema:
    """What can be sent: nothing in an address or a header stands for null."""
    kinds = [kind for kind in schema.one_of or () if isinstance(kind, Schema) and kind.type is not OpenAPIType.NULL]
    if kinds:
        (kind,) = kinds
        schema = replace(schema, one_of=None, type=kind.type, items=kind.items)
    if schema.minimum is not None and schema.maximum is not None:  # Litestar made floats of them
        schema = replace(schema, minimum=int(schema.minimum), maximum=min(int(schema.maximum), LARGEST))
    return replace(schema, **SENT[name])


def _headers(path: str, method: str, answer: OpenAPIResponse) -> Iterator[tuple[str, OpenAPIHeader]]:
    body = (answer.content or {}).get("application/json")
    if body and getattr(body.schema, "ref", "").endswith("/JobBody"):
        yield "ETag", _ETAG
    if (path, method) == ("/api/jobs", "post"):
        yield "Idempotency-Replayed", _REPLAYED


def _problems(path: str, method: str, operation: Operation) -> Iterator[int]:
    yield from (400, 403, 500, 503)
    if path in _PUBLIC:
        return
    yield from (401, 429)
    changes = method != "get"
    if operation.parameters or operation.request_body:
        yield 422
    if "{" in path or path == "/api/jobs":
        yield 404
    if changes:
        yield from (408, 409, 413)
    if operation.request_body:
        yield 415
    if method in ("put", "patch") and path.startswith("/api/jobs"):
        yield 412
    if path.endswith(_ASKS_KEBOOLA):
        yield 502


def _problem(code: int) -> OpenAPIResponse:
    return OpenAPIResponse(
        description=_REASONS[code],
        headers={"Retry-After": _RETRY_AFTER} if code in (429, 503) else {},
        content={PROBLEM: OpenAPIMediaType(schema=_PROBLEM)},
    )
