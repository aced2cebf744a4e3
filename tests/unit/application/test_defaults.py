"""Stored values of other variables go along with each run, and never change once a run may exist."""

from __future__ import annotations

import asyncio

import pytest

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.scripted import Operation
from teckochecker.application.errors import OutcomeUnknown, Rejected, Unavailable
from teckochecker.application.patience import within
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.configuration import VARIABLES, Configuration, ConfigurationRow
from teckochecker.domain.findings import Checked
from teckochecker.domain.status import JobStatus
from teckochecker.domain.values import JobId
from tests.builders import AT, HOUR, MINUTE, SECOND
from tests.unit.application.app import App

PYTHON = "kds-team.app-custom-python"


def link(app: App, **values: str) -> None:
    """The configuration is linked, and its default row has these values."""
    entries = [{"name": name, "value": value} for name, value in values.items()]
    row = ConfigurationRow(id="10", body={"values": entries})
    app.storage.put(VARIABLES, Configuration(id="9", name="variables", body={"variables": []}, rows=(row,)))
    body = {"variables_id": "9", "variables_values_id": "10"}
    app.storage.put(PYTHON, Configuration(id="123456", name="Reviews", body=body))


def sent(app: App) -> list[str | None]:
    """The tone that each run was given."""
    return [run.variables.get("tone") for run in app.keboola.runs]


async def checked(app: App, **defaults: str) -> None:
    """The job's check found these defaults."""
    async with app.store.work() as work:
        await work.checks.keep(JobId(1), Checked(at=app.clock.now(), defaults=defaults))
        await work.commit()


async def test_stored_defaults_are_read_when_the_run_is_started_and_go_under_ours(app: App) -> None:
    link(app, tone="dry", colour="grey", trigger_id="stored")
    await app.a_job(status=BatchStatus.COMPLETED, variables={"colour": "red"})
    await app.run()
    (run,) = app.keboola.runs
    assert (run.variables["tone"], run.variables["colour"]) == ("dry", "red")
    assert run.variables["trigger_id"] != "stored"


async def test_a_configuration_without_variables_has_no_defaults(app: App) -> None:
    app.storage.put(PYTHON, Configuration(id="123456", name="Reviews", body={}))
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()
    assert sent(app) == [None]


async def test_defaults_that_cannot_be_read_are_those_of_the_check(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await checked(app, tone="as checked")
    app.storage.hide(PYTHON)
    await app.run()
    assert sent(app) == ["as checked"]


async def test_a_run_waits_five_seconds_for_defaults_and_no_longer(app: App) -> None:
    link(app, tone="dry")
    app.keboola.slow(Operation.STORAGE, before=HOUR)
    await app.a_job(status=BatchStatus.COMPLETED)
    working = asyncio.ensure_future(app.run())
    await app.clock.advance(4.9 * SECOND)
    assert sent(app) == []
    await app.clock.advance(0.2 * SECOND)
    assert sent(app) == [None]
    await working


async def test_what_is_waited_for_in_vain_is_ended() -> None:
    clock, ended = ManualClock(AT), asyncio.Event()

    async def reading() -> None:
        try:
            await clock.sleep(HOUR)
        finally:
            ended.set()

    waiting = asyncio.ensure_future(within(clock, SECOND, reading()))
    await clock.advance(SECOND)
    with pytest.raises(Unavailable, match="no answer came within 1 s"):
        await waiting
    async with asyncio.timeout(1):
        await ended.wait()


async def test_what_surely_was_not_sent_takes_the_defaults_of_its_time(app: App) -> None:
    link(app, tone="dry")
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, Unavailable("maintenance"), times=1)
    await app.run()
    link(app, tone="warm")
    await app.advance(MINUTE * 5)
    assert sent(app) == ["warm"]


async def test_defaults_once_read_outlive_a_storage_that_is_down(app: App) -> None:
    link(app, tone="dry")
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, Unavailable("maintenance"), times=1)
    await app.run()
    app.keboola.fail(Operation.STORAGE, Unavailable("maintenance"))
    await app.advance(MINUTE * 5)
    assert sent(app) == ["dry"]


async def test_what_may_have_been_sent_is_sent_again_as_it_was(app: App) -> None:
    link(app, tone="dry")
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("lost"), times=1)
    await app.run()
    link(app, tone="warm")
    await app.advance(MINUTE * 20)
    assert (sent(app), (await app.job()).job.status) == (["dry"], JobStatus.COMPLETED)


async def test_a_persons_retry_takes_the_defaults_of_its_time(app: App) -> None:
    link(app, tone="dry")
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, Rejected("no such configuration", http=400), times=1)
    await app.run()
    assert (await app.job()).job.status is JobStatus.FAILED
    link(app, tone="warm")
    await app.jobs.retry(1)
    await app.run()
    assert sent(app) == ["warm"]


async def test_a_persons_retry_takes_the_defaults_of_its_time_also_after_an_attempt_of_unknown_outcome(
    app: App,
) -> None:
    link(app, tone="dry")
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("lost"), times=1)
    app.keboola.fail(Operation.START, Rejected("no such configuration", http=400), times=1)
    await app.advance(MINUTE * 20)
    assert (await app.job()).job.status is JobStatus.FAILED
    link(app, tone="warm")
    await app.jobs.retry(1)
    await app.run()
    assert sent(app) == ["warm"]


async def test_linked_variables_without_a_default_row_are_not_read(app: App) -> None:
    app.storage.put(PYTHON, Configuration(id="123456", name="Reviews", body={"variables_id": "9"}))
    app.storage.hide(VARIABLES)
    await app.a_job(status=BatchStatus.COMPLETED)
    await checked(app, tone="as checked")
    await app.run()
    assert sent(app) == [None]
