"""Every call of docs/rest.md, carried out by curl."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from tests.doors.http.served import memory, served
from tests.processes import watch_over

PAGE = Path(__file__).parents[3] / "docs" / "rest.md"


async def test_every_call_of_the_page_does_what_it_says(tmp_path: Path) -> None:
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    calls = "".join(blocks).replace("curl -s ", "curl -s --fail-with-body -w '\\n' ")
    async with served(memory, tmp_path) as service:
        script = "set -e\n" + calls.replace("http://localhost:8000", str(service.http.base_url))
        ran = await asyncio.create_subprocess_exec(
            "bash", "-c", script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        watch_over(ran.pid)
        told, wrong = await ran.communicate()
    assert (ran.returncode, wrong) == (0, b""), told.decode()
    answers = [json.loads(line) for line in told.decode().splitlines() if line]
    assert len(answers) == calls.count("curl ")
    assert [answer.get("status") for answer in answers[6:9]] == ["active", "paused", "active"]
