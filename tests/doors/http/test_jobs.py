from __future__ import annotations

from datetime import timedelta

import pytest

from teckochecker.adapters.scripted import Operation
from teckochecker.application.errors import Unavailable
from teckochecker.application.ports import AuditQuery, JobQuery, RunRequest
from teckochecker.domain.batch import BatchStatus
from teckochecker.entrypoints.wire import history_body, job_body, jobs_body
from tests.doors.http.asking import a_job_body
from tests.doors.http.served import Served
from tests.doors.nightly import TOKEN, nightly

MINUTE = timedelta(minutes=1)


async def test_a_job_is_shown_as_the_command_line_prints_it(service: Served) -> None:
    history = await service.tecko.jobs.history(1)
    assert await service.get("/api/jobs/1") == job_body(await service.tecko.jobs.get(1), logs=history)


async def test_the_history_of_a_job_is_bounded_and_may_be_left_out(light: Served) -> None:
    await light.post("/api/jobs/1/pause")
    assert [entry["kind"] for entry in (await light.get("/api/jobs/1"))["logs"]] == ["JobPaused", "JobCreated"]
    newest = await light.get("/api/jobs/1", params={"log_limit": 1})
    assert [entry["kind"] for entry in newest["logs"]] == ["JobPaused"]
    assert "logs" not in await light.get("/api/jobs/1", params={"include_logs": "false"})


async def test_jobs_are_listed_newest_first(service: Served) -> None:
    await service.tecko.jobs.create(nightly("batch_c"))
    assert await service.get("/api/jobs") == jobs_body(await service.tecko.jobs.find(JobQuery()))


async def test_the_guides_body_makes_a_job(service: Served) -> None:
    made = await service.post("/api/jobs", a_job_body(batch_ids=["batch_abc123", "batch_def456"]), 201)
    assert (made["id"], made["name"], made["status"], made["batch_count"]) == (2, "Test job", "active", 2)
    assert (made["openai_secret_name"], made["keboola_secret_name"]) == ("openai-prod", "keboola-prod")
    assert made["poll_interval_seconds"] == 120
    assert made == job_body(await service.tecko.jobs.get(2))


async def test_secrets_may_go_by_their_names(light: Served) -> None:
    asked = a_job_body(
        openai_secret_id=..., openai_secret="openai-prod", keboola_secret_id=..., keboola_secret="keboola-prod"
    )
    made = await light.post("/api/jobs", asked, 201)
    assert (made["openai_secret_id"], made["keboola_secret_id"]) == (1, 2)


async def test_everything_that_a_job_may_have_can_be_asked_for(light: Served) -> None:
    asked = a_job_body(
        branch_id="6",
        row_ids=["101", "102"],
        variables={"country": "CZ"},
        first_check_at="2026-01-06T01:00:00+01:00",
        check=False,
    )
    made = await light.post("/api/jobs", asked, 201)
    assert (made["branch_id"], made["row_ids"], made["variables"]) == ("6", ["101", "102"], {"country": "CZ"})
    assert made["next_check_at"] == "2026-01-06T00:00:00.000Z"


async def test_what_is_null_takes_its_default(light: Served) -> None:
    made = await light.post("/api/jobs", a_job_body(poll_interval_seconds=None, branch_id=None), 201)
    assert (made["poll_interval_seconds"], made["branch_id"]) == (120, None)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_an_edit_changes_only_what_it_names(service: Served, method: str) -> None:
    before = await service.get("/api/jobs/1", params={"include_logs": "false"})
    after = await service.ask(method, "/api/jobs/1", 200, json={"name": "Weekly", "poll_interval_seconds": 300})
    assert {name for name, value in after.items() if value != before[name]} == {
        "name",
        "poll_interval_seconds",
        "version",
    }
    assert (after["name"], after["poll_interval_seconds"]) == ("Weekly", 300)


async def test_an_edit_may_lead_back_to_the_main_branch(light: Served) -> None:
    await light.ask("PATCH", "/api/jobs/1", 200, json={"branch_id": "6"})
    assert (await light.get("/api/jobs/1"))["branch_id"] == "6"
    assert (await light.ask("PATCH", "/api/jobs/1", 200, json={"branch_id": None}))["branch_id"] is None


async def test_a_job_that_would_surely_fail_is_refused_unless_nobody_looks(light: Served) -> None:
    light.tecko.storage.remove("kds-team.app-custom-python", "404")
    asked = a_job_body(keboola_configuration_id="404")
    problem = await light.post("/api/jobs", asked, 409)
    assert problem["type"] == "urn:teckochecker:problem:check-failed"
    assert [one["about"] for one in problem["findings"] if one["level"] == "error"] == ["Configuration"]
    refused = await light.ask("PATCH", "/api/jobs/1", 409, json={"keboola_configuration_id": "404"})
    assert refused["title"] == "Not possible now"
    made = await light.post("/api/jobs", asked | {"check": False}, 201)
    assert made["checked"] is None
    once = await light.post("/api/jobs", asked | {"check": False}, 201, headers={"Idempotency-Key": "k-1"})
    assert once["checked"] is None
    unseen = {"keboola_configuration_id": "404", "check": False}
    assert (await light.ask("PATCH", "/api/jobs/1", 200, json=unseen))["keboola_configuration_id"] == "404"
    checked = await light.post(f"/api/jobs/{made['id']}/check")
    assert {one["level"] for one in checked["checked"]["findings"]} == {"error", "warning", "fine"}


async def test_people_decide_about_a_job(service: Served) -> None:
    assert (await service.post("/api/jobs/1/pause"))["status"] == "paused"
    assert (await service.post("/api/jobs/1/pause", status=409))["title"] == "Not possible in this state"
    assert (await service.post("/api/jobs/1/resume"))["status"] == "active"
    checked = await service.post("/api/jobs/1/check-now")
    assert checked["next_check_at"] == "2026-01-05T12:00:00.000Z"
    assert await service.ask("DELETE", "/api/jobs/1", 200) == {
        "message": "Job deleted successfully",
        "success": True,
    }
    await service.get("/api/jobs/1", 404)


async def test_the_history_tells_what_people_decided(service: Served) -> None:
    await service.post("/api/jobs/1/pause")
    body = await service.get("/api/jobs/1/history", params={"limit": 1})
    assert body["logs"] == history_body(await service.tecko.jobs.history(1, limit=1))
    assert [entry["kind"] for entry in body["logs"]] == ["JobPaused"]


async def test_a_finished_job_runs_again_only_on_purpose(light: Served) -> None:
    for batch in ("batch_a", "batch_b"):
        light.tecko.openai.put(batch, BatchStatus.COMPLETED)
    await light.tecko.advance(5 * MINUTE)
    assert (await light.get("/api/jobs/1"))["status"] == "completed"
    await light.post("/api/jobs/1/retry", status=409)
    again = await light.post("/api/jobs/1/retry", {"again": True})
    assert (again["status"], again["trigger"]["generation"]) == ("completed", 2)


async def test_a_retry_goes_one_way_at_a_time(light: Served) -> None:
    body = await light.post("/api/jobs/1/retry", {"again": True, "send": True}, 422)
    assert "give one" in body["detail"]


async def test_a_run_that_is_not_under_way_cannot_be_cancelled(light: Served) -> None:
    body = await light.post("/api/jobs/1/cancel-run", status=409)
    assert body["detail"] == "Job 'Nightly' has no Keboola run yet"


async def test_a_list_is_narrowed_and_sorted(service: Served) -> None:
    await service.tecko.jobs.create(nightly("batch_c", name="Weekly"))
    await service.tecko.jobs.create(nightly("batch_d", name="alone"))
    await service.post("/api/jobs/2/pause")

    async def ids(**wanted: object) -> list[int]:
        body = await service.get("/api/jobs", params=wanted)
        assert body["total"] == len(body["jobs"])
        return [job["id"] for job in body["jobs"]]

    assert await ids(status="paused") == [2]
    assert await ids(status=["paused", "active"]) == [3, 2, 1]
    assert await ids(secret="keboola-prod") == [3, 2, 1]
    assert await ids(text="week") == [2]
    assert await ids(text="batch_d") == [3]
    assert await ids(sort="name") == [3, 1, 2]
    assert await ids(sort="-name", status="active") == [1, 3]


async def test_completed_jobs_are_found_with_their_failures(light: Served) -> None:
    light.tecko.openai.put("batch_a", BatchStatus.COMPLETED)
    light.tecko.openai.put("batch_b", BatchStatus.FAILED)
    await light.tecko.advance(5 * MINUTE)
    body = await light.get("/api/jobs", params={"status": "completed"})
    assert [job["status"] for job in body["jobs"]] == ["completed_with_failures"]


async def test_pages_lead_from_one_to_the_next(service: Served) -> None:
    for number in range(4):
        await service.tecko.jobs.create(nightly("batch_c", name=f"job {number}"))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        body = await service.get("/api/jobs", params={"limit": 2, "sort": "name", **cursor})
        assert body["total"] == 5
        seen += [job["name"] for job in body["jobs"]]
        if body["next_cursor"] is None:
            break
        cursor = {"cursor": body["next_cursor"]}
    assert seen == ["job 0", "job 1", "job 2", "job 3", "Nightly"]


async def test_the_end_of_a_list_does_not_lead_to_its_beginning(light: Served) -> None:
    assert (await light.get("/api/jobs", params={"cursor": 0}))["total"] == 1
    assert (await light.get("/api/jobs"))["next_cursor"] is None
    await light.get("/api/jobs", 422, params={"cursor": "null"})


async def test_what_a_list_cannot_be_narrowed_by_is_named(light: Served) -> None:
    assert (await light.get("/api/jobs", 404, params={"secret": "nobody"}))["field"] == "secret"
    body = await light.get("/api/jobs", 422, params={"status": "sleeping", "sort": "size"})
    assert {fault["parameter"] for fault in body["errors"]} == {"status", "sort"}


async def test_an_edit_may_insist_that_nobody_decided_anything_since(light: Served) -> None:
    seen = (await light.http.get("/api/jobs/1")).headers["etag"]
    await light.tecko.advance(5 * MINUTE)
    assert (await light.http.get("/api/jobs/1")).headers["etag"] == seen
    edited = await light.http.patch("/api/jobs/1", json={"name": "First"}, headers={"If-Match": seen})
    assert (edited.status_code, edited.headers["etag"] != seen) == (200, True)
    late = await light.ask("PATCH", "/api/jobs/1", 412, json={"name": "Second"}, headers={"If-Match": seen})
    assert "was changed meanwhile" in late["detail"]
    await light.ask("PATCH", "/api/jobs/1", 200, json={"name": "Third"}, headers={"If-Match": "*"})
    unquoted = (await light.http.get("/api/jobs/1")).headers["etag"].strip('"')
    await light.ask("PATCH", "/api/jobs/1", 200, json={"name": "Fourth"}, headers={"If-Match": unquoted})
    await light.ask("PATCH", "/api/jobs/1", 412, json={"name": "Fifth"}, headers={"If-Match": unquoted})
    for odd in ("W/x", 'W/"3"', "", '"3', '"3", "4"', '"x"'):
        await light.ask("PATCH", "/api/jobs/1", 400, json={"name": "Fifth"}, headers={"If-Match": odd})


async def test_a_run_that_is_under_way_is_cancelled(light: Served) -> None:
    for batch in ("batch_a", "batch_b"):
        light.tecko.openai.put(batch, BatchStatus.COMPLETED)
    light.tecko.keboola.duration = timedelta(hours=1)
    await light.tecko.advance(3 * MINUTE)
    await light.post("/api/jobs/1/cancel-run")
    await light.tecko.advance(5 * MINUTE)
    body = await light.get("/api/jobs/1")
    assert (body["status"], body["trigger"]["run"]["status"]) == ("completed", "terminated")


async def test_a_held_job_takes_the_run_that_a_person_found(light: Served) -> None:
    for batch in ("batch_a", "batch_b"):
        light.tecko.openai.put(batch, BatchStatus.COMPLETED)
    light.tecko.keboola.revoke(TOKEN)
    await light.tecko.advance(3 * MINUTE)
    light.tecko.keboola.accept(TOKEN)
    request = RunRequest(target=(await light.tecko.jobs.get(1)).job.target, variables={})
    run = light.tecko.keboola.by_hand(request, token_id="7").id
    body = await light.post("/api/jobs/1/retry", {"adopt": run})
    assert (body["status"], body["trigger"]["run"]["id"]) == ("completed", run)
    assert len(light.tecko.keboola.runs) == 1


async def test_a_held_job_is_sent_when_a_person_says_that_there_is_no_run(light: Served) -> None:
    for batch in ("batch_a", "batch_b"):
        light.tecko.openai.put(batch, BatchStatus.COMPLETED)
    light.tecko.keboola.revoke(TOKEN)
    await light.tecko.advance(3 * MINUTE)
    light.tecko.keboola.accept(TOKEN)
    refused = await light.post("/api/jobs/1/retry", {"again": True}, 409)
    assert refused["title"] == "Not possible in this state"
    await light.post("/api/jobs/1/retry", {"send": True})
    (entry,) = (await light.container.audit().find(AuditQuery(action="job.retry"))).entries
    assert dict(entry.after or {})["send"] is True


async def test_a_service_that_says_when_to_come_again_is_believed(light: Served) -> None:
    for batch in ("batch_a", "batch_b"):
        light.tecko.openai.put(batch, BatchStatus.COMPLETED)
    light.tecko.keboola.duration = timedelta(hours=1)
    await light.tecko.advance(3 * MINUTE)
    now = light.container.clock().now()
    light.tecko.keboola.fail(Operation.KILL, Unavailable("Maintenance", retry_at=now + timedelta(seconds=90)))
    answer = await light.http.post("/api/jobs/1/cancel-run")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "90")
