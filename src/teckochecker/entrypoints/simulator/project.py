"""What a Keboola stack holds before anything runs: projects, tokens, components, configurations."""

from __future__ import annotations

from typing import Any

from attrs import Factory, define, field

variables_component = "keboola.variables"


@define(eq=False)
class Token:
    """A Storage token. `component_access=None` is every component, as Keboola has it."""

    value: str
    id: str
    project_id: str = "901"
    project_name: str = "Simulated project"
    description: str = "simulated trigger"
    is_master: bool = True
    can_manage_buckets: bool = True
    component_access: list[str] | None = None
    role: str | None = None
    is_expired: bool = False
    is_disabled: bool = False
    expires: str | None = None
    features: list[str] = field(factory=lambda: ["queuev2"])

    def may_configure(self, component: str) -> bool:
        """Whether configurations of this component may be read and written."""
        everything = self.is_master or self.can_manage_buckets
        return everything or component in (self.component_access or ())

    def may_run(self, component: str) -> bool:
        listed = self.component_access is None or component in self.component_access
        return listed and self.role != "readOnly"


@define
class Component:
    id: str
    name: str
    type: str = "application"
    runnable: bool = True


@define(eq=False)
class Row:
    id: str
    name: str
    configuration: dict[str, Any]
    created_at: float
    description: str = ""
    is_disabled: bool = False
    version: int = 1
    change: str = "Row created"


@define(eq=False)
class Configuration:
    component: str
    id: str
    name: str
    project_id: str
    configuration: dict[str, Any]
    created_at: float
    description: str = ""
    is_disabled: bool = False
    is_deleted: bool = False
    version: int = 1
    change: str = "Configuration created"
    rows: dict[str, Row] = field(factory=dict)


def _usual_components() -> dict[str, Component]:
    components = (
        Component("kds-team.app-custom-python", "Custom Python"),
        Component("keboola.python-transformation-v2", "Python", "transformation"),
        Component("keboola.flow", "Flow", "other"),
        Component("keboola.orchestrator", "Orchestrator", "other"),
        Component(variables_component, "Variables", "other", runnable=False),
    )
    return {component.id: component for component in components}


@define(eq=False)
class Stack:
    """Everything stored. Every project has the main branch `main_branch` and the dev branches given here."""

    tokens: dict[str, Token] = field(factory=dict)
    components: dict[str, Component] = Factory(_usual_components)
    configurations: dict[tuple[str, str, str], Configuration] = field(factory=dict)
    main_branch: str = "6"
    dev_branches: set[str] = field(factory=set)
    _last_id: int = 1_000_000

    def new_id(self) -> str:
        """Ids of everything come from one rising sequence."""
        self._last_id += 1
        return str(self._last_id)

    def find(self, project: str, component: str, configuration: str) -> Configuration | None:
        found = self.configurations.get((project, component, configuration))
        return None if found is None or found.is_deleted else found

    def of_component(self, project: str, component: str, *, deleted: bool = False) -> list[Configuration]:
        return [
            found
            for (owner, kind, _), found in self.configurations.items()
            if owner == project and kind == component and found.is_deleted == deleted
        ]

    def kind(self, component: str) -> str | None:
        """The type of a component."""
        known = self.components.get(component)
        return known.type if known else None

    def has_branch(self, branch: str) -> bool:
        return branch in ("default", self.main_branch) or branch in self.dev_branches

    def keep(self, configuration: Configuration) -> Configuration:
        key = (configuration.project_id, configuration.component, configuration.id)
        self.configurations[key] = configuration
        return configuration
