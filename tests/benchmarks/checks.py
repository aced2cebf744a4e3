"""Batch checks through the whole loop (claim, look, keep) on SQLite, beside bare GETs of the same batches.

    python -m tests.benchmarks.checks [--json FILE]

Both ask the same simulator, which runs in a process of its own. Exit code 1 when a bound is missed.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy as sa
from attrs import frozen

from teckochecker import TeckoChecker
from teckochecker.adapters.cipher import new_key
from teckochecker.domain.job import PollingJob
from teckochecker.domain.secret import SecretType
from teckochecker.domain.spec import JobSpec
from teckochecker.domain.values import KeboolaTarget, StackUrl
from teckochecker.entrypoints.cli.foreground import keep_what_is_loaded
from teckochecker.entrypoints.settings import Settings
from teckochecker.entrypoints.simulator import default_key, default_token
from tests.processes import watch_over

SIZES = (1_000, 10_000)
AT_ONCE = 10
LEAST_SHARE = 0.40
MOST_LISTED_CPU = 0.7  # of what a single check costs
MOST_TRANSACTIONS = 0.1


async def bare(base_url: str, count: int) -> float:
    """Seconds for as many GETs, with as many at once, that read the JSON and no more."""
    ids = iter(range(count))
    headers = {"Authorization": f"Bearer {default_key}"}

    async def ask(session: aiohttp.ClientSession) -> None:
        for number in ids:
            async with session.get(f"{base_url}/batches/batch_{number}", headers=headers) as answer:
                json.loads(await answer.read())

    async with aiohttp.ClientSession() as session:
        begun = time.perf_counter()
        await asyncio.gather(*(ask(session) for _ in range(AT_ONCE)))
        return time.perf_counter() - begun


async def with_jobs(tecko: TeckoChecker, count: int) -> None:
    """As many jobs of one batch each, all due."""
    openai = await tecko.secrets.add("openai", SecretType.OPENAI, default_key)
    keboola = await tecko.secrets.add("keboola", SecretType.KEBOOLA, default_token)
    target = KeboolaTarget(stack_url=StackUrl("https://connection.keboola.com"), component_id="c", configuration_id="1")
    store = tecko.jobs.store
    for start in range(0, count, 1000):
        async with store.work() as work:
            for number in range(start, start + 1000):
                spec = JobSpec(
                    name=f"Job {number}",
                    batch_ids=(f"batch_{number}",),
                    openai_secret="openai",
                    keboola_secret="keboola",
                    keboola_stack_url=target.stack_url,
                    keboola_component_id="c",
                    keboola_configuration_id="1",
                )
                at = await work.now()
                job_id = await work.jobs.next_id()
                whole: dict[str, Any] = {
                    "openai": openai,
                    "keboola": keboola,
                    "target": target,
                    "interval": timedelta(hours=1),
                }
                await work.jobs.add(PollingJob.begin(job_id, spec, at=at, **whole))
            await work.commit()


@frozen
class Second:
    """What the second look at every job took: the first one finds news, later ones mostly do not."""

    wall: float
    cpu: float
    transactions: int


async def ours(environment: dict[str, str], count: int, file: Path) -> Second:
    """All jobs checked twice; the second time counts."""
    transactions: Counter[str] = Counter()
    settings = Settings.load({"SECRET_KEY": new_key(), "DATABASE_URL": f"sqlite:///{file}", **environment})
    async with TeckoChecker.open(settings) as tecko:
        await with_jobs(tecko, count)
        await tecko.run_until_idle()
        async with tecko.jobs.store.work() as work:
            await work.jobs.wake((await work.secrets.named("openai")).id, at=await work.now())
            await work.commit()
        keep_what_is_loaded()  # as `start` and `run` do
        count_one = lambda _: transactions.update(["begun"])  # noqa: E731 - it has to be removed by name
        sa.event.listen(sa.Engine, "begin", count_one)
        begun, cpu = time.perf_counter(), time.process_time()
        await tecko.run_until_idle()
        found = Second(time.perf_counter() - begun, time.process_time() - cpu, transactions["begun"])
        sa.event.remove(sa.Engine, "begin", count_one)
    return found


@contextmanager
def stand_in(count: int, *words: str) -> Iterator[dict[str, str]]:
    """A simulator with as many batches; gives the settings that lead to it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.stand_in", str(count), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    watch_over(process.pid)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.communicate()


async def measured(count: int, folder: Path) -> dict[str, float]:
    """One row: bare GETs, then our checks one by one and through the list."""
    keep_what_is_loaded()
    with stand_in(count, "--without-list") as environment:
        base_url = environment.pop("base_url")
        await bare(base_url, min(count, 1000))
        before = time.process_time()
        bare_wall = await bare(base_url, count)
        bare_cpu = time.process_time() - before
        single = await ours(environment, count, folder / "single.db")
    with stand_in(count) as environment:
        environment.pop("base_url")
        listed = await ours(environment, count, folder / "listed.db")
    return {
        "jobs": count,
        "bare_gets_per_s": count / bare_wall,
        "checks_per_s": count / single.wall,
        "share_of_bare": bare_wall / single.wall,
        "listed_checks_per_s": count / listed.wall,
        "bare_cpu_s_per_1000": bare_cpu / count * 1000,
        "cpu_s_per_1000_checks": single.cpu / count * 1000,
        "cpu_s_per_1000_listed_checks": listed.cpu / count * 1000,
        "listed_checks_per_cpu_s": count / listed.cpu,
        "transactions_per_check": single.transactions / count,
        "transactions_per_listed_check": listed.transactions / count,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> int:
    rows = []
    for count in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(asyncio.run(measured(count, Path(folder))))
    for row in rows:
        print(
            "  ".join(f"{name} {value:,.3g}" if value < 100 else f"{name} {value:,.0f}" for name, value in row.items())
        )
    target = Path(sys.argv[sys.argv.index("--json") + 1] if "--json" in sys.argv else "bench.json")
    target.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    missed = [
        row
        for row in rows
        if row["share_of_bare"] < LEAST_SHARE
        or row["cpu_s_per_1000_listed_checks"] > MOST_LISTED_CPU * row["cpu_s_per_1000_checks"]
        or row["transactions_per_check"] > MOST_TRANSACTIONS
    ]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
