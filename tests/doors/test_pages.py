"""The pages for people do what they say: their programs and commands are run, and they lead somewhere."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from teckochecker.adapters.cipher import new_key
from teckochecker.entrypoints.simulator import BatchScript, Simulator, default_key, default_token
from tests.doors.pages import DOCS, ROOT, commands, links, programs
from tests.e2e.service import Program, ended
from tests.processes import watch_over

PAGES = sorted(DOCS.glob("*.md"))
PROGRAMS = [
    pytest.param(program, printed, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, (program, printed) in enumerate(programs(page), 1)
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_program_of_a_page_shows_what_it_prints(page: Path) -> None:
    assert len(programs(page)) == page.read_text(encoding="utf-8").count("```python")


@pytest.mark.parametrize(("program", "printed"), PROGRAMS)
async def test_a_program_prints_what_its_page_says(program: str, printed: str, tmp_path: Path) -> None:
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
        if "TeckoChecker.open()" in program:
            program = program.replace("https://connection.eu-central-1.keboola.com", simulator.keboola.stack_url)
        running = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-c", program, cwd=tmp_path, env=environ, stdout=asyncio.subprocess.PIPE
        )
        watch_over(running.pid)
        output, _ = await asyncio.wait_for(running.communicate(), 60)
    assert output.decode() == printed


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert [link for link in links(page) if not link.exists()] == []


def test_the_index_and_the_readme_lead_to_every_page() -> None:
    assert {link.resolve() for link in links(DOCS / "index.md")} >= set(PAGES) - {DOCS / "index.md"}
    assert DOCS / "index.md" in links(ROOT / "README.md")


def two_ports() -> tuple[int, int]:
    """Ports that nobody uses."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


async def test_the_quick_start_works_in_its_order(tmp_path: Path) -> None:
    page, (openai, keboola) = DOCS / "quickstart.md", two_ports()
    program = Program(tmp_path, {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ})
    services = None
    for line in commands(page):
        words = [word.replace("8101", str(openai)).replace("8102", str(keboola)) for word in line]
        match words:
            case ["export", assignment]:
                name, _, value = assignment.partition("=")
                program.environment[name] = value
            case ["teckochecker", "simulate", *rest]:
                services = await program.start("simulate", *rest)
                assert services.stdout is not None
                async for shown in services.stdout:
                    if b"KEBOOLA_ALLOWED_STACKS" in shown:
                        break
            case ["teckochecker", "run"]:
                watching = await program.start("run")
                async with asyncio.timeout(30):
                    while (await program.job())["status"] != "completed_with_failures":
                        await asyncio.sleep(0.2)
                assert await ended(watching, signal.SIGINT) == 0
            case ["teckochecker", *rest]:
                typed = default_key if "openai" in rest else default_token
                shown_by = await program.run(*rest, typed=f"{typed}\n")
                if rest[:2] == ["job", "create"]:
                    assert shown_by in page.read_text(encoding="utf-8")
    assert services is not None
    assert await ended(services, signal.SIGINT) == 130
