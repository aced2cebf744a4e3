from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from teckochecker.adapters.memory import MemoryWakeups
from teckochecker.adapters.publisher import Publisher
from teckochecker.adapters.sql.engine import open_engine
from teckochecker.adapters.sql.work import SqlStore
from teckochecker.application.health import Health, Pulse, Statistics, Watch
from teckochecker.application.ports import Told
from teckochecker.domain.batch import BatchStatus
from tests.unit.application.app import App

SECOND = timedelta(seconds=1)


def health(app: App, pulse: Pulse) -> Health:
    return Health(store=app.store, clock=app.clock, pulse=pulse)


async def test_a_process_without_a_loop_is_well_and_says_that_it_does_not_watch(app: App) -> None:
    report = await health(app, Pulse(app.clock)).look()
    assert (report.healthy, report.database, report.watching) == (True, True, Watch.OFF)


async def test_a_loop_that_turns_and_keeps_up_is_on(app: App) -> None:
    pulse = Pulse(app.clock)
    with pulse.turning():
        pulse.turn(app.clock.now() + SECOND)
        report = await health(app, pulse).look()
    assert (report.healthy, report.watching, report.lateness) == (True, Watch.ON, timedelta())


async def test_a_loop_is_behind_when_something_is_due_for_more_than_a_minute(app: App) -> None:
    pulse = Pulse(app.clock)
    with pulse.turning():
        pulse.turn(app.clock.now() - 60 * SECOND)
        assert (await health(app, pulse).look()).watching is Watch.ON
        pulse.turn(app.clock.now() - 61 * SECOND)
        report = await health(app, pulse).look()
    assert (report.healthy, report.watching, report.lateness) == (True, Watch.BEHIND, 61 * SECOND)


async def test_a_loop_that_was_told_to_end_is_off(app: App) -> None:
    pulse = Pulse(app.clock)
    with pulse.turning():
        pass
    report = await health(app, pulse).look()
    assert (report.healthy, report.watching) == (True, Watch.OFF)


async def test_a_loop_that_ended_by_an_error_is_an_illness_until_another_begins(app: App) -> None:
    pulse = Pulse(app.clock)
    with pytest.raises(ZeroDivisionError), pulse.turning():
        _ = 1 // 0
    report = await health(app, pulse).look()
    assert (report.healthy, report.watching) == (False, Watch.OFF)
    assert report.faults == ("The watching loop has ended by an error; its log says which",)
    with pulse.turning():
        assert (await health(app, pulse).look()).healthy


async def test_a_loop_that_hangs_is_an_illness(app: App) -> None:
    pulse = Pulse(app.clock)
    with pulse.turning():
        await app.clock.advance(121 * SECOND)
        report = await health(app, pulse).look()
    assert report.faults == ("The watching loop hangs since 121 s",)


async def test_a_database_that_does_not_answer_is_an_illness(app: App, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'nowhere' / 'teckochecker.db'}")
    store = SqlStore(engine, app.clock, Publisher(lambda error, event: None), MemoryWakeups(app.memory))
    asked = Health(store=store, clock=app.clock, pulse=Pulse(app.clock))
    report = await asked.look()
    assert await asked.jobs() == {}
    await engine.dispose()
    assert (report.healthy, report.database) == (False, False)
    assert len(report.faults) == 1


async def test_others_are_told_the_same_as_health(app: App) -> None:
    pulse = Pulse(app.clock)
    assert pulse.told() == Told(watching="off")
    with pulse.turning():
        pulse.turn(app.clock.now() - 61 * SECOND, checks=3)
        at = app.clock.now()
        await app.clock.advance(SECOND)
        assert pulse.told() == Told(watching="behind", checks=3, lateness=62 * SECOND, turned_at=at)
        assert (await health(app, pulse).look()).checks == 3


async def test_the_jobs_looked_at_are_counted(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    await app.a_job("batch_2", "batch_3", status=BatchStatus.IN_PROGRESS)
    await app.run()
    assert app.service.watching.checks == 2


async def test_what_is_stored_is_counted(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    await app.a_job("batch_2", status=BatchStatus.IN_PROGRESS)
    await app.jobs.pause(1)
    pulse = Pulse(app.clock)
    await app.clock.advance(90 * SECOND)
    figures = await Statistics(store=app.store, clock=app.clock, pulse=pulse).count()
    assert {status: count for status, count in figures.jobs.items() if count} == {"active": 1, "paused": 1}
    assert (figures.secrets, figures.uptime, figures.checks) == (2, 90 * SECOND, 0)
    assert figures.entries == len([*await app.jobs.history(1), *await app.jobs.history(2)])
    assert await health(app, pulse).jobs() == figures.jobs


async def test_no_process_runs_on_a_storage_that_nobody_serves(app: App) -> None:
    assert await health(app, Pulse(app.clock)).instances() == []
