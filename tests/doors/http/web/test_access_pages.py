"""Tokens and the audit trail, as an admin sees them and nobody else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from teckochecker.domain.role import Role
from tests.doors.http.served import Served
from tests.doors.http.web.visit import page, press, refused


@pytest.fixture
async def admin(light: Served) -> Served:
    """The service, asked by an admin."""
    _, token = await light.container.tokens().create("anna", Role.ADMIN)
    light.http.headers["Authorization"] = f"Bearer {token.reveal()}"
    return light


async def test_a_token_is_shown_once_and_lets_its_holder_in(admin: Served) -> None:
    made = await refused(admin, "/web/tokens", 200, name="ci", role="viewer", expires="30d")
    found = re.search("tck_[0-9A-Za-z]{49}", made)
    assert found is not None
    assert f'data-copy="{found[0]}"' in made
    assert found[0] not in await page(admin, "/web/tokens")
    token = await admin.container.tokens().holder(found[0])
    assert token is not None
    assert (token.name, token.role) == ("ci", Role.VIEWER)
    assert token.expires_at is not None


async def test_a_token_that_cannot_be_made_says_why_and_keeps_what_was_typed(admin: Served) -> None:
    assert 'value="anna"' in await refused(admin, "/web/tokens", 409, name="anna", role="admin", expires="")
    assert "Invalid role" in await refused(admin, "/web/tokens", 422, name="more", role="local", expires="")
    assert "Invalid lifetime" in await refused(admin, "/web/tokens", 422, name="more", role="viewer", expires="soon")


async def test_a_token_is_revoked_after_a_question_that_names_it(admin: Served) -> None:
    token, text = await admin.container.tokens().create("ci", Role.VIEWER)
    assert "Revoke “ci”?" in await page(admin, f"/web/tokens/{token.id}/revoke")
    assert await admin.container.tokens().holder(text.reveal()) is not None
    assert await press(admin, f"/web/tokens/{token.id}/revoke") == "/web/tokens"
    assert await admin.container.tokens().holder(text.reveal()) is None
    assert "revoked" in await page(admin, "/web/tokens")
    assert "There is no token with ID 99" in await page(admin, "/web/tokens/99/revoke", 404)


async def test_a_token_that_has_expired_says_so(admin: Served) -> None:
    await admin.container.tokens().create("ci", Role.VIEWER, lasts=timedelta(days=7))
    assert "</svg>expired</span>" not in await page(admin, "/web/tokens")
    await admin.tecko.clock.advance(timedelta(days=8))
    assert "</svg>expired</span>" in await page(admin, "/web/tokens")


async def test_the_trail_tells_who_changed_what_and_how(admin: Served) -> None:
    await press(admin, "/web/jobs/1/pause")
    text = await page(admin, "/web/audit")
    assert "<code>job.pause</code>" in text
    assert "active → paused" in text
    assert "127.0.0.1" in text
    assert text.index("job.pause") < text.index("job.create")
    assert "<dt>batch_ids</dt><dd>batch_a, batch_b</dd>" in text
    assert "job.create" not in await page(admin, "/web/audit?actor=anna")
    assert "Nothing found" in await page(admin, "/web/audit?subject=job+99")


async def test_the_trail_goes_on_over_pages(admin: Served) -> None:
    for _ in range(30):
        await press(admin, "/web/jobs/1/pause")
        await press(admin, "/web/jobs/1/resume")
    text = await page(admin, "/web/audit?subject=job+1")
    older = re.search(r'href="(/web/audit\?[^"]*after=\d+)"', text)
    assert older is not None
    last = await page(admin, older[1].replace("&amp;", "&"))
    assert "job.create" in last
    assert "Older" not in last


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, None])
async def test_nobody_else_sees_or_changes_who_may_come_in(light: Served, role: Role | None) -> None:
    if role:
        _, token = await light.container.tokens().create("bob", role)
        light.http.headers["Authorization"] = f"Bearer {token.reveal()}"
    for path in ("/web/tokens", "/web/audit", "/web/tokens/1/revoke"):
        text = await page(light, path, 403)
        assert "it takes a token with the role admin" in text
        assert f"You are {f'bob, {role.value}' if role else 'local operator, local'}." in text
    await refused(light, "/web/tokens", 403, name="more", role="admin", expires="")
    await refused(light, "/web/tokens/1/revoke", 403)
    assert "/web/tokens" not in await page(light, "/web")


async def test_the_trail_is_shown_in_the_terminal_look_too(admin: Served) -> None:
    admin.http.cookies.set("theme", "terminal")
    assert "job.create" in await page(admin, "/web/audit")
