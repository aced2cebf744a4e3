from __future__ import annotations

from tests.doors.http.served import Served
from tests.doors.nightly import KEY, nightly

NEW = {"name": "openai-test", "type": "openai", "value": "sk-brand-new-0123456789"}


async def test_a_secret_goes_in_and_its_value_never_comes_out(service: Served) -> None:
    made = await service.post("/api/admin/secrets", NEW, 201)
    assert made == {
        "id": 3,
        "name": "openai-test",
        "type": "openai",
        "base_url": None,
        "project": None,
        "held_reason": None,
        "created_at": "2026-01-05T12:00:00.000Z",
        "replaced_at": None,
    }
    listed = await service.get("/api/admin/secrets")
    assert (listed["total"], listed["secrets"][2]) == (3, made)
    assert await service.get("/api/admin/secrets/3") == made
    everything = f"{listed} {await service.get('/api/jobs/1')}"
    assert NEW["value"] not in everything
    assert KEY not in everything


async def test_a_name_is_taken_once(service: Served) -> None:
    await service.post("/api/admin/secrets", NEW, 201)
    assert (await service.post("/api/admin/secrets", NEW, 409))["detail"] == "Secret 'openai-test' already exists"


async def test_a_new_value_is_noted(service: Served) -> None:
    replaced = await service.ask("PUT", "/api/admin/secrets/1", 200, json={"value": "sk-another-0123456789"})
    assert (replaced["name"], replaced["replaced_at"]) == ("openai-prod", "2026-01-05T12:00:00.000Z")


async def test_a_secret_that_jobs_need_stays_and_names_them(service: Served) -> None:
    await service.tecko.jobs.create(nightly("batch_c", name="Weekly"))
    body = await service.ask("DELETE", "/api/admin/secrets/1", 409)
    assert body["jobs"] == ["Nightly", "Weekly"]
    assert "Secret 'openai-prod' is used by: 'Nightly', 'Weekly'" in body["detail"]


async def test_a_secret_that_nobody_needs_is_deleted_and_finished_jobs_stay(service: Served) -> None:
    await service.post("/api/admin/secrets", NEW, 201)
    done = {"message": "Secret deleted successfully", "success": True}
    assert await service.ask("DELETE", "/api/admin/secrets/3", 200) == done
    await service.get("/api/admin/secrets/3", 404)
    await service.ask("DELETE", "/api/jobs/1", 200)
    assert await service.ask("DELETE", "/api/admin/secrets/1", 200) == done
    assert (await service.get("/api/admin/secrets"))["total"] == 1


async def test_a_value_is_told_in_no_refusal(light: Served) -> None:
    answer = await light.http.post("/api/admin/secrets", json=NEW | {"value": "sk-with space"})
    assert answer.status_code == 422
    assert "sk-with" not in answer.text


async def test_an_address_that_is_empty_is_refused(empty: Served) -> None:
    body = {"name": "openai", "type": "openai", "value": "sk-1", "base_url": " "}
    assert "leave it out" in (await empty.post("/api/admin/secrets", body, 422))["detail"]
