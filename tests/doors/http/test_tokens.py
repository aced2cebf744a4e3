from __future__ import annotations

from teckochecker.domain.role import Role
from tests.doors.http.served import Served

NEW = {"name": "ci", "role": "operator", "expires": "90d"}


async def admin(service: Served) -> dict[str, str]:
    """The header of an admin."""
    _, text = await service.container.tokens().create("root", Role.ADMIN)
    return {"Authorization": f"Bearer {text.reveal()}"}


async def test_a_token_is_told_once_works_and_is_revoked(service: Served) -> None:
    root = await admin(service)
    made = await service.post("/api/admin/tokens", NEW, 201, headers=root)
    assert (made["name"], made["role"], made["expires_at"]) == ("ci", "operator", "2026-04-05T12:00:00.000Z")
    ours = {"Authorization": f"Bearer {made.pop('token')}"}
    await service.get("/api/jobs", headers=ours)
    await service.get("/api/admin/tokens", 403, headers=ours)
    listed = await service.get("/api/admin/tokens", headers=root)
    assert listed["total"] == 2
    assert listed["tokens"][1] == made | {"last_used_at": "2026-01-05T12:00:00.000Z"}
    revoked = await service.ask("DELETE", f"/api/admin/tokens/{made['id']}", 200, headers=root)
    assert revoked["revoked_at"] == "2026-01-05T12:00:00.000Z"
    await service.get("/api/jobs", 401, headers=ours)
    await service.ask("DELETE", "/api/admin/tokens/99", 404, headers=root)


async def test_a_token_that_cannot_be_is_refused_with_all_that_is_wrong(light: Served) -> None:
    body = {"name": " ", "role": "local", "expires": "soon", "bogus": 1}
    answer = await light.post("/api/admin/tokens", body, 422, headers=await admin(light))
    assert {fault["pointer"] for fault in answer["errors"]} == {"/name", "/role", "/expires", "/bogus"}
    assert (await light.post("/api/admin/tokens", NEW, 403))["title"] == "Not permitted"


async def test_the_audit_trail_is_read_page_by_page_and_filtered(service: Served) -> None:
    root = await admin(service)
    await service.post("/api/jobs/1/pause", headers=root | {"X-Request-ID": "r-1"})
    page = await service.get("/api/admin/audit?limit=1&subject=job%201", headers=root)
    (entry,) = page["entries"]
    assert page["total"] == 2
    assert {name: entry[name] for name in ("actor", "role", "peer", "request_id", "action")} == {
        "actor": "root",
        "role": "admin",
        "peer": "127.0.0.1",
        "request_id": "r-1",
        "action": "job.pause",
    }
    assert (entry["before"], entry["after"]) == ({"status": "active"}, {"status": "paused"})
    rest = await service.get(f"/api/admin/audit?subject=job%201&cursor={page['next_cursor']}", headers=root)
    assert [entry["action"] for entry in rest["entries"]] == ["job.create"]
    assert (await service.get("/api/admin/audit?actor=nobody", headers=root))["total"] == 0
