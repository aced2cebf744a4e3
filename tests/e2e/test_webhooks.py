"""OpenAI tells a real service of an end, long before it would have looked."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx

from teckochecker.entrypoints.simulator import BatchScript, Simulator
from tests.doors.pages import DOCS, commands
from tests.doors.test_pages import two_ports
from tests.e2e.service import Program
from tests.waiting import until
from tests.webhooks import SIGNING, a_body, signed


async def test_the_commands_of_the_page_let_openai_tell_of_an_end(tmp_path: Path) -> None:
    async with Simulator.open() as simulator:
        port, _ = two_ports()
        batch = simulator.openai.add_batch("batch_1", BatchScript.stays())
        waits = {"DEFAULT_POLL_INTERVAL": "3600", "API_AUTH": "always"}
        program = Program.beside(simulator, tmp_path, **waits, API_HOST="127.0.0.1", API_PORT=str(port))
        await program.with_job(simulator.keboola.stack_url, batch.id)
        add, start, stop = commands(DOCS / "webhooks.md")
        await program.run(*add[1:], typed=f"{SIGNING}\n")
        looks = simulator.openai.requests()
        await program.run(*start[1:])
        await until(lambda: simulator.openai.requests() > looks)
        simulator.openai.set_batch(batch.id, BatchScript.succeeds(0))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            body = a_body(batch.id)
            answer = await http.post("/api/webhooks/openai-hook", content=body, headers=signed(body, datetime.now(UTC)))
            assert answer.status_code == 204
        await until(lambda: simulator.keboola.runs)
        await program.run(*stop[1:])
        assert len(simulator.keboola.runs) == 1
        assert SIGNING not in (tmp_path / "teckochecker.log").read_text(encoding="utf-8")
