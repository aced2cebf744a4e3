"""A service that is left alone with trouble that nobody mends does not write about it for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from teckochecker.adapters.scripted import Operation
from teckochecker.application.errors import OutcomeUnknown, Rejected, Unavailable
from teckochecker.domain.batch import BatchStatus
from tests.unit.application.app import App

DAY = timedelta(days=1)
LONG = timedelta(days=1000)


def nothing(app: App) -> None: ...


def the_key_is_refused(app: App) -> None:
    app.batches.revoke("sk-first")


def openai_is_away(app: App) -> None:
    app.batches.fail()


async def entries(app: App) -> int:
    async with app.store.view() as view:
        return int(await view.history.count())


@pytest.mark.parametrize("trouble", [nothing, the_key_is_refused, openai_is_away])
async def test_a_batch_that_never_ends_is_looked_at_without_a_word(app: App, trouble: Callable[[App], None]) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS, poll_interval_seconds=3600)
    await app.run()
    trouble(app)
    await app.advance(2 * DAY)
    before, looks = await entries(app), app.looks("batch_1")
    await app.advance(20 * DAY)
    assert await entries(app) == before
    assert trouble is the_key_is_refused or app.looks("batch_1") > looks


async def test_a_batch_that_is_never_found_is_looked_for_without_a_word(app: App) -> None:
    await app.a_job(poll_interval_seconds=3600)
    await app.advance(DAY)
    before = await entries(app)
    await app.advance(20 * DAY)
    assert await entries(app) == before


def the_run_goes_on(app: App) -> None: ...


def the_run_cannot_be_read(app: App) -> None:
    app.keboola.fail(Operation.GET, Rejected("no such run", http=404))


def keboola_is_away(app: App) -> None:
    app.keboola.fail(Operation.GET, Unavailable("down"))


@pytest.mark.parametrize("trouble", [the_run_goes_on, the_run_cannot_be_read, keboola_is_away])
async def test_a_run_that_never_ends_is_followed_without_a_word(app: App, trouble: Callable[[App], None]) -> None:
    app.keboola.duration = LONG
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()
    trouble(app)
    await app.advance(timedelta(hours=2))
    before = await entries(app)
    await app.advance(2 * DAY)
    assert await entries(app) == before


async def test_a_run_that_nobody_can_look_for_is_looked_for_without_a_word(app: App) -> None:
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1, after_effect=True)
    app.keboola.fail(Operation.FIND, Unavailable("no answer"))
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.advance(timedelta(hours=2))
    before = await entries(app)
    await app.advance(DAY)
    assert await entries(app) == before


async def test_a_run_that_is_never_taken_leaves_an_entry_for_each_time_it_was_asked_for(app: App) -> None:
    app.keboola.fail(Operation.START, Unavailable("maintenance"))
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.advance(DAY)
    before = await entries(app)
    await app.advance(DAY)
    assert 80 < await entries(app) - before < 130  # 15 minutes apart, as operations.md says
