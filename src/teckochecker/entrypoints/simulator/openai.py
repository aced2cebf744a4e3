"""The stand-in for OpenAI's batch endpoints."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from attrs import define, field

from teckochecker.entrypoints.simulator.batches import Batch, BatchScript
from teckochecker.entrypoints.simulator.faults import Fault, FaultKind
from teckochecker.entrypoints.simulator.server import LoopbackServer
from teckochecker.entrypoints.simulator.wire import Answer, Call, encode_json

default_key = "sk-simulated-0123456789abcdef"
default_project = "proj_simulated"
_batch_prefix = "/v1/batches/"
_refusals: dict[str, tuple[int, str, str]] = {
    "invalid_api_key": (401, "invalid_request_error", "The API key is not known."),
    "missing_scope": (
        401,
        "invalid_request_error",
        "You have insufficient permissions for this operation. Missing scopes: api.batch.read.",
    ),
    "unsupported_country_region_territory": (
        403,
        "request_forbidden",
        "Country, region or territory not supported.",
    ),
}
_failures: dict[int, tuple[str, str | None, str]] = {
    401: ("invalid_request_error", "invalid_api_key", "The API key is not known."),
    403: (
        "request_forbidden",
        "unsupported_country_region_territory",
        "Country, region or territory not supported.",
    ),
    404: ("invalid_request_error", "batch_not_found", "No batch found with that id."),
    429: ("rate_limit_error", "slow_down", "Too many requests; slow down."),
    503: ("service_unavailable_error", "server_is_overloaded", "The server is overloaded."),
}


@define(eq=False)
class _Project:
    """The batches of one project, newest first when asked for."""

    batches: dict[str, Batch] = field(factory=dict)
    _order: list[Batch] | None = field(default=None, init=False)
    _position: dict[str, int] = field(factory=dict, init=False)

    def changed(self) -> None:
        self._order = None

    def newest_first(self) -> tuple[list[Batch], dict[str, int]]:
        if self._order is None:
            order = list(reversed(self.batches.values()))
            order.sort(key=lambda batch: -batch.created_at)  # stable: of one moment, the later added comes first
            self._position = {batch.id: place for place, batch in enumerate(order)}
            self._order = order
        return self._order, self._position


@define(eq=False, repr=False)
class SimulatedOpenAI:
    """`keys` maps each API key to its project; a key in `refused` is answered with that error code."""

    clock: Callable[[], float]
    keys: dict[str, str] = field(factory=dict)
    refused: dict[str, str] = field(factory=dict)
    server: LoopbackServer = field(init=False)
    _projects: dict[str, _Project] = field(factory=dict, init=False)
    _bearers: dict[str, str] = field(factory=dict, init=False)
    _numbers: itertools.count[int] = field(factory=lambda: itertools.count(1), init=False)

    def __attrs_post_init__(self) -> None:
        self.server = LoopbackServer(self, self.clock)
        self.add_key(default_key)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}/v1"

    def add_key(self, key: str, project: str = default_project, *, refused: str | None = None) -> str:
        """Lets a key in. `refused`: "invalid_api_key", "missing_scope" or "unsupported_country_region_territory"."""
        if refused is not None and refused not in _refusals:
            raise ValueError(f"refused must be one of {', '.join(_refusals)}; it is {refused!r}")
        self.keys[key] = project
        self._projects.setdefault(project, _Project())
        self.refused.pop(key, None)
        if refused is not None:
            self.refused[key] = refused
        return key

    def remove_key(self, key: str) -> None:
        self.keys.pop(key, None)

    def add_batch(
        self,
        batch_id: str | None = None,
        script: BatchScript | None = None,
        *,
        project: str = default_project,
        created_at: float | None = None,
        **fields: Any,
    ) -> Batch:
        """A new batch whose script begins now. `fields` lie over every answer about it."""
        now = self.clock()
        name = batch_id or self._new_id(now)
        home = self._projects.setdefault(project, _Project())
        if name in home.batches:
            raise ValueError(f"the batch {name!r} is already there")
        born = now if created_at is None else created_at
        batch = Batch(name, project, born, now, script or BatchScript.succeeds(), dict(fields))
        home.batches[name] = batch
        home.changed()
        return batch

    def set_batch(
        self,
        batch_id: str,
        script: BatchScript | None = None,
        *,
        project: str = default_project,
        **fields: Any,
    ) -> Batch:
        """Another script from now on, or other fields. Raises: KeyError for an unknown batch."""
        batch = self.batch(batch_id, project)
        if script is not None:
            batch.script, batch.starts_at, batch.fields = script, self.clock(), {}
            batch.end_shown_at = None
        batch.fields |= fields
        batch.forget_encoded()
        return batch

    def remove_batch(self, batch_id: str, project: str = default_project) -> None:
        """Makes a batch vanish, as if it had never been."""
        home = self._projects[project]
        del home.batches[batch_id]
        home.changed()

    def batch(self, batch_id: str, project: str = default_project) -> Batch:
        return self._projects[project].batches[batch_id]

    def batches(self) -> list[Batch]:
        return [batch for home in self._projects.values() for batch in home.batches.values()]

    def fault(self, kind: FaultKind | str, **conditions: Any) -> Fault:
        """Adds a rule; see `Fault` for the conditions. Operations: retrieve, list."""
        fault = Fault(kind=kind, **conditions)
        self.server.faults.add(fault)
        return fault

    def clear_faults(self) -> None:
        self.server.faults.clear()

    def requests(self, operation: str | None = None, credential: str | None = None) -> int:
        """How many requests came, faulted ones included."""
        return self.server.count(operation, credential)

    def _new_id(self, now: float) -> str:
        return f"batch_{int(now):08x}{next(self._numbers):024x}"

    def operation(self, method: str, path: str) -> str:
        if method == "GET":
            if path.startswith(_batch_prefix):
                return "retrieve"
            if path == "/v1/batches":
                return "list"
        return "unknown"

    def credential(self, headers: Mapping[str, str]) -> str:
        return headers.get("Authorization", "").removeprefix("Bearer ")

    def arrived(self, call: Call) -> None:
        return None

    def answer(self, call: Call) -> Answer:
        key = call.credential
        project = self.keys.get(key)
        if project is None or key in self.refused:
            return self._refusal(self.refused.get(key, "invalid_api_key"))
        if call.operation == "retrieve":
            name = call.path[len(_batch_prefix) :]
            batch = self._projects[project].batches.get(unquote(name) if "%" in name else name)
            if batch is None:
                return self.failure(call, 404)
            return Answer(200, batch.encoded(self.clock()), self._headers())
        if call.operation == "list":
            return self._page(self._projects[project], call)
        message = f"Invalid URL ({call.method} {call.path})"
        return self._problem(404, "invalid_request_error", None, message)

    def _page(self, home: _Project, call: Call) -> Answer:
        given = parse_qs(call.query, keep_blank_values=True)
        text = given.get("limit", ["20"])[-1]
        limit = int(text) if text.isascii() and text.lstrip("-").isdigit() else None
        if limit is None:
            message = "'limit' must be an integer."
            return self._problem(400, "invalid_request_error", "invalid_type", message, "limit")
        if not 1 <= limit <= 100:
            code = "integer_above_max_value" if limit > 100 else "integer_below_min_value"
            message = f"'limit' must be between 1 and 100, and it is {limit}."
            return self._problem(400, "invalid_request_error", code, message, "limit")
        order, position = home.newest_first()
        after = given.get("after", [""])[-1]
        if after and after not in position:
            return self.failure(call, 404)
        start = position[after] + 1 if after else 0
        page = order[start : start + limit]
        now = self.clock()
        ends = {
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
            "has_more": start + limit < len(order),
        }
        data = b",".join([batch.encoded(now) for batch in page])
        return Answer(200, b'{"object":"list","data":[' + data + b"]," + encode_json(ends)[1:], self._headers())

    def _refusal(self, code: str) -> Answer:
        status, kind, message = _refusals[code]
        return self._problem(status, kind, code, message)

    def failure(self, call: Call, status: int) -> Answer:
        kind, code, message = _failures.get(status, ("server_error", None, "The request was not served."))
        return self._problem(status, kind, code, message)

    def _problem(self, status: int, kind: str, code: str | None, message: str, param: str | None = None) -> Answer:
        error = {"message": message, "type": kind, "param": param, "code": code}
        return Answer(status, encode_json({"error": error}), self._headers())

    def _headers(self) -> tuple[tuple[str, str], ...]:
        return ("x-request-id", f"req_{next(self._numbers):032x}"), ("openai-version", "2020-10-01")
