from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import teckochecker
from teckochecker import (
    Event,
    InvalidValue,
    JobStatus,
    Settings,
    SettingsError,
    TeckoChecker,
    WrongKey,
)
from teckochecker.adapters.cipher import new_key
from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.scripted import Operation, ScriptedBatches
from teckochecker.domain.values import BatchId
from teckochecker.entrypoints.container import Container, running
from teckochecker.entrypoints.simulator import BatchScript, Simulator, default_key, default_token
from tests.doors.nightly import KEY, nightly, with_secrets

HOUR = timedelta(hours=1)


def settings(folder: Path, **environ: str) -> Settings:
    """Settings for a database of its own in this folder."""
    given = {"DATABASE_URL": f"sqlite:///{folder}/tecko.db", "SECRET_KEY": new_key(), "MIN_POLL_INTERVAL": "1"}
    return Settings.load(given | environ)


# In memory


async def test_hours_of_polling_pass_in_milliseconds() -> None:
    async with TeckoChecker.in_memory() as tecko:
        await with_secrets(tecko)
        tecko.openai.will("batch_a", "completed", after=3 * HOUR)
        tecko.openai.will("batch_b", "failed", after=7 * HOUR)
        view = await tecko.jobs.create(nightly("batch_a", "batch_b", poll_interval_seconds=3600))
        begun = time.perf_counter()
        await tecko.advance(6 * HOUR)
        assert (await tecko.jobs.get(view.job.id)).job.status is JobStatus.ACTIVE
        await tecko.advance(2 * HOUR)
        assert (await tecko.jobs.get(view.job.id)).job.status is JobStatus.COMPLETED_WITH_FAILURES
        assert time.perf_counter() - begun < 2
    (run,) = tecko.keboola.runs
    assert run.variables["batch_ids_completed"] == '["batch_a"]'
    assert run.variables["batch_ids_failed"] == '["batch_b"]'


async def test_time_advances_from_one_due_moment_to_the_next() -> None:
    async with TeckoChecker.in_memory() as tecko:
        await with_secrets(tecko)
        tecko.openai.put("batch_a", "in_progress")
        await tecko.jobs.create(nightly("batch_a", poll_interval_seconds=600), check=False)
        await tecko.advance(HOUR)
        assert tecko.openai.looks[BatchId("batch_a")] == 7  # at once, and then every ten minutes
        assert tecko.clock.now() == datetime(2026, 1, 1, 1, tzinfo=UTC)


async def test_time_that_nobody_needs_passes_too() -> None:
    async with TeckoChecker.in_memory(datetime(2026, 5, 1, tzinfo=UTC)) as tecko:
        await tecko.advance(timedelta(days=30))
        assert tecko.clock.now() == datetime(2026, 5, 31, tzinfo=UTC)


async def test_time_does_not_go_back() -> None:
    async with TeckoChecker.in_memory() as tecko:
        with pytest.raises(InvalidValue, match="negative"):
            await tecko.advance(-HOUR)


async def test_what_is_due_now_is_done_without_time_passing() -> None:
    async with TeckoChecker.in_memory() as tecko:
        await with_secrets(tecko)
        tecko.openai.put("batch_a", "completed")
        view = await tecko.jobs.create(nightly("batch_a"))
        await tecko.run_until_idle()
        assert (await tecko.jobs.get(view.job.id)).job.status is JobStatus.COMPLETED


async def test_a_slow_service_is_waited_for_in_its_own_time() -> None:
    async with TeckoChecker.in_memory() as tecko:
        await with_secrets(tecko)
        tecko.openai.put("batch_a", "completed")
        tecko.openai.latency = timedelta(seconds=20)
        tecko.keboola.slow(Operation.START, after=timedelta(seconds=60))
        view = await tecko.jobs.create(nightly("batch_a"))
        await tecko.run_until_idle()
        assert (await tecko.jobs.get(view.job.id)).job.status is JobStatus.COMPLETED
        assert timedelta(seconds=80) <= tecko.clock.now() - view.job.created_at < timedelta(seconds=90)


async def test_two_of_them_in_one_process_share_nothing() -> None:
    async with TeckoChecker.in_memory() as one, TeckoChecker.in_memory() as other:
        await with_secrets(one)
        assert await other.secrets.all() == []
        assert one.clock is not other.clock


async def test_a_subscriber_is_told_until_it_no_longer_wants_to_be() -> None:
    told: list[Event] = []
    async with TeckoChecker.in_memory() as tecko:
        await with_secrets(tecko)
        unsubscribe = tecko.subscribe(told.append)
        await tecko.jobs.create(nightly("batch_a"))
        unsubscribe()
        await tecko.jobs.pause(1)
    assert [event.kind for event in told] == ["JobCreated"]


async def test_a_subscriber_that_fails_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    told: list[Event] = []

    def fail(event: Event) -> None:
        raise RuntimeError("No.")

    async with TeckoChecker.in_memory() as tecko:
        await with_secrets(tecko)
        tecko.subscribe(fail)
        tecko.subscribe(told.append)
        await tecko.jobs.create(nightly("batch_a"))
    assert [event.kind for event in told] == ["JobCreated"]
    assert "A subscriber failed on 'JobCreated'" in caplog.text


async def test_events_can_be_read_as_they_happen() -> None:
    async with TeckoChecker.in_memory() as tecko:
        await with_secrets(tecko)
        await tecko.jobs.create(nightly("batch_a"))
        async with aclosing(tecko.events()) as events:
            next_one = asyncio.ensure_future(anext(events))
            await tecko.clock.advance(timedelta(0))  # until the reader waits
            await tecko.jobs.pause(1)
            assert (await asyncio.wait_for(next_one, 5)).kind == "JobPaused"


async def test_the_history_can_be_read_on_from_any_entry() -> None:
    async with TeckoChecker.in_memory() as tecko:
        await with_secrets(tecko)
        await tecko.jobs.create(nightly("batch_a"))
        await tecko.jobs.pause(1)
        async with aclosing(tecko.entries(after=0)) as entries:
            first, second = await anext(entries), await anext(entries)
        async with aclosing(tecko.entries(after=first.id)) as entries:
            assert await anext(entries) == second


# For real


async def test_a_job_goes_its_whole_way_over_http_and_sqlite(tmp_path: Path) -> None:
    async with Simulator.open() as simulator:
        simulator.openai.add_batch("batch_a", BatchScript.succeeds(0.4))
        simulator.openai.add_batch("batch_b", BatchScript.fails(0.2))
        async with TeckoChecker.open(settings(tmp_path, **simulator.environment)) as tecko:
            await with_secrets(tecko, default_key, default_token)
            spec = nightly("batch_a", "batch_b", keboola_stack_url=simulator.keboola.stack_url, poll_interval_seconds=1)
            view = await tecko.jobs.create(spec)
            stop = asyncio.Event()
            tecko.subscribe(lambda event: stop.set() if event.kind == "JobCompleted" else None)
            await asyncio.wait_for(tecko.run(stop), 20)
            done = await tecko.jobs.get(view.job.id)
    assert done.job.status is JobStatus.COMPLETED_WITH_FAILURES
    (run,) = simulator.keboola.runs
    assert run.variables is not None
    assert run.variables["batch_ids_completed"] == '["batch_a"]'
    assert run.variables["batch_ids_failed"] == '["batch_b"]'


async def test_what_one_process_does_reaches_the_events_of_another(tmp_path: Path) -> None:
    shared = settings(tmp_path)
    async with (
        TeckoChecker.open(shared) as here,
        TeckoChecker.open(shared) as elsewhere,
        aclosing(here.entries(after=0)) as entries,
    ):
        next_one = asyncio.ensure_future(anext(entries))
        await with_secrets(elsewhere)
        await elsewhere.jobs.create(nightly("batch_a"))
        assert (await asyncio.wait_for(next_one, 5)).event.kind == "JobCreated"


def test_one_container_serves_two_event_loops_one_after_the_other(tmp_path: Path) -> None:
    container = Container(settings=settings(tmp_path))

    async def names(new: str) -> list[str]:
        async with running(container):
            await container.schema()()
            await container.secrets().add(new, "openai", KEY)
            return [secret.name for secret in await container.secrets().all()]

    assert asyncio.run(names("one")) == ["one"]
    assert asyncio.run(names("two")) == ["one", "two"]


async def test_without_a_key_jobs_are_listed_and_secrets_are_refused(tmp_path: Path) -> None:
    async with TeckoChecker.open(settings(tmp_path, SECRET_KEY="")) as tecko:
        assert await tecko.secrets.all() == []
        for step in (tecko.secrets.add("openai-prod", "openai", KEY), tecko.run(), tecko.run_until_idle()):
            with pytest.raises(SettingsError, match="SECRET_KEY is not set; make one with: teckochecker init"):
                await step


async def test_nothing_runs_under_another_key(tmp_path: Path) -> None:
    async with TeckoChecker.open(settings(tmp_path)) as tecko:
        await with_secrets(tecko)
    async with TeckoChecker.open(settings(tmp_path)) as tecko:
        with pytest.raises(WrongKey):
            await tecko.run()


# What is loaded


def loaded_by(*lines: str, folder: Path) -> set[str]:
    """The packages that these lines make a fresh Python load."""
    print_new = "print(*{name.partition('.')[0] for name in sys.modules.keys() - before})"
    code = "\n".join(["import sys; before = set(sys.modules)", *lines, print_new])
    environ = {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/tecko.db"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder, env=environ
    )
    return set(done.stdout.split())


def test_importing_the_package_or_its_domain_loads_no_vendor_but_attrs(tmp_path: Path) -> None:
    assert "attr" not in loaded_by("import teckochecker", folder=tmp_path)
    loaded = loaded_by("import teckochecker.domain.job, teckochecker.domain.trigger", folder=tmp_path)
    assert loaded - set(sys.stdlib_module_names) <= {"teckochecker", "attr", "attrs"}


def test_reading_the_database_loads_neither_http_nor_keys(tmp_path: Path) -> None:
    listing = (
        "import asyncio, teckochecker as t",
        "async def main():",
        "    async with t.TeckoChecker.open() as tecko: await tecko.jobs.find(t.JobQuery())",
        "asyncio.run(main())",
    )
    loaded_by(*listing, folder=tmp_path)  # makes the database
    loaded = loaded_by(*listing, folder=tmp_path)
    assert "sqlalchemy" in loaded
    assert not loaded & {"aiohttp", "alembic", "cryptography", "structlog"}


def test_in_memory_neither_database_nor_http_is_loaded(tmp_path: Path) -> None:
    loaded = loaded_by(
        "import asyncio, teckochecker as t",
        "async def main():",
        "    async with t.TeckoChecker.in_memory() as tecko: await tecko.run_until_idle()",
        "asyncio.run(main())",
        folder=tmp_path,
    )
    assert not loaded & {"aiohttp", "alembic", "sqlalchemy", "structlog"}


def test_every_public_name_can_be_had_and_no_other() -> None:
    assert all(hasattr(teckochecker, name) for name in teckochecker.__all__)
    assert set(teckochecker.__all__) <= set(dir(teckochecker))
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = teckochecker.Nothing  # type: ignore[attr-defined]


def test_the_version_is_the_installed_one() -> None:
    assert teckochecker.__version__.startswith("1.")


async def test_batches_may_be_looked_at_elsewhere_than_at_openai(tmp_path: Path) -> None:
    elsewhere = ScriptedBatches(ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))
    elsewhere.put("batch_1", "in_progress")
    async with TeckoChecker.open(settings(tmp_path), batches=elsewhere) as tecko:
        await with_secrets(tecko)
        await tecko.jobs.create(nightly("batch_1"), check=False)
        await tecko.run_until_idle()
    assert elsewhere.looks == {"batch_1": 1}
