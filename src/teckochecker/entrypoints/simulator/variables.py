"""How Keboola fills a configuration with the values of a run."""

from __future__ import annotations

import json
import re
from typing import Any

from teckochecker.entrypoints.simulator.project import Stack, variables_component

_placeholder = re.compile(r"\{\{\s*([A-Za-z0-9_-]+)\s*\}\}")


class VariablesUnresolved(Exception):
    """The run fails; the text is the message that its result carries."""


def resolve(
    stack: Stack,
    project: str,
    configuration: dict[str, Any],
    given: dict[str, str] | None,
    values_row: str | None,
) -> dict[str, Any]:
    """The configuration as the component would see it.

    Without `variables_id` nothing is replaced, silently. Given values replace the stored row and are not
    merged with it. Raises: VariablesUnresolved.
    """
    variables_id = configuration.get("variables_id")
    if not variables_id:
        return configuration
    declared = stack.find(project, variables_component, str(variables_id))
    if declared is None:
        raise VariablesUnresolved(f'Variable configuration "{variables_id}" not found.')
    values = given
    if values is None:
        row_id = values_row or configuration.get("variables_values_id")
        row = declared.rows.get(str(row_id)) if row_id else None
        if row_id and row is None:
            raise VariablesUnresolved(f'Variable values "{row_id}" not found.')
        stored = row.configuration.get("values", []) if row else []
        values = {entry["name"]: str(entry["value"]) for entry in stored}
    for entry in declared.configuration.get("variables", []):
        if entry["name"] not in values:
            raise VariablesUnresolved(f'No value provided for variable "{entry["name"]}".')
    return _render(configuration, values)


def _render(configuration: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    template = json.dumps(configuration)
    missing = sorted({name for name in _placeholder.findall(template) if name not in values})
    if missing:
        names = ", ".join(f'"{name}"' for name in missing)
        raise VariablesUnresolved(f"Missing values for placeholders: {names}")
    text = _placeholder.sub(lambda found: json.dumps(values[found[1]])[1:-1], template)
    rendered: dict[str, Any] = json.loads(text)
    return rendered
