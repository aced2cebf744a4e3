from __future__ import annotations

import asyncio
import re
import shlex
import signal
from pathlib import Path

from teckochecker.entrypoints.simulator import Simulator, default_key, default_token
from tests.e2e.service import Program, ended

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[list[str]]:
    """The program's commands in the README, in their order."""
    text = "\n".join(re.findall(r"```bash\n(.*?)```", README, re.DOTALL)).replace("\\\n", " ")
    return [shlex.split(line)[1:] for line in text.splitlines() if line.startswith("teckochecker ")]


async def test_the_commands_of_the_readme_work_in_their_order(tmp_path: Path) -> None:
    async with Simulator.open() as simulator:
        program = Program.beside(simulator, tmp_path)
        for name in ("SECRET_KEY", "DATABASE_URL", *(name for name in program.environment if "POLL" in name)):
            program.environment.pop(name, None)
        for words in commands():
            if words == ["run"]:
                watching = await program.start("run")
                async with asyncio.timeout(20):
                    while (await program.job())["last_check_at"] is None:
                        await asyncio.sleep(0.1)
                assert await ended(watching, signal.SIGINT) == 0
            else:
                typed = default_key if "openai" in words else default_token
                await program.run(*words, typed=f"{typed}\n")
        assert (await program.job())["batch_count"] == 2


def test_the_program_of_the_readme_is_one() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {"__name__": "readme"}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert "spec" in names


def test_every_page_that_the_readme_leads_to_is_there() -> None:
    pages = re.findall(r"\]\(([^)]+)\)", README)
    assert pages
    assert all((ROOT / page).is_file() for page in pages)
