"""Keboola's stored configurations, and how one takes the variables of a run.

A configuration is linked to a configuration of `keboola.variables`, which declares names and has rows of values. The
body is a template: `{{ name }}` in it becomes the value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Self

from attrs import evolve, frozen

from teckochecker.domain.values import KeboolaTarget, StackUrl

VARIABLES: Final = "keboola.variables"
"""The component whose configurations declare variables."""

FLOWS: Final = frozenset({"keboola.flow", "keboola.orchestrator"})
"""Components whose configurations run others."""

_PLACEHOLDER: Final = re.compile(r"\{\{\s*([A-Za-z0-9_-]+)\s*\}\}")


@frozen(kw_only=True)
class Place:
    """Where a configuration is. Without a branch it is the main one."""

    stack_url: StackUrl
    component_id: str
    configuration_id: str
    branch_id: str | None = None

    @classmethod
    def of(cls, target: KeboolaTarget) -> Self:
        """The configuration that a target runs."""
        return cls(
            stack_url=target.stack_url,
            component_id=target.component_id,
            configuration_id=target.configuration_id,
            branch_id=target.branch_id,
        )

    def beside(self, component_id: str, configuration_id: str) -> Self:
        """Another configuration of the same stack and branch."""
        return evolve(self, component_id=component_id, configuration_id=configuration_id)


@frozen(kw_only=True)
class ConfigurationRow:
    """One row of a configuration."""

    id: str
    name: str = ""
    body: Mapping[str, Any]


@frozen(kw_only=True)
class Configuration:
    """A stored configuration. Its body belongs to others: whoever writes it keeps all that it does not know."""

    id: str
    name: str
    body: Mapping[str, Any]
    disabled: bool = False
    rows: tuple[ConfigurationRow, ...] = ()

    @property
    def variables_id(self) -> str | None:
        """The configuration of `keboola.variables` that it is linked to."""
        return _id(self.body.get("variables_id"))

    @property
    def values_id(self) -> str | None:
        """The row of values that a run without values of its own takes."""
        return _id(self.body.get("variables_values_id"))

    @property
    def placeholders(self) -> frozenset[str]:
        """The names that stand in its body to be replaced."""
        return frozenset(_PLACEHOLDER.findall(json.dumps(self.body, ensure_ascii=False)))

    @property
    def odd_braces(self) -> bool:
        """Whether `{{` stands in its body with something else than a name, as it may in program text."""
        return "{{" in _PLACEHOLDER.sub("", json.dumps(self.body, ensure_ascii=False))

    @property
    def declared(self) -> tuple[str, ...]:
        """Of a configuration of `keboola.variables`: the names that need a value in every run."""
        return tuple(name for entry in _entries(self.body, "variables") if (name := _text(entry.get("name"))))

    def values(self, row_id: str | None) -> Mapping[str, str]:
        """Of a configuration of `keboola.variables`: the values of a row. Empty ones are none to Keboola."""
        row = next((row for row in self.rows if row.id == row_id), None)
        found = (
            ((_text(entry.get("name")), _text(entry.get("value"))) for entry in _entries(row.body, "values"))
            if row
            else ()
        )
        return {name: value for name, value in found if name and value}

    @property
    def tasks(self) -> tuple[tuple[str, str], ...]:
        """Of a flow: component and configuration of each task that it runs, each once."""
        tasks = (entry.get("task") for entry in _entries(self.body, "tasks") if entry.get("enabled", True))
        found = ((_id(task.get("componentId")), _id(task.get("configId"))) for task in tasks if isinstance(task, dict))
        return tuple(dict.fromkeys((component, config) for component, config in found if component and config))


def _entries(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects; whatever else stands there is passed over."""
    found = body.get(name)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _id(found: Any) -> str | None:
    """Ids are texts, and sometimes numbers."""
    return str(found) if isinstance(found, str | int) and found and not isinstance(found, bool) else None


def _text(found: Any) -> str:
    """Scalars as Keboola casts them to texts; anything else is none."""
    if isinstance(found, bool):
        return "1" if found else ""
    return str(found) if isinstance(found, str | int | float) else ""
