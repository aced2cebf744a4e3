"""The stand-in for one Keboola stack: Storage at the root, the Queue below /queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import define, field

from teckochecker.entrypoints.simulator.faults import Fault, FaultKind
from teckochecker.entrypoints.simulator.project import (
    Component,
    Configuration,
    Row,
    Stack,
    Token,
    variables_component,
)
from teckochecker.entrypoints.simulator.queue import Post, Queue, queue_error, queue_prefix
from teckochecker.entrypoints.simulator.runs import Run, RunScript
from teckochecker.entrypoints.simulator.server import LoopbackServer
from teckochecker.entrypoints.simulator.storage import (
    Storage,
    storage_error,
    storage_operation,
    storage_prefix,
)
from teckochecker.entrypoints.simulator.wire import Answer, Call

default_token = "901-1-simulated0123456789abcdef"  # noqa: S105 - opens nothing but this simulator
default_component = "kds-team.app-custom-python"
default_configuration = "123456"
default_variables = (
    "batch_ids_completed",
    "batch_ids_failed",
    "batch_count_total",
    "batch_count_completed",
    "batch_count_failed",
    "trigger_id",
    "job_id",
    "job_name",
    "batches_json",
)
_messages = {401: "Invalid access token", 403: "You don't have access to the resource.", 404: "Not found"}


@define(eq=False, repr=False)
class SimulatedKeboola:
    """One stack with the default token and the default configuration, which takes our variables."""

    clock: Callable[[], float]
    stack: Stack = field(factory=Stack)
    server: LoopbackServer = field(init=False)
    storage: Storage = field(init=False)
    queue: Queue = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.server = LoopbackServer(self, self.clock)
        self.storage = Storage(self.stack, self.clock, lambda: self.stack_url)
        self.queue = Queue(self.stack, self.clock, lambda: self.stack_url)
        self.add_token(default_token, id="1")
        self.add_configuration(default_component, default_configuration, variables=default_variables)

    @property
    def stack_url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def queue_url(self) -> str:
        return self.stack_url + queue_prefix

    @property
    def runs(self) -> list[Run]:
        """Every run ever created, in that order, as things stand now."""
        return self.queue.runs()

    @property
    def posts(self) -> list[Post]:
        """Every attempt to create a run, in the order of arrival."""
        return self.queue.posts

    @property
    def search_lag(self) -> float:
        """How many seconds the search index is behind."""
        return self.queue.search_lag

    @search_lag.setter
    def search_lag(self, seconds: float) -> None:
        self.queue.search_lag = seconds

    @property
    def run_script(self) -> RunScript:
        """How runs go whose configuration has no script of its own."""
        return self.queue.script

    @run_script.setter
    def run_script(self, script: RunScript) -> None:
        self.queue.script = script

    def runs_with(self, **variables: str) -> list[Run]:
        """The runs that were given these variable values, such as `trigger_id=...`."""
        wanted = variables.items()
        return [run for run in self.runs if run.variables is not None and wanted <= run.variables.items()]

    def add_token(self, value: str | None = None, **traits: Any) -> Token:
        """Lets a token in; `traits` are the fields of `Token`."""
        number = traits.pop("id", None) or self.stack.new_id()
        project = traits.get("project_id", "901")
        token = Token(value or f"{project}-{number}-simulated", number, **traits)
        self.stack.tokens[token.value] = token
        return token

    def remove_token(self, value: str) -> None:
        self.stack.tokens.pop(value, None)

    def add_component(
        self, component_id: str, name: str | None = None, type: str = "application", *, runnable: bool = True
    ) -> Component:
        component = Component(component_id, name or component_id, type, runnable)
        self.stack.components[component_id] = component
        return component

    def add_configuration(
        self,
        component: str,
        configuration_id: str | None = None,
        *,
        variables: Iterable[str] = (),
        defaults: Mapping[str, str] | None = None,
        configuration: dict[str, Any] | None = None,
        project_id: str = "901",
        name: str | None = None,
        is_disabled: bool = False,
        script: RunScript | None = None,
    ) -> Configuration:
        """A stored configuration.

        `variables` are declared in a linked keboola.variables configuration and shown to the component as
        user_properties; `defaults` become its default row. `configuration` is taken as it is, the link added.
        """
        if component not in self.stack.components:
            self.add_component(component)
        names, now, wanted = list(variables), self.clock(), configuration_id or self.stack.new_id()
        properties = {each: f"{{{{ {each} }}}}" for each in names}
        body = configuration if configuration is not None else {"parameters": {"user_properties": properties}}
        if names:
            body = {**body, **self._declare(names, defaults, project_id, wanted, now)}
        if script is not None:
            self.queue.scripts[component, wanted] = script
        title = name or f"Simulated {wanted}"
        made = Configuration(component, wanted, title, project_id, body, now, is_disabled=is_disabled)
        return self.stack.keep(made)

    def _declare(
        self, names: list[str], defaults: Mapping[str, str] | None, project: str, owner: str, now: float
    ) -> dict[str, str]:
        declared = [{"name": each, "type": "string"} for each in names]
        body = {"variables": declared}
        title = f"Variables of {owner}"
        made = Configuration(variables_component, self.stack.new_id(), title, project, body, now)
        self.stack.keep(made)
        if not defaults:
            return {"variables_id": made.id}
        values = {"values": [{"name": each, "value": text} for each, text in defaults.items()]}
        row = Row(self.stack.new_id(), "default", values, now)
        made.rows[row.id] = row
        return {"variables_id": made.id, "variables_values_id": row.id}

    def configuration(self, component: str, configuration_id: str, project_id: str = "901") -> Configuration:
        """A stored configuration, to be changed in place. Raises: KeyError."""
        return self.stack.configurations[project_id, component, configuration_id]

    def fault(self, kind: FaultKind | str, **conditions: Any) -> Fault:
        """Adds a rule; see `Fault` for the conditions.

        Operations: create, get, search, kill, jobs; index, verify, component, components, configs, config,
        rows, row, create_config, update_config, delete_config, create_row, update_row.
        """
        fault = Fault(kind=kind, **conditions)
        self.server.faults.add(fault)
        return fault

    def clear_faults(self) -> None:
        self.server.faults.clear()

    def requests(self, operation: str | None = None, credential: str | None = None) -> int:
        """How many requests came, faulted ones included."""
        return self.server.count(operation, credential)

    def operation(self, method: str, path: str) -> str:
        if path.startswith(storage_prefix):
            return storage_operation(method, path)
        parts = path.removeprefix(queue_prefix).strip("/").split("/") if path.startswith(queue_prefix) else []
        match method, parts:
            case "POST", ["jobs"]:
                return "create"
            case "GET", ["jobs"]:
                return "jobs"
            case "GET", ["jobs", _]:
                return "get"
            case "GET", ["search", "jobs"]:
                return "search"
            case "POST", ["jobs", _, "kill"]:
                return "kill"
        return "unknown"

    def credential(self, headers: Mapping[str, str]) -> str:
        return headers.get("X-StorageApi-Token", "")

    def arrived(self, call: Call) -> None:
        if call.operation == "create":
            self.queue.arrived(call)

    def answer(self, call: Call) -> Answer:
        token = self.stack.tokens.get(call.credential)
        if call.path.startswith(queue_prefix):
            return self.queue.answer(call, token)
        return self.storage.answer(call, token)

    def failure(self, call: Call, status: int) -> Answer:
        message = _messages.get(status, "Application error")
        if call.path.startswith(queue_prefix):
            return queue_error(status, message)
        return storage_error(status, "application.error", message)
