"""What nobody sends by accident is answered alike whatever the database: in a sentence, and never by a failure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from teckochecker.domain.role import Role
from tests.doors.http.served import STORAGES, Served, postgresql, served
from tests.doors.nightly import nightly, with_secrets

CONTROL = ["\0", "\x1b", "\u2028"]
TOO_LARGE = str(2**63)


@pytest.fixture(params=[*STORAGES, postgresql], ids=lambda storage: storage.__name__)
async def asked(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Served]:
    """A service whose admin asks, with a job, on every storage in turn."""
    async with served(request.param, tmp_path) as opened:
        await with_secrets(opened.tecko)
        await opened.tecko.jobs.create(nightly("batch_a"))
        await opened.tecko.jobs.create(nightly("batch_b", name="Week  ly"))
        _, token = await opened.container.tokens().create("root", Role.ADMIN)
        opened.http.headers["Authorization"] = f"Bearer {token.reveal()}"
        yield opened


async def test_control_characters_count_as_spaces_in_what_a_list_is_narrowed_by(asked: Served) -> None:
    for sign in map(quote, CONTROL):

        async def total(path: str, sign: str = sign, **how: Any) -> int:
            return int((await asked.get(path.replace("_", sign), **how))["total"])

        assert await total("/api/jobs?text=_night_") == 1
        assert await total("/api/jobs?text=night_l") == 0
        assert await total("/api/jobs?text=_") == await total("/api/jobs?text=%20") == 2
        assert await total("/api/jobs?text=Week__l") == 1
        assert await total("/api/jobs?secret=_openai-prod_") == 2
        assert await total("/api/admin/audit?actor=_library_") == 5
        assert await total("/api/admin/audit?action=_Job._") == 2
        assert await total("/api/admin/audit?subject=_job%201_") == 1
        told = await asked.get(f"/api/jobs?secret=a{sign}b", 404)
        assert (told["detail"], told["field"]) == (
            "Secret not found: 'a b'; list them with: teckochecker secret list",
            "secret",
        )


BY_NUMBER = [
    ("GET", "/api/jobs/{}", "job_id"),
    ("POST", "/api/jobs/{}/pause", "job_id"),
    ("GET", "/api/jobs/{}/history", "job_id"),
    ("GET", "/api/jobs?cursor={}", "cursor"),
    ("GET", "/api/admin/secrets/{}", "secret_id"),
    ("DELETE", "/api/admin/tokens/{}", "token_id"),
    ("GET", "/api/admin/audit?cursor={}", "cursor"),
    ("GET", "/api/events?job_id={}", "job_id"),
]


async def test_a_number_that_no_id_can_be_is_refused_by_its_name(asked: Served) -> None:
    for number, sentence in {TOO_LARGE: f"<= {2**63 - 1}", "0": ">= {}", "-1": ">= {}"}.items():
        for method, path, name in BY_NUMBER:
            least = 0 if name == "cursor" else 1
            if int(number) != least:
                told = await asked.ask(method, path.format(number), 422)
                detail = f"'{name}' must be int {sentence.format(least)}"
                assert told["errors"] == [{"parameter": name, "detail": detail}]
    page = await asked.http.get(f"/web/jobs/{TOO_LARGE}")
    assert page.status_code in (404, 422)
    assert page.headers["content-type"].startswith("text/html")


async def test_a_webhook_of_no_possible_name_is_as_unknown_as_any_other(asked: Served) -> None:
    answers = [await asked.post(f"/api/webhooks/{name}", {}, 400) for name in ("%00", "a%00b", "nobody")]
    assert answers[0] == answers[1] == answers[2]


async def test_what_has_control_characters_elsewhere_is_no_address_and_no_http(light: Served) -> None:
    for path in ("/api/jobs/%00", "/api/jobs/1%00", "/api%00/jobs", "/%0a", "/web/jobs/1%1b"):
        assert (await light.http.get(path)).status_code == 404
    for name in ("If-Match", "Idempotency-Key", "Last-Event-ID", "X-Request-ID", "Authorization"):
        assert (await light.http.get("/api/jobs", headers=[(name, "a\x01b")])).status_code == 400
