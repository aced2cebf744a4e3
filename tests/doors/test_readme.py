from __future__ import annotations

import asyncio
import re
from pathlib import Path

from teckochecker.entrypoints.simulator import Simulator, default_key, default_token
from tests.doors.pages import ROOT, commands
from tests.e2e.service import Program

README = ROOT / "README.md"


async def test_the_commands_of_the_readme_work_in_their_order(tmp_path: Path) -> None:
    async with Simulator.open() as simulator:
        program = Program.beside(simulator, tmp_path)
        for name in ("SECRET_KEY", "DATABASE_URL", *(name for name in program.environment if "POLL" in name)):
            program.environment.pop(name, None)
        for words in [line[1:] for line in commands(README) if line[0] == "teckochecker"]:
            if words == ["start", "--daemon"]:
                program.environment["API_PORT"] = "0"
                await program.run(*words)
                async with asyncio.timeout(20):
                    while (await program.job())["last_check_at"] is None:
                        await asyncio.sleep(0.1)
                await program.run("stop")
            else:
                typed = default_key if "openai" in words else default_token
                await program.run(*words, typed=f"{typed}\n")
        assert (await program.job())["batch_count"] == 2


def test_the_program_of_the_readme_is_one() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {"__name__": "readme"}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert "spec" in names
