"""The stand-in for Keboola's Storage: index, tokens, components, configurations."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

from attrs import define

from teckochecker.entrypoints.simulator.project import Configuration, Row, Stack, Token
from teckochecker.entrypoints.simulator.queue import queue_prefix
from teckochecker.entrypoints.simulator.storage_shapes import (
    component_shape,
    configuration_shape,
    row_shape,
    token_shape,
)
from teckochecker.entrypoints.simulator.wire import Answer, Call

storage_prefix = "/v2/storage"
_exceptions = itertools.count(1)
_open_operations = ("index", "component")


def storage_error(status: int, code: str, message: str) -> Answer:
    exception = f"connection-{next(_exceptions):032x}"
    return Answer.of({"error": message, "code": code, "exceptionId": exception, "status": "error"}, status)


class Refused(Exception):
    """Storage says no."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = storage_error(status, code, message)


def storage_operation(method: str, path: str) -> str:
    """The name by which faults and counts know a Storage request."""
    parts = _parts(path)
    if not parts:
        return "index"
    if parts == ["tokens", "verify"]:
        return "verify"
    if parts[0] != "components":
        return "unknown"
    names = {1: "components", 2: "component", 3: "configs", 4: "config", 5: "rows", 6: "row"}
    name = names.get(len(parts), "unknown")
    if (len(parts) > 2 and parts[2] != "configs") or (len(parts) > 4 and parts[4] != "rows"):
        return "unknown"
    writes = {
        ("POST", "configs"): "create_config",
        ("PUT", "config"): "update_config",
        ("DELETE", "config"): "delete_config",
        ("POST", "rows"): "create_row",
        ("PUT", "row"): "update_row",
    }
    return name if method == "GET" else writes.get((method, name), "unknown")


def _parts(path: str) -> list[str]:
    """The path below the prefix without its branch."""
    parts = [unquote(part) for part in path.removeprefix(storage_prefix).split("/") if part]
    return parts[2:] if parts[:1] == ["branch"] else parts


def _branch(path: str) -> str:
    parts = [unquote(part) for part in path.removeprefix(storage_prefix).split("/") if part]
    return parts[1] if parts[:1] == ["branch"] and len(parts) > 1 else "default"


@define(eq=False)
class Storage:
    stack: Stack
    clock: Callable[[], float]
    address: Callable[[], str]

    def answer(self, call: Call, token: Token | None) -> Answer:
        try:
            if call.operation in _open_operations:
                return self._open(call)
            return self._answer(call, _allowed(token))
        except Refused as refusal:
            return refusal.answer

    def _open(self, call: Call) -> Answer:
        if call.operation == "component":
            return Answer.of(component_shape(self._component(_parts(call.path)[1])))
        address = self.address()
        services = [{"id": "queue", "url": address + queue_prefix}]
        index: dict[str, Any] = {
            "host": address.removeprefix("http://"),
            "api": "storage",
            "version": "v2",
            "services": services,
            "urls": {},
            "features": [],
        }
        if "components" not in parse_qs(call.query).get("exclude", []):
            index["components"] = [component_shape(each) for each in self.stack.components.values()]
        return Answer.of(index)

    def _answer(self, call: Call, token: Token) -> Answer:
        if call.operation == "verify":
            return Answer.of(token_shape(token))
        if not self.stack.has_branch(_branch(call.path)):
            raise Refused(404, "notFound", f'Branch "{_branch(call.path)}" not found')
        parts = _parts(call.path)
        match call.operation:
            case "components":
                return self._components(call, token)
            case "configs":
                return self._configs(call, token, parts[1])
            case "config":
                return Answer.of(configuration_shape(self._configuration(token, parts), token))
            case "create_config":
                return self._create(call, token, parts[1])
            case "update_config":
                return self._update(call, token, self._configuration(token, parts))
            case "delete_config":
                self._configuration(token, parts).is_deleted = True
                return Answer(204, b"")
            case "rows":
                rows = self._configuration(token, parts).rows.values()
                return Answer.of([row_shape(row, token) for row in rows])
            case "create_row":
                return self._create_row(call, token, self._configuration(token, parts))
            case "row" | "update_row":
                return self._row(call, token, self._configuration(token, parts), parts[5])
        return storage_error(404, "notFound", f"The address {call.method} {call.path} does not exist.")

    def _component(self, component_id: str) -> Any:
        component = self.stack.components.get(component_id)
        if component is None:
            raise Refused(404, "storage.components.notFound", f'Component "{component_id}" not found')
        return component

    def _may(self, token: Token, component: str) -> None:
        self._component(component)
        if not token.may_configure(component):
            raise Refused(403, "accessDenied", "You don't have access to the resource.")

    def _configuration(self, token: Token, parts: list[str]) -> Configuration:
        self._may(token, parts[1])
        found = self.stack.find(token.project_id, parts[1], parts[3])
        if found is None:
            raise Refused(404, "notFound", f'Configuration "{parts[3]}" not found')
        return found

    def _components(self, call: Call, token: Token) -> Answer:
        query = parse_qs(call.query)
        kinds = query.get("componentType", [])
        full = "configuration" in ",".join(query.get("include", [])).split(",")
        shapes = []
        for component in self.stack.components.values():
            stored = self.stack.of_component(token.project_id, component.id)
            if stored and token.may_configure(component.id) and (not kinds or component.type in kinds):
                configurations = [configuration_shape(each, token, body=full) for each in stored]
                shapes.append({**component_shape(component), "configurations": configurations})
        return Answer.of(shapes)

    def _configs(self, call: Call, token: Token, component: str) -> Answer:
        self._may(token, component)
        deleted = parse_qs(call.query).get("isDeleted", ["false"])[-1] in ("true", "1")
        stored = self.stack.of_component(token.project_id, component, deleted=deleted)
        return Answer.of([configuration_shape(each, token) for each in stored])

    def _create(self, call: Call, token: Token, component: str) -> Answer:
        self._may(token, component)
        body = _body(call)
        if not body.get("name"):
            raise Refused(400, "storage.components.validation", "name: This value should not be blank.")
        wanted = str(body.get("configurationId") or self.stack.new_id())
        if self.stack.find(token.project_id, component, wanted) is not None:
            message = f"Configuration {wanted} already exists."
            raise Refused(400, "configurationAlreadyExists", message)
        made = Configuration(
            component=component,
            id=wanted,
            name=str(body["name"]),
            project_id=token.project_id,
            configuration=_configuration(body) or {},
            created_at=self.clock(),
            description=str(body.get("description", "")),
            is_disabled=bool(body.get("isDisabled", False)),
        )
        return Answer.of(configuration_shape(self.stack.keep(made), token), 201)

    def _update(self, call: Call, token: Token, stored: Configuration) -> Answer:
        body = _body(call)
        stored.name = str(body.get("name", stored.name))
        stored.description = str(body.get("description", stored.description))
        stored.is_disabled = bool(body.get("isDisabled", stored.is_disabled))
        replacement = _configuration(body)
        stored.configuration = stored.configuration if replacement is None else replacement
        stored.version += 1
        stored.change = str(body.get("changeDescription", "Configuration edited"))
        return Answer.of(configuration_shape(stored, token))

    def _create_row(self, call: Call, token: Token, stored: Configuration) -> Answer:
        body = _body(call)
        wanted = str(body.get("rowId") or self.stack.new_id())
        row = Row(wanted, str(body.get("name", "")), _configuration(body) or {}, self.clock())
        row.description = str(body.get("description", ""))
        row.is_disabled = bool(body.get("isDisabled", False))
        stored.rows[wanted] = row
        stored.version += 1
        return Answer.of(row_shape(row, token), 201)

    def _row(self, call: Call, token: Token, stored: Configuration, row_id: str) -> Answer:
        row = stored.rows.get(row_id)
        if row is None:
            raise Refused(404, "notFound", f"Row {row_id} not found")
        if call.operation == "update_row":
            body = _body(call)
            row.name = str(body.get("name", row.name))
            replacement = _configuration(body)
            row.configuration = row.configuration if replacement is None else replacement
            row.is_disabled = bool(body.get("isDisabled", row.is_disabled))
            row.version += 1
            row.change = str(body.get("changeDescription", "Row edited"))
            stored.version += 1
        return Answer.of(row_shape(row, token))


def _allowed(token: Token | None) -> Token:
    if token is None or token.is_disabled:
        raise Refused(401, "storage.tokenInvalid", "Invalid access token")
    if token.is_expired:
        raise Refused(401, "storage.tokenExpired", "Token expired")
    return token


def _body(call: Call) -> dict[str, Any]:
    body = call.json_object()
    if body is None:
        raise Refused(400, "storage.validation", "The request body is not a JSON object.")
    return body


def _configuration(body: dict[str, Any]) -> dict[str, Any] | None:
    """The `configuration` of a body, given as an object or as JSON text; None when it is not named."""
    if "configuration" not in body:
        return None
    found = body["configuration"]
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            found = None
    if found == []:
        return {}
    if not isinstance(found, dict):
        raise Refused(400, "storage.components.validation", "configuration: This value should be an object.")
    return found
