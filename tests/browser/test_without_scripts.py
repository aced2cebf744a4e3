"""Every action of the pages works in a browser that runs no scripts: each of them is a link or a form."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import pytest_asyncio
from attrs import define, field
from playwright.async_api import Request, expect

from teckochecker.adapters.scripted.keboola import Operation
from teckochecker.application.errors import OutcomeUnknown, Rejected
from teckochecker.application.ports import RunRequest
from teckochecker.domain.role import Role
from teckochecker.entrypoints.http.app import http_app
from tests.browser.browsers import Visit
from tests.browser.https import a_token, sign_in
from tests.doors.nightly import nightly

MINUTE: Final = timedelta(minutes=1)
FOR_SCRIPTS: Final = "/web/jobs/verdicts"
"""What nobody presses: the form says the same when it is sent."""


@define(eq=False, slots=False)  # Playwright remembers handlers on the object
class Hands:
    """Press what is on the page, and remember what was sent where."""

    visit: Visit
    sent: set[str] = field(factory=set)

    def see(self, request: Request) -> None:
        if request.method == "POST":
            self.sent.add(urlsplit(request.url).path)

    async def press(self, *names: str) -> None:
        """The buttons and links of these names, one after the other."""
        for name in names:
            button, link = (self.visit.page.get_by_role(role, name=name, exact=True) for role in ("button", "link"))
            await button.or_(link).first.click()

    async def says(self, text: str) -> None:
        """It stands on the page."""
        await expect(self.visit.page.locator("main")).to_contain_text(text)


@pytest_asyncio.fixture(loop_scope="session")
async def hands(bare: Visit) -> AsyncIterator[Hands]:
    """Those of an admin who has come in."""
    hands = Hands(bare)
    bare.page.on("request", hands.see)
    await bare.open("/web")
    await sign_in(bare, await a_token(bare.service, Role.ADMIN))
    yield hands
    bare.complaints = [text for text in bare.complaints if "status of 4" not in text]  # refusals that were meant


async def work_with_secrets(hands: Hands) -> None:
    page = hands.visit.page
    await hands.press("Secrets")
    await page.fill("#n", "more")
    await page.fill("#v", "sk-0123456789abcdef")
    await hands.press("Save secret", "Replace or delete more")
    await page.fill("#v", "sk-fedcba9876543210")
    await hands.press("Replace more", "Replace or delete more", "Delete more")
    await expect(page.locator("main")).not_to_contain_text("more")


async def make_and_change_a_job(hands: Hands) -> None:
    page = hands.visit.page
    await hands.press("Jobs", "New job")
    await page.fill("#ids", "batch_a abc123")
    await hands.press("Use it", "Create job")
    await hands.says("1 of 2 lines needs a change")
    await page.fill("#ids", "batch_b")
    await page.fill("#name", "By hand")
    await page.locator("summary", has_text="a secret for OpenAI secret").click()
    await page.fill("#openai_name", "on-the-spot")
    await page.fill("#openai_value", "sk-0123456789abcdef")
    await hands.press("Save secret")
    await expect(page.locator("#openai_secret")).to_have_value("on-the-spot")
    await hands.press("Check")
    await hands.says("Fine")
    await hands.press("Create job", "Check now", "Pause")
    await hands.says("Paused")
    await hands.press("Resume", "Edit")
    await page.fill("#name", "By two hands")
    await hands.press("Save job 2")
    await expect(page.locator("h1")).to_have_text("By two hands")


async def see_its_run_through(hands: Hands) -> None:
    tecko = hands.visit.service.tecko
    tecko.keboola.duration = 60 * MINUTE
    tecko.keboola.fail(Operation.START, Rejected("There is no such component", http=404), times=1)
    tecko.openai.put("batch_b", "completed")
    await tecko.advance(3 * MINUTE)
    await hands.visit.open("/web/jobs/2")
    await hands.press("Retry")
    await tecko.advance(3 * MINUTE)
    await hands.visit.open("/web/jobs/2")
    await hands.visit.page.click("summary[aria-label='More actions']")
    await hands.press("Cancel the run…", "Cancel the run of job 2")
    await tecko.advance(5 * MINUTE)
    await hands.visit.open("/web/jobs/2")
    await hands.says("terminated")
    await hands.press("Run again…", "Run job 2 again")
    assert len(tecko.keboola.runs) == 1  # nothing was started before the question was answered
    await tecko.advance(3 * MINUTE)
    assert len(tecko.keboola.runs) == 2


async def settle_what_is_unknown(hands: Hands) -> None:
    tecko, page = hands.visit.service.tecko, hands.visit.page
    tecko.openai.put("batch_c", "completed")
    tecko.keboola.fail(Operation.START, OutcomeUnknown("The answer was lost"), times=2)
    for name in ("Found", "Lost"):
        await tecko.jobs.create(nightly("batch_c", name=name))
    await tecko.advance(30 * MINUTE)
    target = (await tecko.jobs.get(3)).job.target
    run = tecko.keboola.by_hand(RunRequest(target=target, variables={}), token_id="7").id
    await hands.visit.open("/web/jobs/3")
    await page.fill("#run", run)
    await hands.press("This is it")
    await hands.says(f"run {run}")
    await hands.visit.open("/web/jobs/4")
    await hands.press("There is none: send it again")
    await tecko.advance(10 * MINUTE)
    assert [(await tecko.jobs.get(number)).job.status for number in (3, 4)] == ["completed", "completed"]


async def work_with_several(hands: Hands) -> None:
    page = hands.visit.page
    await hands.press("Jobs")
    await page.check("[aria-label='Select By two hands']")
    await page.check("[aria-label='Select Nightly']")
    await hands.press("Pause")
    await hands.says("1 job paused, 1 not")
    await hands.press("Back to the jobs")
    await page.check("[aria-label='Select Nightly']")
    await hands.press("Resume")
    await page.fill("input[name=q]", "By two")
    await hands.press("Search")
    await page.check("[aria-label='Select By two hands']")
    await hands.press("Delete…", "Delete 1 job")
    await hands.says("No job matches “By two”")
    await hands.visit.open("/web/jobs/1")
    await page.click("summary[aria-label='More actions']")
    await hands.press("Delete…", "Delete job 1")
    await expect(page.locator("#job-1")).to_have_count(0)


async def let_others_in(hands: Hands) -> None:
    page = hands.visit.page
    await page.click(".acct summary")
    await hands.press("Tokens")
    await page.fill("#n", "ci")
    await hands.press("Make token")
    await hands.says("Copy it now: nobody can read it again.")
    await hands.press("Revoke… ci", "Revoke ci")
    await hands.says("revoked")
    await page.click(".acct summary")
    await hands.press("Audit")
    await page.fill("[name=subject]", "token ci")
    await hands.press("Search")
    await hands.says("token.revoke")


async def type_and_leave(hands: Hands) -> None:
    page = hands.visit.page
    await page.click(".acct summary")
    await hands.press("Theme: terminal")
    await page.fill("#cmd", "jobs completed")
    await page.press("#cmd", "Enter")
    await expect(page.locator(".out")).to_contain_text("2 jobs")
    await page.click(".acct summary")
    await hands.press("Sign out")
    await expect(page.locator("h1")).to_have_text("Sign in")


async def test_every_action_works_without_scripts(hands: Hands) -> None:
    await work_with_secrets(hands)
    await make_and_change_a_job(hands)
    await see_its_run_through(hands)
    await settle_what_is_unknown(hands)
    await work_with_several(hands)
    await let_others_in(hands)
    await type_and_leave(hands)
    forms = {
        route.path: re.compile(re.sub(r"\{[^}]+\}", "[^/]+", route.path))
        for route in http_app(hands.visit.service.container).routes
        if route.path.startswith("/web") and "POST" in getattr(route, "methods", ())
    }
    never_sent = {path for path, form in forms.items() if not any(map(form.fullmatch, hands.sent))}
    assert never_sent == {FOR_SCRIPTS}
