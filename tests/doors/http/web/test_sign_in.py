"""Signing in with a browser that has no scripts, through a proxy that speaks https."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest

from teckochecker.adapters.scripted.keboola import Operation
from teckochecker.application.errors import OutcomeUnknown
from teckochecker.domain.role import Role
from teckochecker.entrypoints.http.access.rule import COOKIE
from tests.doors.http.served import Served, memory, served
from tests.doors.nightly import nightly, with_secrets

THROUGH_THE_PROXY = {"Host": "tecko.example", "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}


@pytest.fixture
async def behind(tmp_path: Path) -> AsyncIterator[Served]:
    """A service behind a reverse proxy on this machine, which asks everybody for a token."""
    here = (ip_network("127.0.0.1"),)
    settings: dict[str, Any] = {"api_auth": "always", "trusted_proxies": here, "allowed_hosts": ("tecko.example",)}
    async with served(memory, tmp_path, trigger_on_unknown="hold", **settings) as opened:
        await with_secrets(opened.tecko)
        await opened.tecko.jobs.create(nightly("batch_a"))
        opened.http.headers.update(THROUGH_THE_PROXY)
        yield opened


async def a_token(service: Served, role: Role, name: str = "anna") -> str:
    """A token in the clear."""
    _, text = await service.container.tokens().create(name, role)
    return text.reveal()


async def send(service: Served, path: str, cookie: str = "", **form: str) -> httpx.Response:
    """Send a form."""
    return await service.http.post(path, data=form, headers={"Cookie": cookie} if cookie else {})


async def see(service: Served, path: str, cookie: str = "") -> httpx.Response:
    """Open a page."""
    return await service.http.get(path, headers={"Cookie": cookie} if cookie else {})


async def signed_in(service: Served, role: Role) -> tuple[str, str]:
    """The cookie of a new session, and what its pages send along with every change."""
    answer = await send(service, "/web/sign-in", token=await a_token(service, role), back="/web/system")
    assert (answer.status_code, answer.headers["location"]) == (303, "/web/system")
    cookie = answer.headers["set-cookie"].partition(";")[0]
    service.http.cookies.clear()
    found = re.search('name="csrf" value="([0-9a-f]{64})"', (await see(service, "/web/system", cookie)).text)
    assert found is not None
    return cookie, found[1]


async def test_whoever_is_unknown_is_led_to_the_field_for_a_token_and_back(behind: Served) -> None:
    answer = await see(behind, "/web?status=held")
    assert (answer.status_code, answer.headers["location"]) == (303, "/web/sign-in?back=%2Fweb%3Fstatus%3Dheld")
    page = await see(behind, answer.headers["location"])
    assert page.status_code == 200
    assert 'name="back" value="/web?status=held"' in page.text
    assert "teckochecker token create NAME --role operator" in page.text
    assert (await see(behind, "/api/jobs")).status_code == 401


async def test_nobody_is_led_to_another_site(behind: Served) -> None:
    for back in ("https://evil.example/web", "//evil.example", "/webevil", ""):
        form = {"token": await a_token(behind, Role.VIEWER, f"t{len(back)}"), "back": back}
        answer = await send(behind, "/web/sign-in", **form)
        assert answer.headers["location"] == "/web"
        behind.http.cookies.clear()


async def test_a_session_is_a_cookie_that_no_script_and_no_other_site_gets(behind: Served) -> None:
    answer = await send(behind, "/web/sign-in", token=await a_token(behind, Role.VIEWER))
    header = answer.headers["set-cookie"].lower()
    assert header.startswith(COOKIE.lower())
    assert all(word in header for word in ("secure", "httponly", "samesite=strict", "path=/"))


async def test_a_wrong_token_is_refused_and_not_shown_again(behind: Served) -> None:
    answer = await send(behind, "/web/sign-in", token="tck_made-up", back="/web/secrets")
    assert answer.status_code == 401
    assert "This token is not known, or it has expired or was revoked." in answer.text
    assert "made-up" not in answer.text
    assert 'name="back" value="/web/secrets"' in answer.text
    assert "set-cookie" not in answer.headers


async def test_plain_http_says_what_signing_in_needs(behind: Served) -> None:
    token = await a_token(behind, Role.ADMIN)
    del behind.http.headers["X-Forwarded-Proto"]
    page = await see(behind, "/web/sign-in")
    assert "Signing in needs https" in page.text
    assert 'name="token"' not in page.text
    answer = await send(behind, "/web/sign-in", token=token)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_the_local_operator_need_not_sign_in(light: Served) -> None:
    page = await light.http.get("/web/sign-in")
    assert "You are let in here as local operator" in page.text


@pytest.mark.parametrize(
    ("role", "works", "keeps", "reads_settings"),
    [(Role.VIEWER, False, False, False), (Role.OPERATOR, True, False, False), (Role.ADMIN, True, True, True)],
)
async def test_pages_show_what_a_role_may_do_and_refuse_the_rest(
    behind: Served, role: Role, works: bool, keeps: bool, reads_settings: bool
) -> None:
    cookie, csrf = await signed_in(behind, role)
    assert ('href="/web/jobs/new"' in (await see(behind, "/web", cookie)).text) is works
    assert ("Add a secret" in (await see(behind, "/web/secrets", cookie)).text) is keeps
    assert ("DATABASE_URL" in (await see(behind, "/web/system", cookie)).text) is reads_settings
    paused = await send(behind, "/web/jobs/1/pause", cookie, csrf=csrf)
    assert paused.status_code == (303 if works else 403)
    kept = await send(
        behind, "/web/secrets", cookie, csrf=csrf, name="more", type="openai", value="sk-0123456789abcdef"
    )
    assert kept.status_code == (303 if keeps else 403)


async def test_a_form_without_the_words_of_its_session_changes_nothing(behind: Served) -> None:
    cookie, csrf = await signed_in(behind, Role.ADMIN)
    for form in ({}, {"csrf": "0" * 64}):
        answer = await send(behind, "/web/jobs/1/pause", cookie, **form)
        assert answer.status_code == 403
        assert "is too old" in answer.text
    assert (await behind.tecko.jobs.get(1)).job.status == "active"
    assert (await send(behind, "/web/jobs/1/pause", cookie, csrf=csrf)).status_code == 303


async def test_signing_out_ends_the_session_itself(behind: Served) -> None:
    cookie, csrf = await signed_in(behind, Role.VIEWER)
    answer = await send(behind, "/web/sign-out", cookie, csrf=csrf)
    assert (answer.status_code, answer.headers["location"]) == (303, "/web/sign-in")
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    assert (await see(behind, "/web", cookie)).status_code == 303


async def test_whose_session_has_ended_is_told_so_and_goes_on_where_they_were(behind: Served) -> None:
    cookie, _ = await signed_in(behind, Role.VIEWER)
    assert "Your session has ended" not in (await see(behind, "/web/sign-in")).text
    await behind.tecko.clock.advance(timedelta(hours=2))
    page = await see(behind, "/web/sign-in?back=/web/jobs/1", cookie)
    assert "Your session has ended. Sign in again, and you go on where you were." in page.text
    assert 'name="back" value="/web/jobs/1"' in page.text


async def test_signing_out_everywhere_ends_the_sessions_of_other_browsers(behind: Served) -> None:
    token = await a_token(behind, Role.OPERATOR, "both")
    browsers = []
    for _ in range(2):
        answer = await send(behind, "/web/sign-in", token=token)
        behind.http.cookies.clear()
        browsers.append(answer.headers["set-cookie"].partition(";")[0])
    page = (await see(behind, "/web", browsers[0])).text
    csrf = re.findall('name="csrf" value="([0-9a-f]{64})"', page)[0]
    await send(behind, "/web/sign-out", browsers[0], csrf=csrf, everywhere="yes")
    for cookie in browsers:
        assert (await see(behind, "/web", cookie)).headers["location"].startswith("/web/sign-in")


async def test_pages_leave_nothing_in_the_browser(behind: Served) -> None:
    cookie, _ = await signed_in(behind, Role.VIEWER)
    assert (await see(behind, "/web", cookie)).headers["cache-control"] == "no-store"


async def test_signing_out_here_leaves_other_browsers_in(behind: Served) -> None:
    token, browsers = await a_token(behind, Role.VIEWER), []
    for _ in range(2):
        browsers.append((await send(behind, "/web/sign-in", token=token)).headers["set-cookie"].partition(";")[0])
        behind.http.cookies.clear()
    [csrf, *_] = re.findall('name="csrf" value="([0-9a-f]{64})"', (await see(behind, "/web", browsers[0])).text)
    await send(behind, "/web/sign-out", browsers[0], csrf=csrf)
    assert [(await see(behind, "/web", cookie)).status_code for cookie in browsers] == [303, 200]


async def test_a_form_whose_session_has_ended_leads_back_to_the_list_and_not_to_its_own_address(behind: Served) -> None:
    answer = await send(behind, "/web/jobs/1/pause")
    assert (answer.status_code, answer.headers["location"]) == (303, "/web/sign-in?back=%2Fweb")


async def test_a_link_from_another_site_is_followed_once_more_so_that_the_cookie_comes_along(behind: Served) -> None:
    for site, again in (("cross-site", True), ("same-origin", False), ("none", False)):
        answer = await behind.http.get("/web/sign-in?back=/web/jobs/1", headers={"Sec-Fetch-Site": site})
        follows = '<meta http-equiv="refresh" content="0; url=/web/sign-in?back=%2Fweb%2Fjobs%2F1">'
        assert (follows in answer.text or follows.replace("%2F", "/") in answer.text) is again


async def test_a_viewer_is_shown_no_cure_that_only_others_may_use(behind: Served) -> None:
    behind.tecko.keboola.fail(Operation.START, OutcomeUnknown("The answer was lost"), times=1)
    behind.tecko.openai.put("batch_a", "completed")
    await behind.tecko.jobs.create(nightly("batch_nowhere"))
    await behind.tecko.advance(timedelta(minutes=30))
    seen = {}
    for role in (Role.VIEWER, Role.OPERATOR):
        cookie, _ = await signed_in(behind, role)
        text = (await see(behind, "/web", cookie)).text + (await see(behind, "/web/jobs/1", cookie)).text
        seen[role] = [part in text for part in ("Edit job</a>", "This is it</button>", "Open job</a>")]
        await behind.container.tokens().revoke("anna")
    assert seen == {Role.VIEWER: [False] * 3, Role.OPERATOR: [True] * 3}


async def test_too_many_wrong_tokens_are_refused_at_the_field_and_with_how_long_to_wait(behind: Served) -> None:
    wrong = [asyncio.ensure_future(send(behind, "/web/sign-in", token="tck_made-up")) for _ in range(40)]
    refusals: list[httpx.Response] = []
    async with asyncio.timeout(10):
        while not refusals:
            answered, _ = await asyncio.wait(wrong, timeout=0.1)
            refusals = [answer.result() for answer in answered if answer.result().status_code == 429]
    assert 'id="e" role="alert">' in refusals[0].text
    for attempt in wrong:
        attempt.cancel()
    await asyncio.gather(*wrong, return_exceptions=True)
