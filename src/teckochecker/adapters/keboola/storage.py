"""`KeboolaStorage`: the ConfigurationGateway over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from attrs import define

from teckochecker.adapters.converter import mapping, sequence, text
from teckochecker.adapters.keboola.address import check_stack
from teckochecker.adapters.keboola.answers import read, token_of, written
from teckochecker.adapters.transport import Answer, LastWord, Transport
from teckochecker.application.errors import Unavailable
from teckochecker.application.ports import Clock, Component
from teckochecker.domain.configuration import Configuration, ConfigurationRow, Place
from teckochecker.domain.secret import Credential
from teckochecker.domain.token import Token
from teckochecker.domain.values import StackUrl

_LARGEST = 64 * 1024 * 1024  # a list of configurations; one alone has at most 4 MB


class _Unleased:
    """What a person does needs no lease."""

    lost = False


@define(eq=False)
class KeboolaStorage:
    """Tokens and stored configurations. `deadline` is in seconds for one call in all."""

    _transport: Transport
    _clock: Clock
    deadline: float = 30.0

    async def token(self, stack_url: StackUrl, credential: Credential) -> Token:
        """Who a credential is, and what it may do."""
        answer = await self._call("GET", stack_url, "tokens/verify", credential)
        return token_of(read(answer, self._clock.now()), answer)

    async def read(self, place: Place, credential: Credential) -> Configuration:
        """One configuration with its rows."""
        answer = await self._call("GET", place.stack_url, _path(place), credential)
        found = read(answer, self._clock.now())
        if credential.reveal().encode() in answer.body:
            raise Unavailable(f"The configuration {place.configuration_id} holds this very token, so it is left alone")
        return _configuration(found, answer)

    async def all(self, stack_url: StackUrl, credential: Credential, *, branch_id: str | None) -> Sequence[Component]:
        """Every component that has configurations which the token sees."""
        answer = await self._call("GET", stack_url, f"{_branch(branch_id)}/components", credential)
        found = read(answer, self._clock.now())
        if not isinstance(found, list):
            raise Unavailable(f"{answer.host} answered with something that is no list of components")
        return [_component(mapping(component), answer) for component in found]

    async def create(self, place: Place, name: str, body: Mapping[str, Any], credential: Credential) -> Configuration:
        """A new configuration of the place's component."""
        path = _path(place).rpartition("/")[0]
        given = {"name": name, "configuration": body}
        answer = await self._call("POST", place.stack_url, path, credential, given)
        return _configuration(written(answer, self._clock.now()), answer)

    async def write(self, place: Place, body: Mapping[str, Any], credential: Credential, *, why: str) -> None:
        """Replace a configuration's body whole."""
        given = {"configuration": body, "changeDescription": why}
        written(await self._call("PUT", place.stack_url, _path(place), credential, given), self._clock.now())

    async def add_row(
        self, place: Place, name: str, body: Mapping[str, Any], credential: Credential
    ) -> ConfigurationRow:
        """A new row of a configuration."""
        given = {"name": name, "configuration": body}
        answer = await self._call("POST", place.stack_url, f"{_path(place)}/rows", credential, given)
        return _row(written(answer, self._clock.now()), answer)

    async def write_row(
        self, place: Place, row_id: str, body: Mapping[str, Any], credential: Credential, *, why: str
    ) -> None:
        """Replace a row's body whole."""
        path = f"{_path(place)}/rows/{quote(row_id, safe='')}"
        given = {"configuration": body, "changeDescription": why}
        written(await self._call("PUT", place.stack_url, path, credential, given), self._clock.now())

    async def _call(
        self, method: str, stack_url: StackUrl, path: str, credential: Credential, body: Mapping[str, Any] | None = None
    ) -> Answer:
        check_stack(self._transport, stack_url)
        secret = credential.reveal()
        return await self._transport.endpoint(stack_url, fresh=body is not None).call(
            method,
            f"/v2/storage/{path}",
            headers={"X-StorageApi-Token": secret},
            secret=secret,
            deadline=self.deadline,
            body=None if body is None else LastWord(json.dumps(body).encode(), _Unleased()),
            largest=_LARGEST,
        )


def _branch(branch_id: str | None) -> str:
    return f"branch/{quote(branch_id, safe='') if branch_id else 'default'}"


def _path(place: Place) -> str:
    component, configuration = quote(place.component_id, safe=""), quote(place.configuration_id, safe="")
    return f"{_branch(place.branch_id)}/components/{component}/configs/{configuration}"


def _component(found: Mapping[str, Any], answer: Answer) -> Component:
    component_id = text(found.get("id")) or ""
    return Component(
        id=component_id,
        name=answer.word(text(found.get("name")) or component_id),
        type=text(found.get("type"), 64) or "other",
        configurations=tuple(_configuration(stored, answer) for stored in sequence(found.get("configurations"))),
    )


def _configuration(found: Any, answer: Answer) -> Configuration:
    """PHP writes empty objects as lists."""
    stored = mapping(found)
    configuration_id = text(stored.get("id"))
    if configuration_id is None:
        raise Unavailable(f"{answer.host} told of a configuration without an id")
    return Configuration(
        id=configuration_id,
        name=answer.word(text(stored.get("name")) or configuration_id),
        body=mapping(stored.get("configuration")),
        disabled=stored.get("isDisabled") is True,
        rows=tuple(_row(row, answer) for row in sequence(stored.get("rows"))),
    )


def _row(found: Any, answer: Answer) -> ConfigurationRow:
    stored = mapping(found)
    row_id = text(stored.get("id"))
    if row_id is None:
        raise Unavailable(f"{answer.host} told of a configuration row without an id")
    return ConfigurationRow(
        id=row_id, name=answer.word(text(stored.get("name")) or ""), body=mapping(stored.get("configuration"))
    )
