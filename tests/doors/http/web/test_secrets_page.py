from __future__ import annotations

from teckochecker.domain.role import Role
from tests.doors.http.served import Served
from tests.doors.http.web.visit import page, press, refused
from tests.doors.nightly import KEY
from tests.webhooks import SIGNING

VALUE = "sk-typed-0123456789abcdef"


async def test_a_secret_is_kept_and_never_shown(light: Served) -> None:
    form = {"name": "openai-test", "type": "openai", "value": f" {VALUE} "}
    assert await press(light, "/web/secrets", **form) == "/web/secrets"
    for path in ("/web/secrets", "/web/secrets/3"):
        text = await page(light, path)
        assert "openai-test" in text
        assert VALUE not in text


async def test_a_secret_that_is_refused_keeps_what_was_typed_but_its_value(light: Served) -> None:
    text = await refused(light, "/web/secrets", 409, name="openai-prod", type="keboola", value=VALUE)
    assert 'value="openai-prod"' in text
    assert 'value="keboola" checked' in text
    assert VALUE not in text
    assert "openai-prod" in text


async def test_a_type_that_does_not_exist_is_said(light: Served) -> None:
    assert "Invalid secret type" in await refused(light, "/web/secrets", 422, name="a", type="x", value=VALUE)


async def test_the_first_visit_leads_on_by_itself(empty: Served) -> None:
    assert "paste it here" in await page(empty, "/web")
    form = {"name": "openai-prod", "type": "openai", "value": VALUE, "back": "/web"}
    assert await press(empty, "/web/secrets", **form) == "/web"
    assert "openai-prod is stored." in await page(empty, "/web")


async def test_a_value_is_replaced(light: Served) -> None:
    assert await press(light, "/web/secrets/1/replace", value=VALUE) == "/web/secrets"
    (openai, _) = await light.tecko.secrets.all()
    assert openai.version == 2
    assert "The secret value is empty" in await refused(light, "/web/secrets/1/replace", 422, value=" ")


async def test_a_secret_in_use_says_by_how_many_jobs_and_is_not_deleted(light: Served) -> None:
    assert "1 open job still needs it" in await page(light, "/web/secrets/1")
    assert "is used by: &#39;Nightly&#39;" in await refused(light, "/web/secrets/1/delete", 409)
    await light.tecko.jobs.delete(1)
    assert await press(light, "/web/secrets/1/delete") == "/web/secrets"
    assert "There is no secret with ID 1" in await page(light, "/web/secrets/1", 404)


async def test_a_theme_is_remembered_and_leads_back(light: Served) -> None:
    answer = await light.http.post(
        "/web/theme", data={"theme": "terminal"}, headers={"referer": f"{light.http.base_url}/web/secrets"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/web/secrets")
    assert "Max-Age=31536000" in answer.headers["set-cookie"]
    text = await page(light, "/web")
    assert 'data-theme="terminal"' in text
    assert "/console.js?" in text  # which no other look has
    odd = await light.http.post(
        "/web/theme", data={"theme": '"><script>'}, headers={"referer": "https://evil.example/x"}
    )
    assert odd.headers["location"] == "/web"
    assert "set-cookie" not in odd.headers


async def test_a_webhooks_secret_is_shown_with_its_address_and_not_offered_to_jobs(light: Served) -> None:
    form = {"name": "openai-hook", "type": "webhook", "value": SIGNING, "base_url": ""}
    assert await press(light, "/web/secrets", **form) == "/web/secrets"
    assert "/api/webhooks/openai-hook" in await page(light, "/web/secrets")
    assert "openai-hook" not in await page(light, "/web/jobs/new")
    assert "openai-hook" not in await page(light, "/web")


async def test_a_secret_tells_who_uses_it_and_that_it_is_refused(light: Served) -> None:
    text = await page(light, "/web/secrets")
    assert text.count("</svg>stored</span>") == 2
    assert '<a href="/web?secret=openai-prod">1 open job</a>' in text
    light.tecko.openai.revoke(KEY)
    await light.tecko.run_until_idle()
    assert '</svg>refused</span><span class="sub">OpenAI refuses this key (401), since' in (
        await page(light, "/web/secrets")
    )


async def test_a_newcomer_is_offered_no_form_that_they_may_not_send(empty: Served) -> None:
    _, token = await empty.container.tokens().create("eva", Role.VIEWER)
    empty.http.headers["Authorization"] = f"Bearer {token.reveal()}"
    text = await page(empty, "/web")
    assert "Start with two secrets and a job" in text
    assert 'action="/web/secrets"' not in text
