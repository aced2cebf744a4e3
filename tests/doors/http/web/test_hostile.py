"""What others wrote is text on every page, and no page may run or load anything that is not the service's own."""

from __future__ import annotations

from html import escape
from typing import Final

from teckochecker.adapters.scripted.keboola import Operation
from teckochecker.application.errors import Rejected
from teckochecker.domain.batch import BatchError
from teckochecker.domain.role import Role
from tests.doors.http.served import Served
from tests.doors.nightly import nightly

HOSTILE: Final = "<img src=x onerror=\"alert('1')\">&amp;"
PAGES: Final = {
    "/web": 2,
    "/web?status=held": 1,
    f"/web?q={HOSTILE[:4]}": 2,
    "/web/jobs/2": 2,
    "/web/jobs/3": 2,
    "/web/jobs/2/delete": 1,
    "/web/jobs/2/edit": 1,
    "/web/jobs/new?like=2": 1,
    "/web/tokens": 1,
    "/web/tokens/2/revoke": 1,
    "/web/audit": 1,
    "/web/setup": 0,
    "/web/secrets": 0,
    "/web/system": 0,
    "/web/sign-in": 0,
    "/web/nothing": 0,
}
"""Each page, and how often at the least the hostile text stands on it."""


async def test_what_others_wrote_is_text_on_every_page(light: Served) -> None:
    _, token = await light.container.tokens().create("anna", Role.ADMIN)
    await light.container.tokens().create(HOSTILE, Role.VIEWER)
    light.http.headers["Authorization"] = f"Bearer {token.reveal()}"
    light.http.cookies.set("theme", "terminal")
    light.tecko.openai.put("batch_a", "failed", errors=(BatchError(HOSTILE, HOSTILE, HOSTILE, 4),))
    light.tecko.keboola.fail(Operation.START, Rejected(HOSTILE, http=404, exception_id=HOSTILE))
    await light.tecko.jobs.create(nightly("batch_x", name=HOSTILE))
    await light.tecko.jobs.create(nightly("batch_a", name=HOSTILE))
    await light.tecko.run_until_idle()
    answers = {path: await light.http.get(path) for path in PAGES}
    for line in ("jobs", "job 2", "job 3", "status", HOSTILE):
        answers[line] = await light.http.post("/web/console", data={"cmd": line})
    picked = {"do": "delete", "id": ["2", "3"]}
    answers["/web/jobs/actions"] = await light.http.post("/web/jobs/actions", data=picked)
    answers["/web/jobs/new"] = await light.http.post("/web/jobs/new", data={"name": HOSTILE, "batch_ids": HOSTILE})
    for place, answer in answers.items():
        assert "<img" not in answer.text, place
        assert answer.text.count(escape(HOSTILE)[:20]) >= PAGES.get(place, 0), place
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy, place
        assert "unsafe" not in policy, place
