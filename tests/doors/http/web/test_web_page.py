"""docs/web.md says what is so: its addresses are there, and its commands do something."""

from __future__ import annotations

import re

from teckochecker.adapters.scripted.keboola import Operation
from teckochecker.application.errors import Rejected
from teckochecker.domain.role import Role
from teckochecker.entrypoints.http.web.commands import COMMANDS
from tests.doors.http.served import Served
from tests.doors.http.web.visit import page
from tests.doors.pages import DOCS

PAGE = (DOCS / "web.md").read_text(encoding="utf-8")


async def test_every_address_of_the_page_is_there(light: Served) -> None:
    _, token = await light.container.tokens().create("anna", Role.ADMIN)
    light.http.headers["Authorization"] = f"Bearer {token.reveal()}"
    addresses = set(re.findall(r"`(/web[^`]*)`", PAGE))
    assert addresses >= {"/web", "/web/jobs/12", "/web/tokens", "/web/audit"}
    for address in addresses:
        assert "<h1>" in await page(light, address.replace("12", "1"))


async def test_every_command_of_the_page_works_and_none_is_missing(light: Served) -> None:
    typed = dict(re.findall(r"^\| `([^`/]+)` \| (.+) \|$", PAGE, re.MULTILINE))
    assert typed == {command.usage: command.why for command in COMMANDS}
    for usage in typed:
        if usage.startswith("retry"):
            light.tecko.keboola.fail(Operation.START, Rejected("There is no such component", http=404))
            for batch in ("batch_a", "batch_b"):
                light.tecko.openai.put(batch, "completed")
            await light.tecko.run_until_idle()
        line = usage.replace("12", "1").replace("[WHICH]", "nightly")
        answer = await light.http.post("/web/console", data={"cmd": line}, headers={"X-Part": "console"})
        assert answer.status_code == 200
        assert "✕" not in answer.text
