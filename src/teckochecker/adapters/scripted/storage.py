"""Keboola's Storage in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from attrs import define, evolve, field

from teckochecker.adapters.scripted.keboola import Operation, ScriptedKeboola
from teckochecker.application.errors import CredentialRejected, Rejected
from teckochecker.application.ports import Component
from teckochecker.domain.configuration import VARIABLES, Configuration, ConfigurationRow, Place
from teckochecker.domain.secret import Credential
from teckochecker.domain.token import Token
from teckochecker.domain.values import OWN_VARIABLES, StackUrl

_OURS = "ours"  # the configuration of keboola.variables that every unknown configuration is linked to


@define(eq=False)
class ScriptedStorage:
    """A `ConfigurationGateway` beside a `ScriptedKeboola`, which knows the tokens.

    Until it is told otherwise every configuration exists and takes our variables. What a token may is `allows`.
    """

    keboola: ScriptedKeboola
    _kept: dict[tuple[str, str], Configuration] = field(factory=dict, init=False, repr=False)
    _missing: set[tuple[str, str]] = field(factory=set, init=False, repr=False)
    _traits: dict[str, Mapping[str, Any]] = field(factory=dict, init=False, repr=False)
    _unread: set[str] = field(factory=set, init=False, repr=False)
    _last: int = field(default=5000, init=False)

    # What is there

    def put(self, component_id: str, configuration: Configuration) -> None:
        """There is this configuration, on every stack and branch."""
        self._missing.discard((component_id, configuration.id))
        self._kept[component_id, configuration.id] = configuration

    def remove(self, component_id: str, configuration_id: str) -> None:
        """There is no such configuration."""
        self._kept.pop((component_id, configuration_id), None)
        self._missing.add((component_id, configuration_id))

    def allows(self, credential: Credential | str, **traits: Any) -> None:
        """What this token may: fields of `Token`."""
        plain = credential.reveal() if isinstance(credential, Credential) else credential.strip()
        self._traits[plain] = traits

    def hide(self, component_id: str) -> None:
        """Configurations of this component may not be read or written by any token."""
        self._unread.add(component_id)

    # What is asked

    async def token(self, stack_url: StackUrl, credential: Credential) -> Token:
        """Who a credential is, and what it may do."""
        project = await self.keboola.admit(Operation.STORAGE, credential)
        return Token(project=project, **self._traits.get(credential.reveal(), {}))

    async def read(self, place: Place, credential: Credential) -> Configuration:
        """One configuration with its rows."""
        await self._admit(place, credential)
        key = place.component_id, place.configuration_id
        if key in self._missing:
            raise Rejected(f"Keboola answered 404: Configuration {place.configuration_id} not found", http=404)
        return deepcopy(self._kept.get(key) or _made_up(*key))

    async def all(self, stack_url: StackUrl, credential: Credential, *, branch_id: str | None) -> Sequence[Component]:
        """Every component that has configurations which the token sees."""
        await self.keboola.admit(Operation.STORAGE, credential)
        kinds = sorted({component for component, _ in self._kept} - self._unread)
        return [
            Component(
                id=kind,
                name=kind,
                type="other",
                configurations=tuple(
                    evolve(kept, body={}, rows=()) for (component, _), kept in self._kept.items() if component == kind
                ),
            )
            for kind in kinds
        ]

    async def create(self, place: Place, name: str, body: Mapping[str, Any], credential: Credential) -> Configuration:
        """A new configuration of the place's component."""
        await self._admit(place, credential)
        made = Configuration(id=self._next_id(), name=name, body=deepcopy(dict(body)))
        self.put(place.component_id, made)
        return deepcopy(made)

    async def write(self, place: Place, body: Mapping[str, Any], credential: Credential, *, why: str) -> None:
        """Replace a configuration's body whole."""
        stored = await self.read(place, credential)
        self.put(place.component_id, evolve(stored, body=deepcopy(dict(body))))

    async def add_row(
        self, place: Place, name: str, body: Mapping[str, Any], credential: Credential
    ) -> ConfigurationRow:
        """A new row of a configuration."""
        stored = await self.read(place, credential)
        row = ConfigurationRow(id=self._next_id(), name=name, body=deepcopy(dict(body)))
        self.put(place.component_id, evolve(stored, rows=(*stored.rows, row)))
        return deepcopy(row)

    async def write_row(
        self, place: Place, row_id: str, body: Mapping[str, Any], credential: Credential, *, why: str
    ) -> None:
        """Replace a row's body whole."""
        stored = await self.read(place, credential)
        if row_id not in [row.id for row in stored.rows]:
            raise Rejected(f"Keboola answered 404: Row {row_id} not found", http=404)
        new = deepcopy(dict(body))
        rows = tuple(evolve(row, body=new) if row.id == row_id else row for row in stored.rows)
        self.put(place.component_id, evolve(stored, rows=rows))

    async def _admit(self, place: Place, credential: Credential) -> None:
        await self.keboola.admit(Operation.STORAGE, credential)
        if place.component_id in self._unread:
            raise CredentialRejected("Keboola answered 403: You don't have access to the resource.", http=403)

    def _next_id(self) -> str:
        self._last += 1
        return str(self._last)


def _made_up(component_id: str, configuration_id: str) -> Configuration:
    """A configuration that nobody told of."""
    body: Mapping[str, Any] = {"variables_id": _OURS}
    if component_id == VARIABLES:
        body = {"variables": [{"name": name, "type": "string"} for name in sorted(OWN_VARIABLES)]}
    return Configuration(id=configuration_id, name=f"Scripted {configuration_id}", body=body)
