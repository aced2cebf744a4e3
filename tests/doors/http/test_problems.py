from __future__ import annotations

import re

import pytest

from teckochecker.domain.role import Role
from tests.doors.http.served import Served


async def test_an_unknown_address_and_a_wrong_method_are_problems_too(light: Served) -> None:
    assert (await light.get("/api/nothing", 404))["title"] == "Not Found"
    assert (await light.ask("PUT", "/api/jobs", 405))["status"] == 405


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE"])
async def test_an_answer_about_methods_names_all_that_the_address_takes(light: Served, method: str) -> None:
    _, token = await light.container.tokens().create("root", Role.ADMIN)
    described = (await light.get("/openapi.json"))["paths"]
    for path, item in described.items():
        address, headers = re.sub(r"{\w+}", "1", path), {"Authorization": f"Bearer {token.reveal()}"}
        answer = await light.http.request(method, address, headers=headers)
        assert answer.status_code == (204 if method == "OPTIONS" else 405)
        allowed = set(answer.headers["allow"].split(", "))
        described_here = {name.upper() for name in item}
        assert allowed == {"OPTIONS", *described_here, *(["HEAD"] if "GET" in described_here else [])}, path


@pytest.mark.parametrize("path", ["/api/health", "/api/jobs", "/api/jobs/1", "/api/events", "/web", "/openapi.json"])
async def test_head_tells_what_get_would_tell_but_for_the_body(light: Served, path: str) -> None:
    async with light.http.stream("GET", path) as answer:
        wanted = answer
    head = await light.http.head(path)
    assert (head.status_code, head.content) == (200, b"")
    varying = {"date", "x-request-id", "content-length", "transfer-encoding", "connection"}
    assert {**head.headers, **dict.fromkeys(varying, "")} == {**wanted.headers, **dict.fromkeys(varying, "")}
    assert (await light.http.head("/api/jobs/9")).status_code == 404


async def test_an_unknown_job_is_named(light: Served) -> None:
    assert await light.get("/api/jobs/9", 404) == {
        "type": "urn:teckochecker:problem:job-not-found",
        "title": "Not found",
        "status": 404,
        "detail": "Job with ID 9 not found",
    }


async def test_a_wrong_parameter_of_the_address_is_named(light: Served) -> None:
    body = await light.get("/api/jobs", 422, params={"limit": "0", "cursor": "x", "status": "new"})
    assert body["errors"] == [
        {"parameter": "status", "detail": "'status' cannot be 'new'"},
        {"parameter": "limit", "detail": "'limit' must be int >= 1"},
        {"parameter": "cursor", "detail": "'cursor' must be int, not str"},
    ]


class Broken:
    """Statistics with a fault in them."""

    async def count(self) -> None:
        raise ZeroDivisionError("with something secret in it")


async def test_a_fault_of_ours_is_told_without_its_inside_and_logged_with_it(
    light: Served, caplog: pytest.LogCaptureFixture
) -> None:
    light.container.statistics.override(Broken())
    told = await light.get("/api/stats", 500)
    assert "secret" not in str(told)
    assert told["detail"]
    (record,) = caplog.records
    assert record.getMessage() == "GET /api/stats failed"
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError
