"""A clock that stands until it is moved, and short ways to ask the two servers."""

from __future__ import annotations

from typing import Any

import aiohttp
from attrs import define

from teckochecker.entrypoints.simulator import (
    Simulator,
    default_component,
    default_configuration,
    default_key,
    default_token,
    default_variables,
)

start = 1_774_500_000.0


@define
class DrivenClock:
    now: float = start

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


@define
class Reply:
    status: int
    headers: Any
    json: Any


async def read(response: aiohttp.ClientResponse) -> Reply:
    text = await response.text()
    is_json = response.content_type == "application/json" and text
    return Reply(response.status, response.headers, await response.json() if is_json else text)


@define
class Door:
    """Asks a simulator as a client of the real services would."""

    simulator: Simulator
    http: aiohttp.ClientSession

    async def openai(self, path: str, key: str | None = default_key, **options: Any) -> Reply:
        headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
        url = self.simulator.openai.base_url + path
        async with self.http.get(url, headers=headers, **options) as response:
            return await read(response)

    async def keboola(self, method: str, path: str, token: str | None = default_token, **options: Any) -> Reply:
        headers = {"X-StorageApi-Token": token} if token is not None else {}
        headers |= options.pop("headers", {})
        url = self.simulator.keboola.stack_url + path
        async with self.http.request(method, url, headers=headers, **options) as response:
            return await read(response)

    async def post(self, token: str = default_token, **body: Any) -> Reply:
        return await self.keboola("POST", "/queue/jobs", token, json=order(**body))

    async def job(self, run_id: str) -> Any:
        return (await self.keboola("GET", f"/queue/jobs/{run_id}")).json

    async def found(self, query: str = "") -> list[str]:
        """The ids that a search answers."""
        return [job["id"] for job in (await self.keboola("GET", f"/queue/search/jobs?{query}")).json]

    async def kill(self, run_id: str) -> Reply:
        return await self.keboola("POST", f"/queue/jobs/{run_id}/kill")


def values(**given: str) -> dict[str, Any]:
    """Values for every variable that the default configuration declares."""
    named = dict.fromkeys(default_variables, "1") | given
    return {"values": [{"name": name, "value": value} for name, value in named.items()]}


def order(**changes: Any) -> dict[str, Any]:
    """A body for POST /jobs that is accepted; a change to None takes a field away."""
    body = {"component": default_component, "config": default_configuration, "variableValuesData": values()}
    return {name: value for name, value in (body | changes).items() if value is not None}
