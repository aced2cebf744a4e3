"""How quickly the running service answers, beside a bare Litestar route that the same server serves.

    python -m tests.benchmarks.serving [--json FILE]

Health and the newest jobs are asked of 10 and of 100,000 jobs, all other lists of the many, on SQLite and on
PostgreSQL. Exit code 1 when a bound is missed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import aiohttp
from attrs import asdict, frozen

from teckochecker import Settings
from teckochecker.adapters.cipher import new_key
from teckochecker.domain.secret import Credential
from teckochecker.entrypoints.container import Container, running
from tests.benchmarks.many import fill
from tests.benchmarks.processes import process, service
from tests.databases import postgresql

SIZES: Final = (10, 100_000)
MOST_MS: Final = 50.0  # of all but one answer in a hundred of any list
AT_ONCE: Final = 10
ASKED: Final = 100
ROUNDS: Final = 3

LISTS: Final = {
    "the newest": "",
    "the oldest": "sort=created_at",
    "by name": "sort=name",
    "by name, last first": "sort=-name",
    "completed": "status=completed",
    "active": "status=active",
    "an OpenAI secret": "secret=openai-3",
    "the Keboola secret": "secret=keboola",
    "a name that fits every job": "text=reviews",
    "a name that fits few": "text=reviews%20of%20region%20976",
    "a batch ID that fits every job": "text=batch_68",
    "a batch ID that fits the oldest": "text=batch_680",
    "a batch ID that fits few": "text=batch_68000001",
    "a batch ID, by name": "text=batch_68&sort=name",
    "a batch ID, active": "text=batch_68&status=active",
    "a batch ID, completed": "text=batch_68&status=completed",
    "a batch ID, completed, by name": "text=batch_68&status=completed&sort=name",
    "a batch ID, an OpenAI secret": "text=batch_68&secret=openai-3",
    "a batch ID, the Keboola secret": "text=batch_68&secret=keboola",
    "a batch ID, active, by next check": "text=batch_68&status=active&sort=next_check_at",
    "a batch ID that the oldest have, completed": "text=batch_680&status=completed",
    "a name, active": "text=reviews&status=active",
    "a name, completed": "text=reviews&status=completed",
    "a name, the Keboola secret, by status": "text=reviews&secret=keboola&sort=status",
    "the last page": "limit=100&cursor=101",
    "the last page by name": "sort=name&cursor={last}",
}
"""What a list is asked for, a hundred jobs a page."""


@frozen
class Answers:
    """How one address was answered: `per_s` with ten at once, the times one by one."""

    database: str
    jobs: int
    asked: str
    per_s: float
    p50_ms: float
    p99_ms: float


async def times(http: aiohttp.ClientSession, addresses: Iterator[str]) -> list[float]:
    """Milliseconds of each answer, asked one after the other."""
    taken = []
    for address in addresses:
        begun = time.perf_counter()
        async with http.get(address) as answer:
            await answer.read()
            assert answer.status == 200, await answer.text()
        taken.append((time.perf_counter() - begun) * 1000)
    return sorted(taken)


async def asked(http: aiohttp.ClientSession, address: str, told: tuple[str, int, str], count: int = ASKED) -> Answers:
    """One row of the table. The times are those of the quietest of three rounds."""
    await times(http, iter([address] * 10))
    alone = min(
        [await times(http, iter([address] * count)) for _ in range(ROUNDS)], key=lambda taken: taken[_99(count)]
    )
    together = iter([address] * count)
    begun = time.perf_counter()
    await asyncio.gather(*(times(http, together) for _ in range(AT_ONCE)))
    per_s = count / (time.perf_counter() - begun)
    return Answers(*told, per_s=per_s, p50_ms=alone[count // 2], p99_ms=alone[_99(count)])


def _99(count: int) -> int:
    return count * 99 // 100


async def measured(database: str, url: str, jobs: int) -> list[Answers]:
    """Every row of one database."""
    environment = {"SECRET_KEY": new_key(), "DATABASE_URL": url, "API_AUTH": "local", "API_IN_CONTAINER": "no"}
    async with running(Container(settings=Settings.load(environment))) as container:
        await container.schema()()
        cipher = container.cipher()
        await fill(container.engine(), jobs, lambda type: cipher.seal(Credential("nobody"), type))
    with service(environment, "--no-watch") as ours, process("tests.benchmarks.bare") as bare:
        async with aiohttp.ClientSession() as http:
            api = f"{ours.address}/api"
            rows = [
                await asked(http, bare.address, (database, jobs, "a bare route"), 5 * ASKED),
                await asked(http, f"{api}/health", (database, jobs, "health"), 5 * ASKED),
            ]
            last = await _before_the_last_page(http, f"{api}/jobs?sort=-name")
            for name, query in LISTS.items() if jobs == max(SIZES) else [("the newest", "")]:
                rows.append(await asked(http, f"{api}/jobs?{query.format(last=last)}", (database, jobs, name)))
    return rows


async def _before_the_last_page(http: aiohttp.ClientSession, address: str) -> str:
    """The job after which the last page begins, read from the other end."""
    async with http.get(address) as answer:
        page: Any = await answer.json()
    return str(page["jobs"][-1]["id"])


def main(argv: list[str]) -> int:
    """Measure, tell, and hold against the bound."""
    rows: list[Answers] = []
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(postgresql())
        for jobs in SIZES:
            addresses = {"SQLite": f"sqlite:///{folder}/{jobs}.db", "PostgreSQL": server.database()}
            for database, url in addresses.items():
                for row in asyncio.run(measured(database, url, jobs)):
                    rows.append(row)
                    print(
                        f"{row.database:<11}{row.jobs:>8,} jobs  {row.asked:<31}"
                        f"{row.per_s:>7,.0f}/s   p50 {row.p50_ms:>5.1f} ms   p99 {row.p99_ms:>5.1f} ms"
                    )
    if "--json" in argv:
        Path(argv[argv.index("--json") + 1]).write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    missed = [row for row in rows if row.p99_ms > MOST_MS]
    for row in missed:
        print(f"missed: {row.asked} on {row.database} with {row.jobs:,} jobs, at most {MOST_MS:.0f} ms")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
