from __future__ import annotations

from datetime import timedelta

import pytest

from teckochecker.adapters.scripted import Operation
from teckochecker.application.definitions import Definitions, Made
from teckochecker.application.errors import FaultyDefinitions, JobNotFound, OutcomeUnknown, Rejected
from teckochecker.application.ports import JobQuery
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.findings import Level
from teckochecker.domain.secret import Credential, SecretType
from teckochecker.domain.spec import JobSpec
from tests.builders import HOUR, a_spec
from tests.unit.application.app import App

PYTHON = "kds-team.app-custom-python"


def definitions(app: App) -> Definitions:
    return Definitions(jobs=app.checked_jobs)


async def apply(
    app: App, *specs: JobSpec, dry_run: bool = False, check: bool = True
) -> list[tuple[str, int, tuple[str, ...]]]:
    """What came of these definitions: what was made, of which job, and what an edit changed."""
    places = {f"job {number}": spec for number, spec in enumerate(specs, start=1)}
    applied = await definitions(app).apply(places, dry_run=dry_run, check=check)
    return [(one.made.value, one.job.id, one.changed) for one in applied]


async def total(app: App) -> int:
    return (await app.jobs.find(JobQuery())).total


async def test_a_definition_makes_a_job_once(app: App) -> None:
    assert await apply(app, a_spec()) == [("created", 1, ())]
    assert await apply(app, a_spec()) == [("unchanged", 1, ())]
    assert await total(app) == 1


async def test_a_key_holds_a_job_through_its_renaming(app: App) -> None:
    await apply(app, a_spec(key="nightly"))
    assert await apply(app, a_spec(key="nightly", name="Other")) == [("edited", 1, ("name",))]


async def test_a_job_that_waits_for_batches_is_edited(app: App) -> None:
    app.batches.put("batch_1", BatchStatus.IN_PROGRESS)
    await apply(app, a_spec(variables={"colour": "red"}))
    await app.run()
    changed = a_spec(batch_ids=["batch_1", "batch_2"], poll_interval_seconds=300)
    assert await apply(app, changed) == [("edited", 1, ("batches", "interval", "target"))]
    job = (await app.job()).job
    assert (job.interval, job.target.variables) == (timedelta(minutes=5), {})
    assert [batch.status for batch in job.batches] == ["in_progress", "queued"]


async def test_a_definition_gives_a_job_other_secrets(app: App) -> None:
    await apply(app, a_spec())
    await app.secrets.add("openai-2", SecretType.OPENAI, Credential("sk-second"))
    await app.secrets.add("keboola-2", SecretType.KEBOOLA, Credential("901-second"))
    other = a_spec(openai_secret="openai-2", keboola_secret="keboola-2")
    fields = ("keboola_secret_id", "keboola_secret_name", "openai_secret_id", "openai_secret_name")
    assert await apply(app, other, check=False) == [("edited", 1, fields)]
    job = (await app.job()).job
    assert [getattr(job, name) for name in fields] == [4, "keboola-2", 3, "openai-2"]


async def test_new_batches_after_the_end_of_all_make_a_new_job(app: App) -> None:
    app.batches.put("batch_1", BatchStatus.COMPLETED)
    await apply(app, a_spec())
    await app.advance(HOUR)
    assert await apply(app, a_spec(poll_interval_seconds=300)) == [("unchanged", 1, ())]
    assert await apply(app, a_spec(name="Other", key="Nightly reviews")) == [("edited", 1, ("name",))]
    assert await apply(app, a_spec(batch_ids=["batch_2"])) == [("created", 2, ())]
    assert await apply(app, a_spec(batch_ids=["batch_2"])) == [("unchanged", 2, ())]


async def test_new_batches_never_take_a_run_away_that_is_being_started(app: App) -> None:
    app.batches.put("batch_1", BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1)
    await apply(app, a_spec())
    await app.run()
    assert await apply(app, a_spec(batch_ids=["batch_2"])) == [("created", 2, ())]
    await app.advance(HOUR)
    assert (await app.job(1)).job.status.value == "completed"


async def test_a_failed_job_is_cured_by_its_definition(app: App) -> None:
    app.batches.put("batch_1", BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, Rejected("no such configuration", http=400), times=1)
    await apply(app, a_spec())
    await app.run()
    assert await apply(app, a_spec(keboola_configuration_id="9")) == [("edited", 1, ("target",))]
    await app.jobs.retry(1)
    await app.run()
    assert [run.target.configuration_id for run in app.keboola.runs] == ["9"]


@pytest.mark.parametrize("check", [True, False])
async def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_made(app: App, *, check: bool) -> None:
    app.batches.put("batch_1", BatchStatus.COMPLETED)
    app.keboola.fail(Operation.START, OutcomeUnknown("the connection broke"), times=1)
    stack = "https://connection.eu-central-1.keboola.com"
    await app.secrets.add("bound", SecretType.KEBOOLA, Credential("901-bound"), base_url=stack)
    await apply(app, a_spec())
    await app.run()
    with pytest.raises(FaultyDefinitions) as told:
        await apply(
            app,
            a_spec(name="good"),
            a_spec(name="fast", poll_interval_seconds=1),
            a_spec(name="lost", openai_secret="nobody"),
            a_spec(keboola_configuration_id="9"),
            a_spec(name="again", key="good"),
            a_spec(name="elsewhere", keboola_secret="bound"),
            check=check,
        )
    assert [fault.partition(":")[0] for fault in told.value.faults] == ["job 5", "job 2", "job 3", "job 6", "job 4"]
    assert "Secret 'bound' belongs to" in told.value.faults[3]
    assert "The key 'good' is taken by job 1" in str(told.value)
    assert "may exist already" in str(told.value)
    assert await total(app) == 1


async def test_what_a_definition_newly_depends_on_is_checked_and_kept_with_the_job(app: App) -> None:
    [one] = await definitions(app).apply({"job 1": a_spec()})
    assert one.checked
    assert one.checked.of(Level.WARNING)
    assert (await app.job()).checked == one.checked
    [same] = await definitions(app).apply({"job 1": a_spec(poll_interval_seconds=300)})
    assert (same.made, same.checked, (await app.job()).checked) == (Made.EDITED, None, one.checked)
    app.batches.put("batch_1", BatchStatus.IN_PROGRESS)
    [other] = await definitions(app).apply({"job 1": a_spec(keboola_configuration_id="9")})
    assert other.checked
    assert (await app.job()).checked == other.checked != one.checked


async def test_everything_that_would_make_a_job_fail_is_told_at_once_and_nothing_is_made(app: App) -> None:
    app.storage.remove(PYTHON, "8")
    app.storage.remove(PYTHON, "9")
    with pytest.raises(FaultyDefinitions) as told:
        await apply(
            app,
            a_spec(name="good"),
            a_spec(name="fast", poll_interval_seconds=1),
            a_spec(name="gone", keboola_configuration_id="8"),
            a_spec(name="too", keboola_configuration_id="9"),
        )
    assert [fault.partition(" of ")[0] for fault in told.value.faults] == [
        "job 2: Poll interval must be between 30 and 3600 seconds (it is 1)",
        "job 3: Configuration: there is no configuration 8",
        "job 4: Configuration: there is no configuration 9",
    ]
    assert all("--no-check" in fault for fault in told.value.faults[1:])
    assert await total(app) == 0


async def test_an_edit_that_would_make_a_job_fail_changes_none(app: App) -> None:
    await apply(app, a_spec())
    app.storage.remove(PYTHON, "9")
    with pytest.raises(FaultyDefinitions, match="there is no configuration 9"):
        await apply(app, a_spec(keboola_configuration_id="9"), a_spec(name="other"))
    assert ((await app.job()).job.target.configuration_id, await total(app)) == ("123456", 1)


async def test_whoever_does_not_want_the_check_gets_the_jobs(app: App) -> None:
    app.storage.remove(PYTHON, "123456")
    [one] = await definitions(app).apply({"job 1": a_spec()}, check=False)
    assert (one.made, one.checked, app.batches.looks) == (Made.CREATED, None, {})


async def test_a_dry_run_tells_what_would_be_found_and_keeps_nothing(app: App) -> None:
    [one] = await definitions(app).apply({"job 1": a_spec()}, dry_run=True)
    assert one.checked
    app.storage.remove(PYTHON, "123456")
    with pytest.raises(FaultyDefinitions, match="there is no configuration"):
        await apply(app, a_spec(), dry_run=True)
    assert await total(app) == 0


async def test_a_dry_run_tells_and_changes_nothing(app: App) -> None:
    await apply(app, a_spec())
    made = await apply(app, a_spec(poll_interval_seconds=300), a_spec(name="other"), dry_run=True)
    assert made == [("edited", 1, ("interval",)), ("created", 2, ())]
    assert (await total(app), (await app.job()).job.interval) == (1, timedelta(minutes=2))


async def test_what_is_exported_changes_nothing_when_it_is_applied(app: App) -> None:
    more = {"branch_id": "5", "row_ids": ("1", "2"), "variables": {"colour": "red"}}
    given = a_spec(key="nightly", poll_interval_seconds=300, **more)
    await apply(app, given, a_spec(name="other"), check=False)
    exported = await definitions(app).export()
    assert [(spec.name, spec.key) for spec in exported] == [("Nightly reviews", "nightly"), ("other", "other")]
    assert [made for made, _, _ in await apply(app, *exported)] == ["unchanged", "unchanged"]


async def test_the_newest_job_of_a_key_is_exported(app: App) -> None:
    for batch in ("batch_1", "batch_2"):
        await app.a_job(batch)
    assert [spec.batch_ids for spec in await definitions(app).export()] == [("batch_2",)]
    assert [spec.batch_ids for spec in await definitions(app).export([1])] == [("batch_1",)]
    with pytest.raises(InvalidValue, match="Jobs 1 and 2 have the same key"):
        await definitions(app).export([1, 2])
    with pytest.raises(JobNotFound, match="Job with ID 7"):
        await definitions(app).export([1, 7])


async def test_more_jobs_than_one_page_holds_are_exported(app: App) -> None:
    async with app.store.work() as work:
        for number in range(1001):
            await app.jobs.create_in(work, a_spec(key=f"job-{number}"))
        await work.commit()
    assert len(await definitions(app).export()) == 1001
