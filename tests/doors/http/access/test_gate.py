"""The gate before the really running application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import evolve

from teckochecker.application.ports import AuditQuery
from teckochecker.domain.role import Role
from teckochecker.domain.session import SessionText
from teckochecker.entrypoints.http.access.gate import Gate
from teckochecker.entrypoints.http.access.rule import COOKIE
from teckochecker.entrypoints.http.app import http_app
from teckochecker.entrypoints.http.journal import Journal
from tests.builders import HOUR, MINUTE
from tests.doors.http.served import STORAGES, Served, listening, memory, served
from tests.doors.nightly import nightly, with_secrets

HERE = (ip_network("127.0.0.1"),)


@pytest.fixture(params=STORAGES, ids=lambda storage: storage.__name__)
async def strict(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Served]:
    """A service that asks everybody for a token, on every storage in turn."""
    async with served(request.param, tmp_path, api_auth="always") as opened:
        yield opened


@pytest.fixture
async def behind(tmp_path: Path) -> AsyncIterator[Served]:
    """A service behind a reverse proxy on this machine."""
    settings: dict[str, Any] = {"api_auth": "always", "trusted_proxies": HERE, "allowed_hosts": ("tecko.example",)}
    async with served(memory, tmp_path, **settings) as opened:
        await with_secrets(opened.tecko)
        await opened.tecko.jobs.create(nightly("batch_a"))
        yield opened


async def bearer(service: Served, role: Role, name: str = "ci", *, lasts: timedelta | None = None) -> dict[str, str]:
    """The header of a new token."""
    _, text = await service.container.tokens().create(name, role, lasts=lasts)
    return {"Authorization": f"Bearer {text.reveal()}"}


async def signed_in(service: Served, role: Role = Role.ADMIN) -> tuple[dict[str, str], SessionText]:
    """What a browser sends of a new session through the proxy, and the session."""
    _, text = await service.container.tokens().create("anna", role)
    session, _ = await service.container.sessions().open(text.reveal())
    headers = {
        "Host": "tecko.example",
        "X-Forwarded-For": "1.2.3.4",
        "X-Forwarded-Proto": "https",
        "Cookie": f"{COOKIE}={session.reveal()}",
        "Origin": "https://tecko.example",
        "Sec-Fetch-Site": "same-origin",
    }
    return headers, session


async def status(service: Served, method: str, path: str, headers: dict[str, str] | None = None, **how: Any) -> int:
    return (await service.http.request(method, path, headers=headers, **how)).status_code


# Who comes in


async def test_without_a_token_nothing_but_health_and_the_welcome_answers(strict: Served) -> None:
    body = await strict.get("/api/jobs", 401)
    assert body["detail"].startswith("Send a token: 'Authorization: Bearer tck_...'")
    assert (await strict.http.get("/api/jobs")).headers["www-authenticate"] == "Bearer"
    for path, expected in {"/": 200, "/web": 303, "/api/admin/tokens": 401, "/nowhere": 404}.items():
        assert await status(strict, "GET", path) == expected
    assert await status(strict, "GET", "/api/health") in (200, 503)


async def test_each_role_may_what_it_may(strict: Served) -> None:
    rights = {
        Role.VIEWER: [200, 403, 403, 403, 403],
        Role.OPERATOR: [200, 404, 403, 403, 403],
        Role.ADMIN: [200, 404, 404, 200, 200],
    }
    for role, expected in rights.items():
        headers = await bearer(strict, role, role.value)
        assert [
            await status(strict, "GET", "/api/jobs", headers),
            await status(strict, "POST", "/web/jobs/99/pause", headers),
            await status(strict, "POST", "/web/secrets/99/delete", headers),
            await status(strict, "GET", "/api/admin/tokens", headers),
            await status(strict, "GET", "/api/admin/audit", headers),
        ] == expected, role


async def test_a_token_that_is_revoked_or_has_expired_is_refused_at_once(light: Served) -> None:
    short, gone = await bearer(light, Role.VIEWER, "short", lasts=HOUR), await bearer(light, Role.VIEWER, "gone")
    assert [await status(light, "GET", "/api/jobs", headers) for headers in (short, gone)] == [200, 200]
    await light.tecko.advance(HOUR)
    await light.container.tokens().revoke("gone")
    assert [await status(light, "GET", "/api/jobs", headers) for headers in (short, gone)] == [401, 401]


async def test_the_local_operator_does_what_the_guide_shows_and_no_more(light: Served) -> None:
    assert await status(light, "GET", "/api/jobs") == 200
    assert await status(light, "GET", "/web") == 200
    assert await status(light, "POST", "/web/jobs/1/pause") == 303
    for path in ("/api/admin/tokens", "/api/admin/audit"):
        refused = await light.get(path, 403)
        assert refused["detail"] == "This is not for the local operator; it takes a token with the role admin"


async def test_a_wrong_token_is_refused_where_no_token_would_do_and_logged_without_it(
    light: Served, caplog: pytest.LogCaptureFixture
) -> None:
    assert await status(light, "GET", "/api/jobs", {"Authorization": "Bearer tck_wrong"}) == 401
    assert caplog.messages == ["A wrong token came from 127.0.0.1"]
    assert await status(light, "GET", "/api/health", {"Authorization": "Bearer tck_wrong"}) in (200, 503)


async def test_what_somebody_does_is_written_down_in_their_name(strict: Served) -> None:
    await with_secrets(strict.tecko)
    await strict.tecko.jobs.create(nightly("batch_a"))
    headers = await bearer(strict, Role.OPERATOR, "anna") | {"X-Request-ID": "r-17"}
    assert await status(strict, "POST", "/web/jobs/1/pause", headers) == 303
    (entry,) = (await strict.container.audit().find(AuditQuery(action="job.pause"))).entries
    assert (entry.actor.name, entry.actor.role, entry.actor.peer) == ("anna", Role.OPERATOR, "127.0.0.1")
    assert entry.actor.request_id == "r-17"


async def test_off_lets_in_everybody_but_to_tokens(tmp_path: Path) -> None:
    async with served(memory, tmp_path, api_auth="off", trusted_proxies=HERE) as service:
        stranger = {"X-Forwarded-For": "1.2.3.4"}
        assert await status(service, "GET", "/api/jobs", stranger) == 200
        assert await status(service, "GET", "/api/admin/tokens", stranger) == 403


# How often


async def test_too_many_requests_are_told_when_to_go_on(tmp_path: Path) -> None:
    async with served(memory, tmp_path, api_auth="always", rate_limit_read=3, rate_limit_write=1) as service:
        one, two = await bearer(service, Role.ADMIN, "one"), await bearer(service, Role.ADMIN, "two")
        assert [await status(service, "GET", "/api/jobs", one) for _ in range(4)] == [200, 200, 200, 429]
        assert [await status(service, "POST", "/web/jobs/9/pause", one) for _ in range(2)] == [404, 429]
        assert await status(service, "GET", "/api/jobs", two) == 200
        refused = await service.http.get("/api/jobs", headers=one)
        assert refused.headers["retry-after"] == "20"
        assert refused.headers["content-type"] == "application/problem+json"
        assert [await status(service, "GET", "/api/health", one) for _ in range(5)].count(429) == 0
        await service.tecko.advance(MINUTE)
        assert await status(service, "GET", "/api/jobs", one) == 200


async def test_the_local_operator_is_not_limited(tmp_path: Path) -> None:
    async with served(memory, tmp_path, rate_limit_read=1, rate_limit_write=1) as service:
        assert [await status(service, "GET", "/api/jobs") for _ in range(5)] == [200] * 5


async def test_everybody_else_is_counted_however_they_come(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"trusted_proxies": HERE, "allowed_hosts": ("tecko.example",), "rate_limit_read": 1}
    async with served(memory, tmp_path, api_auth="always", **settings) as service:
        headers, _ = await signed_in(service)
        kinds: dict[int, dict[str, str]] = {
            200: headers,
            401: headers | {"X-Forwarded-For": "2.2.2.2", "Cookie": f"{COOKIE}={'x' * 43}"},
            400: {"X-Forwarded-For": "3.3.3.3", "Host": "evil.example"},
        }
        for expected, sent in kinds.items():
            assert [await status(service, "GET", "/api/jobs", sent) for _ in range(2)] == [expected, 429]
    async with served(memory, tmp_path, api_auth="off", rate_limit_read=1) as service:
        assert [await status(service, "GET", "/api/jobs") for _ in range(2)] == [200, 429]


async def test_strangers_are_counted_by_the_address_that_the_proxy_tells(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"api_auth": "always", "trusted_proxies": HERE, "rate_limit_read": 1}
    async with served(memory, tmp_path, **settings) as service:

        async def seen(forwarded: str) -> int:
            return await status(service, "GET", "/api/jobs", {"X-Forwarded-For": forwarded})

        assert [await seen("1.1.1.1"), await seen("6.6.6.6, 1.1.1.1"), await seen("2.2.2.2")] == [401, 429, 401]


async def test_wrong_tokens_are_slowed_and_a_valid_one_is_not(light: Served) -> None:
    good, wrong = await bearer(light, Role.VIEWER), {"Authorization": "Bearer tck_wrong"}
    assert [await status(light, "GET", "/api/jobs", wrong) for _ in range(5)] == [401] * 5
    sixth = asyncio.create_task(status(light, "GET", "/api/jobs", wrong))
    assert [await status(light, "GET", "/api/jobs", good) for _ in range(20)] == [200] * 20
    assert not sixth.done()
    await light.tecko.advance(MINUTE)
    assert await sixth == 401


async def test_wrong_tokens_at_the_sign_in_page_are_counted_with_those_of_the_api(behind: Served) -> None:
    secure = {"Host": "tecko.example", "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}
    wrong = secure | {"Authorization": "Bearer tck_wrong"}
    assert [await status(behind, "GET", "/api/jobs", wrong) for _ in range(5)] == [401] * 5
    page = asyncio.create_task(status(behind, "POST", "/web/sign-in", secure, data={"token": "tck_wrong"}))
    elsewhere = wrong | {"X-Forwarded-For": "5.6.7.8"}
    assert await status(behind, "GET", "/api/jobs", elsewhere) == 401
    assert not page.done()
    await behind.tecko.advance(MINUTE)
    assert await page == 401


# Sessions


async def test_a_session_is_known_over_https_and_nowhere_else(behind: Served) -> None:
    headers, _ = await signed_in(behind)
    assert await status(behind, "GET", "/api/jobs", headers) == 200
    assert await status(behind, "GET", "/api/jobs", headers | {"X-Forwarded-Proto": "http"}) == 401
    assert await status(behind, "GET", "/api/jobs", headers | {"Cookie": f"{COOKIE}={'x' * 43}"}) == 401


async def test_a_session_changes_things_with_the_token_of_its_own_pages(behind: Served) -> None:
    headers, session = await signed_in(behind)
    _, other = await signed_in_again(behind)
    path = "/web/jobs/1/pause"
    assert await status(behind, "POST", path, headers) == 403
    assert await status(behind, "POST", path, headers | {"X-CSRF-Token": other.csrf}) == 403
    assert await status(behind, "POST", path, headers, data={"csrf": "ž"}) == 403
    assert await status(behind, "POST", path, headers, data={"csrf": session.csrf}) == 303
    assert await status(behind, "POST", "/web/jobs/1/resume", headers | {"X-CSRF-Token": session.csrf}) == 303


async def signed_in_again(service: Served) -> tuple[str, SessionText]:
    _, text = await service.container.tokens().create("ben", Role.ADMIN)
    session, token = await service.container.sessions().open(text.reveal())
    return token.name, session


async def test_a_page_of_another_site_cannot_use_a_session(behind: Served) -> None:
    headers, session = await signed_in(behind)
    forged = headers | {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert await status(behind, "POST", "/web/jobs/1/pause", forged, data={"csrf": session.csrf}) == 403


# Names


async def test_a_foreign_name_is_refused_and_a_token_may_use_any(behind: Served) -> None:
    headers = {"Host": "rebound.example"}
    refused = await behind.http.get("/web", headers=headers)
    assert refused.status_code == 400
    assert "ALLOWED_HOSTS" in refused.json()["detail"]
    assert await status(behind, "GET", "/api/jobs", headers | await bearer(behind, Role.VIEWER)) == 200
    assert await status(behind, "GET", "/api/health", headers) in (200, 503)


# Bodies


async def test_a_body_that_is_too_large_is_refused(light: Served) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 100_000

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert await status(light, "POST", "/web/secrets", form, content=b"x" * 1_000_001) == 413
    assert await status(light, "POST", "/web/secrets", form, content=endless()) == 413


@pytest.mark.parametrize("drips", [False, True])
async def test_a_body_that_does_not_come_in_time_is_not_waited_for(light: Served, drips: bool) -> None:
    app = http_app(light.container)
    journal = app.asgi_handler
    assert isinstance(journal, Journal)
    assert isinstance(journal.app, Gate)
    app.asgi_handler = evolve(journal, app=evolve(journal.app, body_within=timedelta(milliseconds=200)))
    async with listening(app) as client:
        where = client.base_url
        reader, writer = await asyncio.open_connection(where.host, where.port)
        head = (
            f"POST /api/admin/secrets HTTP/1.1\r\nHost: {where.netloc.decode()}\r\nContent-Type: application/json\r\n"
        )
        writer.write(f"{head}Content-Length: 900000\r\n\r\n{{".encode())
        answer = asyncio.create_task(reader.readline())
        async with asyncio.timeout(10):
            while drips and not answer.done():
                writer.write(b" ")
                await asyncio.wait({answer}, timeout=0.02)
            assert (await answer).startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_nothing_here_speaks_websocket(light: Served) -> None:
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    asked: Any = {"type": "websocket", "path": "/api/events", "query_string": b"", "headers": [], "subprotocols": []}
    await http_app(light.container)(asked, receive, send)
    assert told == [{"type": "websocket.close", "code": 1008, "reason": ""}]


# Headers


EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


async def test_every_answer_tells_browsers_what_they_may_do(light: Served) -> None:
    answers = [await light.http.get(path) for path in ("/", "/web", "/api/jobs", "/nowhere", "/api/admin/tokens")]
    answers.append(await light.http.get("/api/jobs", headers={"Authorization": "Bearer x"}))
    answers.append(await light.http.get("/api/jobs", headers={"Host": "evil.example"}))
    assert [answer.status_code for answer in answers] == [200, 200, 200, 404, 403, 401, 400]
    for answer in answers:
        told = {name: answer.headers[name] for name in EVERYWHERE}
        assert told == EVERYWHERE
        assert "strict-transport-security" not in answer.headers
        assert (answer.headers.get("cache-control") == "no-store") == answer.url.path.startswith(("/api/", "/web"))
    policies = [answer.headers["content-security-policy"] for answer in answers]
    assert policies[1] == (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    assert {*policies[:1], *policies[2:]} == {"default-src 'none'; frame-ancestors 'none'"}


async def test_https_alone_is_told_to_stay_https(behind: Served) -> None:
    secure = await behind.http.get("/api/jobs", headers={"X-Forwarded-Proto": "https"})
    assert secure.headers["strict-transport-security"] == "max-age=31536000"


# Other sites


async def preflight(service: Served, origin: str) -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return await service.http.request("OPTIONS", "/api/jobs", headers=asked)


async def test_other_sites_read_nothing_unless_they_are_listed(light: Served) -> None:
    answer = await light.http.get("/api/health", headers={"Origin": "http://localhost:3000"})
    assert "access-control-allow-origin" not in answer.headers
    assert (await preflight(light, "http://localhost:3000")).status_code == 403


async def test_a_listed_site_uses_the_api_with_a_token_and_never_with_cookies(tmp_path: Path) -> None:
    async with served(memory, tmp_path, cors_origins=("http://localhost:3000",)) as service:
        token = await bearer(service, Role.VIEWER)
        ours, foreign = {"Origin": "http://localhost:3000"}, {"Origin": "http://localhost:3001"}
        allowed = await preflight(service, "http://localhost:3000")
        assert allowed.status_code == 204
        assert allowed.headers["access-control-allow-methods"] == "GET, POST, PUT, PATCH, DELETE"
        assert allowed.headers["access-control-allow-headers"] == (
            "Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID, X-Request-ID"
        )
        read = await service.http.get("/api/jobs", headers=ours | token)
        assert (read.status_code, read.headers["access-control-allow-origin"]) == (200, "http://localhost:3000")
        assert read.headers["vary"] == "Origin"
        assert read.headers["access-control-expose-headers"] == (
            "ETag, Idempotency-Replayed, Location, Retry-After, X-Request-ID"
        )
        for answer in (allowed, read):
            assert "access-control-allow-credentials" not in answer.headers
        assert (await service.http.get("/api/jobs", headers=ours)).status_code == 401
        assert (await preflight(service, "http://localhost:3001")).status_code == 403
        strange = await service.http.get("/api/jobs", headers=foreign | token)
        assert "access-control-allow-origin" not in strange.headers
        page = await service.http.get("/web", headers=ours | token)
        assert "access-control-allow-origin" not in page.headers


async def test_a_star_lets_every_site_in_that_has_a_token(tmp_path: Path) -> None:
    async with served(memory, tmp_path, cors_origins=("*",)) as service:
        answer = await service.http.get("/api/health", headers={"Origin": "https://any.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
