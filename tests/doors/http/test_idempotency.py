from __future__ import annotations

import asyncio
from typing import Any

import httpx

from tests.doors.http.asking import a_job_body
from tests.doors.http.served import Served


async def create(service: Served, key: str, **changes: Any) -> httpx.Response:
    """Ask for a job under a key."""
    return await service.http.post("/api/jobs", json=a_job_body(**changes), headers={"Idempotency-Key": key})


async def test_a_request_that_is_sent_again_answers_the_job_that_it_made(service: Served) -> None:
    first, again = await create(service, "k-1"), await create(service, "k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    replayed = "Idempotency-Replayed"
    assert (first.headers[replayed], again.headers[replayed]) == ("false", "true")
    assert first.headers["ETag"] == again.headers["ETag"]
    assert (await service.get("/api/jobs"))["total"] == 2


async def test_the_key_of_another_body_is_refused(service: Served) -> None:
    await create(service, "k-1")
    refused = await create(service, "k-1", name="Another")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:teckochecker:problem:key-reused")
    assert (await service.get("/api/jobs"))["total"] == 2


async def test_requests_at_the_same_time_make_one_job(service: Served) -> None:
    answers = await asyncio.gather(*(create(service, "k-1") for _ in range(6)))
    assert {(answer.status_code, answer.json()["id"]) for answer in answers} == {(201, answers[0].json()["id"])}
    assert (await service.get("/api/jobs"))["total"] == 2


async def test_a_request_that_was_refused_may_be_sent_again_under_its_key(service: Served) -> None:
    assert (await create(service, "k-1", openai_secret_id=7)).status_code == 404
    assert (await create(service, "k-1")).status_code == 201


async def test_a_key_has_1_to_255_characters(light: Served) -> None:
    for key in ("", "k" * 256):
        refused = await create(light, key)
        assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (422, "Idempotency-Key")
