"""Signing in at a browser, through a proxy that speaks https: what a session lets people do, and when it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest
from playwright.async_api import Browser, expect

from teckochecker.application.ports import AuditQuery
from teckochecker.domain.role import Role
from teckochecker.entrypoints.http.access.rule import COOKIE
from teckochecker.entrypoints.http.events import KEEP_ALIVE
from tests.browser.browsers import Visit, visiting
from tests.browser.https import CLIENT, a_token, sign_in

HOUR = timedelta(hours=1)

FORCED: Final = r"""async ([path, fields]) => {
    const csrf = document.querySelector("input[name=csrf]").value;
    const answer = await fetch(path, { method: "POST", body: new URLSearchParams({ csrf, ...fields }) });
    return [answer.status, (await answer.text()).match(/This is not for [^<]+?\./)?.[0] ?? ""];
}"""
"""What a page sends when somebody writes by hand the form that it does not show."""


async def test_a_token_becomes_a_session_and_leads_on_to_the_page_asked_for(secured: Visit) -> None:
    page, token = secured.page, await a_token(secured.service, Role.OPERATOR)
    await secured.open("/web?status=paused")
    await sign_in(secured, "tck_made-up")
    await expect(page.locator("#e")).to_have_text("This token is not known, or it has expired or was revoked.")
    await expect(page.locator("#t")).to_have_value("")
    await expect(page.locator("#t")).to_be_focused()
    assert await secured.barriers() == []
    await sign_in(secured, token)
    await page.wait_for_url(f"{secured.base}/web?status=paused")
    [cookie] = [one for one in await page.context.cookies() if one["name"] == COOKIE]
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"], cookie["expires"]) == (True, True, "Strict", -1)
    kept = await page.evaluate("document.cookie + JSON.stringify([localStorage, sessionStorage])")
    assert cookie["value"] not in kept
    assert token not in kept
    [opened] = (await secured.service.container.audit().find(AuditQuery(action="session."))).entries
    assert (opened.actor.name, opened.actor.peer) == ("operator", CLIENT)
    secured.complaints = [text for text in secured.complaints if "401" not in text]  # the wrong token's answer


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.ADMIN])
async def test_each_role_sees_what_it_may_do_and_is_refused_the_rest(secured: Visit, role: Role) -> None:
    works, keeps = role is not Role.VIEWER, role is Role.ADMIN
    page, found = secured.page, {}
    shown = {
        "/web": {
            "a[href='/web/jobs/new']": works,
            "#job-1 .menu": works,
            "#job-1 input[type=checkbox]": works,
            ".acct a[href='/web/tokens']": keeps,
            ".acct a[href='/web/audit']": keeps,
        },
        "/web/jobs/1": {"#moves": works},
        "/web/secrets": {"form[action='/web/secrets']": keeps, "a[href='/web/secrets/1']": keeps},
        "/web/system": {"text=DATABASE_URL": keeps},
    }
    await secured.open("/web")
    await sign_in(secured, await a_token(secured.service, role))
    for path, parts in shown.items():
        await secured.open(path)
        found[path] = {part: await page.locator(part).count() > 0 for part in parts}
    assert found == shown
    answers = {
        path: await page.evaluate(FORCED, [path, fields])
        for path, fields in {
            "/web/jobs/1/pause": {},
            "/web/jobs/actions": {"do": "resume", "id": "1"},
            "/web/console": {"cmd": "pause 1"},
            "/web/secrets": {"name": "more", "type": "openai", "value": "sk-0123456789abcdef"},
            "/web/tokens": {"name": "more", "role": "admin", "expires": ""},
        }.items()
    }
    sentence = f"This is not for a token with the role {role.value}; it takes a token with the role "
    job, all_ = [403, f"{sentence}operator or admin."], [403, f"{sentence}admin."]
    ok = [200, ""]
    assert answers == {
        "/web/jobs/1/pause": ok if works else job,
        "/web/jobs/actions": ok if works else job,
        "/web/console": ok if works else [200, job[1]],  # in its own window
        "/web/secrets": ok if keeps else all_,
        "/web/tokens": ok if keeps else all_,
    }
    assert (await secured.service.tecko.jobs.get(1)).job.status == ("paused" if works else "active")
    assert len(await secured.service.tecko.secrets.all()) == (3 if keeps else 2)
    secured.complaints = [text for text in secured.complaints if "403" not in text]  # what was forced


async def test_a_session_ends_after_two_hours_without_use(secured: Visit) -> None:
    await secured.open("/web/secrets")
    await sign_in(secured, await a_token(secured.service, Role.VIEWER))
    for hours in (1.9, 1.9, 2.1):
        await secured.page.wait_for_url("**/web/secrets")
        await secured.service.tecko.clock.advance(hours * HOUR)
        await secured.open("/web/secrets")
    assert "Your session has ended. Sign in again, and you go on where you were." in await secured.text("main")


async def test_a_page_that_is_open_leads_back_to_the_field_when_its_twelve_hours_are_over(secured: Visit) -> None:
    await secured.open("/web/jobs/1")
    await sign_in(secured, await a_token(secured.service, Role.VIEWER))
    await expect(secured.page.locator("#live")).to_have_text("Live")
    clock = secured.service.tecko.clock
    for _ in range(6):  # a page that is open and live keeps its session in use
        clock.set(clock.now() + 1.95 * HOUR)
        await clock.advance(KEEP_ALIVE)
    assert "/web/sign-in" not in secured.page.url
    clock.set(clock.now() + 0.4 * HOUR)
    await clock.advance(KEEP_ALIVE)
    await secured.page.wait_for_url(f"{secured.base}/web/sign-in?back=%2Fweb%2Fjobs%2F1", timeout=10_000)
    secured.complaints = [text for text in secured.complaints if "401" not in text]  # the stream's


async def test_signing_out_ends_one_session_and_signing_out_everywhere_all_of_the_token(
    browser: Browser, secured: Visit
) -> None:
    token = await a_token(secured.service, Role.VIEWER)
    async with visiting(browser, secured.service, secured.base, ignore_https_errors=True) as other:
        for visit in (secured, other):
            await visit.open("/web")
            await sign_in(visit, token)
            await expect(visit.page.locator("h1")).to_have_text("Jobs")
        await other.page.click(".acct summary")
        await other.page.get_by_role("button", name="Sign out", exact=True).click()
        await expect(other.page.locator("h1")).to_have_text("Sign in")
        assert [one for one in await other.page.context.cookies() if one["name"] == COOKIE] == []
        await secured.open("/web/secrets")
        await expect(secured.page.locator("h1")).to_have_text("Secrets")
        await other.open("/web/system")
        await sign_in(other, token)
        await other.page.click(".acct summary")
        await other.page.get_by_role("button", name="Sign out everywhere").click()
        await expect(other.page.locator("h1")).to_have_text("Sign in")
    await secured.open("/web/secrets")
    await expect(secured.page.locator("h1")).to_have_text("Sign in")


async def test_a_link_on_another_site_asks_nobody_to_sign_in_again(secured: Visit) -> None:
    await secured.open("/web")
    await sign_in(secured, await a_token(secured.service, Role.VIEWER))
    await secured.page.goto("about:blank")
    await secured.page.set_content(f'<a href="{secured.base}/web/jobs/1">The job has ended</a>')
    await secured.page.click("a")
    await expect(secured.page.locator("h1")).to_have_text("Nightly")
