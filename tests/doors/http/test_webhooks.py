"""What OpenAI delivers comes in by its signature alone, from wherever it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders import MINUTE
from tests.doors.http.served import STORAGES, Served, memory, served
from tests.doors.nightly import nightly, with_secrets
from tests.webhooks import SIGNING, a_body, signed

ADDRESS = "/api/webhooks/openai-hook"
FROM_AFAR = {
    "host": "tecko.example",
    "origin": "https://evil.example",
    "sec-fetch-site": "cross-site",
    "via": "1.1 proxy",
    "x-forwarded-for": "1.2.3.4",
}


@pytest.fixture(params=STORAGES, ids=lambda storage: storage.__name__)
async def hooked(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Served]:
    """A service that asks everybody for a token, with a job whose batch has ended since it was looked at."""
    async with served(request.param, tmp_path, api_auth="always") as opened:
        await prepared(opened)
        yield opened


@pytest.fixture
async def light(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(memory, tmp_path, api_auth="always") as opened:
        await prepared(opened)
        yield opened


async def prepared(service: Served) -> None:
    await with_secrets(service.tecko)
    await service.tecko.secrets.add("openai-hook", "webhook", SIGNING)
    service.tecko.openai.will("batch_a", "completed", after=MINUTE * 5)
    await service.tecko.jobs.create(nightly("batch_a", poll_interval_seconds=3600))
    await service.tecko.advance(MINUTE * 10)


async def deliver(service: Served, body: bytes, address: str = ADDRESS, **changes: Any) -> httpx.Response:
    headers = signed(body, service.container.clock().now(), **changes) | FROM_AFAR
    return await service.http.post(address, content=body, headers=headers)


async def test_a_batch_that_openai_tells_of_starts_its_run_long_before_the_next_poll(hooked: Served) -> None:
    assert not hooked.tecko.keboola.runs
    answer = await deliver(hooked, a_body("batch_a"))
    assert (answer.status_code, answer.content) == (204, b"")
    await hooked.tecko.run_until_idle()
    assert len(hooked.tecko.keboola.runs) == 1


async def test_word_of_what_nobody_watches_is_taken_too(light: Served) -> None:
    for body in (a_body("batch_elsewhere"), a_body("batch_a", "eval.run.succeeded"), b"no json"):
        assert (await deliver(light, body)).status_code == 204
    assert not light.tecko.keboola.runs


async def test_a_wrong_signature_and_an_unknown_name_are_answered_alike(light: Served) -> None:
    wrong = await deliver(light, a_body("batch_a"), key=b"k" * 32)
    unknown = await deliver(light, a_body("batch_a"), "/api/webhooks/nobody")
    bare = await light.http.post(ADDRESS)
    another = await deliver(light, a_body("batch_a"), "/api/webhooks/openai-prod")
    assert [answer.status_code for answer in (wrong, unknown, bare, another)] == [400] * 4
    assert wrong.json() == unknown.json() == bare.json() == another.json()
    assert wrong.json()["type"] == "urn:teckochecker:problem:not-signed"
    assert "secret add --type webhook" in wrong.json()["detail"]


async def test_who_does_not_sign_is_slowed_and_whoever_signs_never(light: Served) -> None:
    for _ in range(5):
        assert (await deliver(light, a_body("batch_a"), key=b"k" * 32)).status_code == 400
    waiting = [asyncio.create_task(deliver(light, a_body("batch_a"), key=b"k" * 32)) for _ in range(11)]
    refused, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert [(await one).status_code for one in refused] == [429]
    assert (await deliver(light, a_body("batch_a"))).status_code == 204
    await light.tecko.advance(MINUTE)
    assert sorted([(await one).status_code for one in waiting]) == [400] * 10 + [429]


async def test_a_body_of_more_than_64_kib_is_not_read(light: Served) -> None:
    assert (await deliver(light, a_body("batch_a") + b" " * 65_000)).status_code == 204
    large = a_body("batch_a") + b" " * 64 * 1024
    assert (await deliver(light, large)).status_code == 413
    headers = signed(large, light.container.clock().now())

    async def dripping() -> AsyncIterator[bytes]:
        yield large

    assert (await light.http.post(ADDRESS, content=dripping(), headers=headers)).status_code == 413


async def test_openai_is_never_asked_to_come_later(tmp_path: Path) -> None:
    async with served(memory, tmp_path, api_auth="always", rate_limit_write=1) as opened:
        await prepared(opened)
        assert [(await deliver(opened, a_body("batch_a"))).status_code for _ in range(5)] == [204] * 5


async def test_nothing_else_lies_below_this_address(light: Served) -> None:
    for path in ("/api/webhooks", "/api/webhooks/", "/api/webhooks/a/b"):
        assert (await light.http.get(path, headers=FROM_AFAR)).status_code in (400, 404)
    assert (await light.http.get(ADDRESS, headers=FROM_AFAR)).status_code == 405
