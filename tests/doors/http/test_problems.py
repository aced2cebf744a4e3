from __future__ import annotations

from tests.doors.http.served import Served


async def test_an_unknown_address_and_a_wrong_method_are_problems_too(light: Served) -> None:
    assert (await light.get("/api/nothing", 404))["title"] == "Not Found"
    assert (await light.ask("PUT", "/api/jobs", 405))["status"] == 405


async def test_an_unknown_job_is_named(light: Served) -> None:
    assert await light.get("/api/jobs/9", 404) == {
        "type": "urn:teckochecker:problem:job-not-found",
        "title": "Not found",
        "status": 404,
        "detail": "Job with ID 9 not found",
    }


async def test_a_wrong_parameter_of_the_address_is_named(light: Served) -> None:
    body = await light.get("/api/jobs", 422, params={"limit": "0", "cursor": "x"})
    assert body["errors"] == [
        {"parameter": "limit", "detail": "'limit' must be int >= 1"},
        {"parameter": "cursor", "detail": "'cursor' must be int | null, not str"},
    ]
