"""Every program of `docs/library.md` is run, and has to print what the page says."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from teckochecker.adapters.cipher import new_key
from teckochecker.entrypoints.simulator import BatchScript, Simulator, default_key, default_token

PAGE = Path(__file__).parents[2] / "docs" / "library.md"
PROGRAMS = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_every_program_of_the_page_shows_what_it_prints() -> None:
    assert len(PROGRAMS) == PAGE.read_text(encoding="utf-8").count("```python") == 4


@pytest.mark.parametrize(("program", "printed"), PROGRAMS, ids=["try", "real", "refused", "rehearse"])
async def test_a_program_prints_what_the_page_says(program: str, printed: str, tmp_path: Path) -> None:
    async with Simulator.open() as simulator:
        simulator.openai.add_batch("batch_abc123", BatchScript.succeeds(0))
        environ = {
            **os.environ,
            **simulator.environment,
            "DATABASE_URL": f"sqlite:///{tmp_path}/tecko.db",
            "SECRET_KEY": new_key(),
            "OPENAI_API_KEY": default_key,
            "KEBOOLA_TOKEN": default_token,
        }
        if "in_memory" not in program:
            program = program.replace("https://connection.eu-central-1.keboola.com", simulator.keboola.stack_url)
        running = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-c", program, cwd=tmp_path, env=environ, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await asyncio.wait_for(running.communicate(), 60)
    assert output.decode() == printed
