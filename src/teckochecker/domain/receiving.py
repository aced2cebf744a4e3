"""How a configuration comes to receive the variables of a run: what would change, before anything does.

Whatever is there already stays: other variables, their stored values, other parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from teckochecker.domain.configuration import FLOWS, Configuration, ConfigurationRow, Place
from teckochecker.domain.values import OWN_VARIABLES

PYTHON: Final = "kds-team.app-custom-python"
"""The component whose program finds `parameters.user_properties` as its parameters."""

BY_HAND: Final = "by-hand"
"""The trigger id of a run that a person starts in Keboola."""

ROW_NAME: Final = "TeckoChecker defaults"
UNKNOWN_ID: Final = "(its new ID)"

_DEFAULTS: Final[Mapping[str, str]] = {
    "trigger_id": BY_HAND,
    "job_id": "0",
    "job_name": BY_HAND,
    "batch_ids_completed": "[]",
    "batch_ids_failed": "[]",
    "batch_count_total": "0",
    "batch_count_completed": "0",
    "batch_count_failed": "0",
    "batches_json": "[]",
}
"""What each variable is when nothing was sent; Keboola takes no empty ones."""


@frozen(kw_only=True)
class Change:
    """A stored body as it is, and as it would be. Without `before` it is made."""

    what: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]


@frozen(kw_only=True)
class Reception:
    """A configuration, and the one of `keboola.variables` that it is or would be linked to. None: it has to be made."""

    place: Place
    main: Configuration
    variables: Configuration | None

    @property
    def variables_name(self) -> str:
        """By this name a configuration of variables is found again that was made and not linked."""
        return f"TeckoChecker: {self.place.component_id} {self.place.configuration_id}"

    @property
    def row(self) -> ConfigurationRow | None:
        """The row of values that a run without values of its own takes, if it is there."""
        rows = self.variables.rows if self.variables else ()
        linked = (row for row in rows if row.id == self.main.values_id)
        return next(linked, next((row for row in rows if row.name == ROW_NAME), None))

    @property
    def declaration(self) -> Mapping[str, Any]:
        """The body of the configuration of variables."""
        body, known = (self.variables.body, self.variables.declared) if self.variables else ({}, ())
        missing = [{"name": name, "type": "string"} for name in _DEFAULTS if name not in known]
        return {**body, "variables": [*_list(body.get("variables")), *missing]} if missing else body

    @property
    def values(self) -> Mapping[str, Mapping[str, Any]]:
        """The body of each row of values: others may be linked to them, whose runs need every declared variable."""
        known = self.variables
        return {row.id: _valued(row.body, known.values(row.id)) for row in known.rows} if known else {}

    @property
    def new_row(self) -> Mapping[str, Any]:
        """The body of a row that has to be made."""
        return _valued({}, {})

    def linked(self, variables_id: str, values_id: str) -> Mapping[str, Any]:
        """The body of the configuration itself."""
        body = {**self.main.body, "variables_id": variables_id, "variables_values_id": values_id}
        if self.place.component_id != PYTHON:
            return body
        parameters = _object(body.get("parameters"))
        known = _object(parameters.get("user_properties"))
        properties = {**known, **{name: _placeholder(name) for name in _DEFAULTS if name not in known}}
        return {**body, "parameters": {**parameters, "user_properties": properties}}

    @property
    def changes(self) -> tuple[Change, ...]:
        """All that would be done."""
        return tuple(change for change in self._bodies() if change.before != change.after)

    def _bodies(self) -> Iterator[Change]:
        variables_id, values_id = UNKNOWN_ID, UNKNOWN_ID
        before = None
        if self.variables:
            variables_id, before = self.variables.id, self.variables.body
        yield Change(what=f"variables {variables_id}", before=before, after=self.declaration)
        for row in self.variables.rows if self.variables else ():
            yield Change(what=f"stored values {row.id}", before=row.body, after=self.values[row.id])
        if self.row:
            values_id = self.row.id
        else:
            yield Change(what=f"stored values {UNKNOWN_ID}", before=None, after=self.new_row)
        what = f"configuration {self.main.id}"
        yield Change(what=what, before=self.main.body, after=self.linked(variables_id, values_id))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person has to see to."""
        return tuple(self._remarks())

    def _remarks(self) -> Iterator[str]:
        component = self.place.component_id
        if component in FLOWS:
            tasks = "".join(f"; --component-id {one} --config-id {config}" for one, config in self.main.tasks)
            yield (
                "A flow hands variables on only to tasks that declare them: set up those of its configurations that "
                f"read them, too, by this same command{tasks}"
            )
        elif component == PYTHON:
            properties = _object(_object(self.main.body.get("parameters")).get("user_properties"))
            for name in _DEFAULTS:
                if name in properties and properties[name] != _placeholder(name):
                    yield f"The user property '{name}' holds something of yours, which stays; so it receives nothing"
        else:
            shape = _placeholder("trigger_id")
            yield f"Write the placeholders where {component} is to find them, within quotes, such as {shape}"
        given = OWN_VARIABLES | set(self.variables.declared if self.variables else ())
        if self.main.placeholders - given or self.main.odd_braces:
            yield (
                "The configuration holds {{ in other places, maybe in program text: once linked, Keboola takes each "
                "for a variable, and a run with an unknown one fails; write it in another way"
            )


def _valued(body: Mapping[str, Any], known: Mapping[str, str]) -> Mapping[str, Any]:
    """A row's body with a value for each variable; an empty one counts as none."""
    missing = {name: value for name, value in _DEFAULTS.items() if name not in known}
    if not missing:
        return body
    kept = [one for one in _list(body.get("values")) if not (isinstance(one, dict) and one.get("name") in missing)]
    return {**body, "values": [*kept, *({"name": name, "value": value} for name, value in missing.items())]}


def _placeholder(name: str) -> str:
    return f"{{{{ {name} }}}}"


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _object(found: Any) -> Mapping[str, Any]:
    """PHP writes empty objects as lists."""
    return found if isinstance(found, dict) else {}
