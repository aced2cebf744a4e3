"""Jobs are checked before they are kept: errors refuse, warnings stay with the job, silence refuses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta

import pytest
from attrs import evolve

from teckochecker.adapters.scripted import Operation
from teckochecker.application.change import JobChange
from teckochecker.application.errors import (
    CheckFailed,
    CredentialRejected,
    EditedMeanwhile,
    JobNotFound,
    KeyReused,
    OtherStack,
    SecretNotFound,
    Unavailable,
)
from teckochecker.application.ports import JobQuery, Once
from teckochecker.application.views import JobView
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.configuration import VARIABLES, Configuration, ConfigurationRow
from teckochecker.domain.errors import InvalidTransition, InvalidValue
from teckochecker.domain.findings import Level
from teckochecker.domain.secret import Credential, SecretType
from tests.builders import HOUR, SECOND, a_spec
from tests.unit.application.app import App

PYTHON = "kds-team.app-custom-python"


def levels(view: JobView, *wanted: Level) -> list[str]:
    """What was found on these levels."""
    return [f"{finding.about}: {finding.says}" for finding in view.checked.of(*wanted)] if view.checked else []


def link(app: App, *declared: str, **stored: str) -> None:
    """The job's configuration declares these variables, and its default row has these values."""
    row = ConfigurationRow(id="10", body={"values": [{"name": n, "value": v} for n, v in stored.items()]})
    body = {"variables": [{"name": name} for name in declared]}
    app.storage.put(VARIABLES, Configuration(id="9", name="variables", body=body, rows=(row,)))
    main = {"variables_id": "9", "variables_values_id": "10"}
    app.storage.put(PYTHON, Configuration(id="123456", name="Reviews", body=main))


async def test_what_was_found_is_shown_and_kept_with_the_job(app: App) -> None:
    view = await app.checked_jobs.create(a_spec())
    assert levels(view, Level.WARNING) == [
        "Batch batch_1: OpenAI does not find it with this key (yet); check the ID, and that the key is of its project"
    ]
    assert levels(view, Level.ERROR, Level.UNCHECKED) == []
    assert len(levels(view, Level.FINE)) == 5
    assert (await app.jobs.get(1)).checked == view.checked


async def test_a_rehearsal_tells_what_would_be_found_and_keeps_nothing(app: App) -> None:
    checks = app.checked_jobs
    rehearsed = await checks.rehearse(a_spec())
    assert (await checks.find(JobQuery())).total == 0
    assert (await checks.create(a_spec())).checked == rehearsed
    app.batches.revoke("sk-first")
    assert (await checks.rehearse(a_spec())).of(Level.ERROR)


async def test_an_error_refuses_the_job_and_nothing_is_kept(app: App) -> None:
    app.storage.remove(PYTHON, "123456")
    with pytest.raises(CheckFailed, match=r"Configuration: there is no configuration 123456 .*--no-check") as refused:
        await app.checked_jobs.create(a_spec())
    assert len(refused.value.checked.of(Level.ERROR)) == 1
    with pytest.raises(JobNotFound):
        await app.jobs.get(1)


async def test_all_errors_are_told_at_once(app: App) -> None:
    app.keboola.revoke("901-first")
    app.batches.revoke("sk-first")
    with pytest.raises(CheckFailed, match=r"Keboola token: .*; OpenAI key: "):
        await app.checked_jobs.create(a_spec())


async def test_whoever_does_not_want_the_check_gets_the_job(app: App) -> None:
    app.storage.remove(PYTHON, "123456")
    view = await app.checked_jobs.create(a_spec(), check=False)
    assert view.checked is None
    assert app.batches.looks == {}


async def test_what_breaks_a_rule_is_refused_before_anybody_is_asked(app: App) -> None:
    for wrong, refusal in (({"poll_interval_seconds": 1}, InvalidValue), ({"openai_secret": "nope"}, SecretNotFound)):
        with pytest.raises(refusal):
            await app.checked_jobs.create(a_spec(**wrong))
    assert app.batches.looks == {}


async def test_services_that_are_down_refuse_nothing(app: App) -> None:
    for operation in Operation:
        app.keboola.fail(operation, Unavailable("Keboola is down"))
    app.batches.fail("OpenAI is down")
    view = await app.checked_jobs.create(a_spec())
    assert {finding.level for finding in view.checked.findings} == {Level.UNCHECKED} if view.checked else False


async def test_services_that_are_silent_are_waited_for_less_than_five_seconds(app: App) -> None:
    for operation in Operation:
        app.keboola.slow(operation, before=HOUR)
    app.batches.latency = HOUR
    creating = asyncio.ensure_future(app.checked_jobs.create(a_spec()))
    await app.clock.advance(timedelta(seconds=4.5))
    view = await asyncio.wait_for(creating, 1)
    assert levels(view, Level.UNCHECKED) == [
        "Keboola token: no answer came within 2 s",
        "Configuration: no answer came within 2 s",
        "Search: no answer came within 2 s",
        "Batch batch_1: no answer came within 4 s",
    ]


async def test_answers_that_came_in_time_count_though_others_did_not(app: App) -> None:
    ids = [f"batch_{number}" for number in range(3)]
    for batch_id in ids:
        app.batches.put(batch_id, BatchStatus.IN_PROGRESS)
    app.batches.portion, app.batches.latency = 1, 3 * SECOND
    creating = asyncio.ensure_future(app.checked_jobs.create(a_spec(batch_ids=ids)))
    await app.clock.advance(timedelta(seconds=4.5))
    view = await asyncio.wait_for(creating, 1)
    assert [text.partition(":")[0] for text in levels(view, Level.UNCHECKED)] == ["Batch batch_1", "Batch batch_2"]


async def test_a_key_that_cannot_be_opened_here_refuses_nothing(app: App) -> None:
    app.cipher.key, before = "another", app.cipher.key
    view = await app.checked_jobs.create(a_spec())
    assert [text.partition(":")[0] for text in levels(view, Level.UNCHECKED)] == ["Secret 'keboola'", "Secret 'openai'"]
    app.cipher.key = before


async def test_what_may_not_be_read_refuses_nothing(app: App) -> None:
    app.storage.hide(VARIABLES)
    app.keboola.fail(Operation.FIND, CredentialRejected("Keboola answered 403", http=403))
    view = await app.checked_jobs.create(a_spec())
    assert [text.partition(":")[0] for text in levels(view, Level.UNCHECKED)] == ["Variables"]
    assert levels(view, Level.WARNING)[0].startswith("Search: this token may not search Keboola's jobs")


async def test_the_first_verification_binds_a_keboola_secret_to_its_stack(app: App) -> None:
    await app.checked_jobs.create(a_spec())
    secret = {secret.name: secret for secret in await app.secrets.all()}["keboola"]
    assert (secret.base_url, secret.project and secret.project.name) == (
        "https://connection.keboola.com",
        "Scripted project",
    )
    with pytest.raises(OtherStack, match=r"belongs to https://connection\.keboola\.com"):
        await app.checked_jobs.create(a_spec(keboola_stack_url="https://connection.eu-central-1.keboola.com"))


async def test_of_two_verifications_at_the_same_time_one_binds(app: App) -> None:
    here, elsewhere = a_spec(), a_spec(keboola_stack_url="https://connection.eu-central-1.keboola.com")
    await asyncio.gather(app.checked_jobs.rehearse(here), app.checked_jobs.rehearse(elsewhere))
    assert [secret.base_url for secret in await app.secrets.all()] == [None, here.keboola_stack_url]


async def test_a_refused_token_binds_nothing(app: App) -> None:
    app.keboola.revoke("901-first")
    with pytest.raises(CheckFailed):
        await app.checked_jobs.create(a_spec())
    assert all(secret.base_url is None for secret in await app.secrets.all())


async def test_a_declared_variable_needs_a_value(app: App) -> None:
    link(app, "trigger_id", "region")
    with pytest.raises(CheckFailed, match="declares 'region', to which nothing is sent"):
        await app.checked_jobs.create(a_spec())
    view = await app.checked_jobs.create(a_spec(variables={"region": "eu"}))
    assert levels(view, Level.ERROR) == []


async def test_stored_defaults_are_kept_with_the_check_and_sent_along(app: App) -> None:
    link(app, "trigger_id", "tone", tone="dry", trigger_id="none")
    app.batches.put("batch_1", BatchStatus.COMPLETED)
    view = await app.checked_jobs.create(a_spec())
    assert view.checked
    assert view.checked.defaults == {"tone": "dry"}
    app.storage.hide(VARIABLES)
    await app.run()
    assert app.keboola.runs[0].variables["tone"] == "dry"


async def test_a_flow_is_checked_through_the_configurations_that_it_runs(app: App) -> None:
    link(app, "trigger_id")
    tasks = [{"task": {"componentId": PYTHON, "configId": "123456"}}, {"task": {"componentId": "x", "configId": "1"}}]
    app.storage.put("keboola.flow", Configuration(id="7", name="Downstream", body={"tasks": tasks}))
    app.storage.put("x", Configuration(id="1", name="Unlinked", body={}))
    flow = a_spec(keboola_component_id="keboola.flow", keboola_configuration_id="7")
    view = await app.checked_jobs.create(flow)
    assert "Variables: 'Reviews' takes 1 of those that are sent" in levels(view, Level.FINE)
    for component in (PYTHON, "x"):
        app.storage.hide(component)
    view = await app.checked_jobs.create(flow)
    assert levels(view, Level.UNCHECKED) == ["Variables: none of the configurations that the flow runs could be read"]


async def test_of_a_large_flow_no_more_is_read_than_there_is_time_for(app: App) -> None:
    tasks = [{"task": {"componentId": PYTHON, "configId": str(number)}} for number in range(1, 22)]
    app.storage.put("keboola.flow", Configuration(id="5", name="Downstream", body={"tasks": tasks}))
    link(app, "region")
    for number in range(1, 22):
        body = {"variables_id": "9", "variables_values_id": "10"}
        app.storage.put(PYTHON, Configuration(id=str(number), name=f"task {number}", body=body))
    view = await app.checked_jobs.create(a_spec(keboola_component_id="keboola.flow", keboola_configuration_id="5"))
    assert len([line for line in levels(view, Level.WARNING) if "declares 'region'" in line]) == 20


async def test_a_flow_that_runs_nothing_takes_nothing(app: App) -> None:
    app.storage.put("keboola.flow", Configuration(id="7", name="Empty", body={"tasks": []}))
    view = await app.checked_jobs.create(a_spec(keboola_component_id="keboola.flow", keboola_configuration_id="7"))
    assert any("nothing in this flow is linked" in warning for warning in levels(view, Level.WARNING))


async def test_an_edit_is_checked_where_it_changes_what_the_job_depends_on(app: App) -> None:
    await app.checked_jobs.create(a_spec(), check=False)
    await app.checked_jobs.edit(1, JobChange(name="Another name"))
    assert app.batches.looks == {}
    view = await app.checked_jobs.edit(1, JobChange(batch_ids=["batch_2"]))
    assert levels(view, Level.WARNING)[0].startswith("Batch batch_2: ")
    assert (await app.jobs.get(1)).checked == view.checked


async def test_an_edit_that_would_make_the_job_fail_changes_nothing(app: App) -> None:
    await app.checked_jobs.create(a_spec(), check=False)
    app.storage.remove(PYTHON, "404")
    with pytest.raises(CheckFailed):
        await app.checked_jobs.edit(1, JobChange(keboola_configuration_id="404"))
    assert (await app.jobs.get(1)).job.target.configuration_id == "123456"


@pytest.mark.parametrize(
    "change",
    [
        JobChange(batch_ids=["batch_2"]),
        JobChange(openai_secret="other"),
        JobChange(keboola_secret="other keboola"),
        JobChange(keboola_configuration_id="9"),
    ],
    ids=["batches", "openai", "keboola", "target"],
)
async def test_an_edit_without_a_check_forgets_what_was_found_before(app: App, change: JobChange) -> None:
    await app.secrets.add("other", SecretType.OPENAI, Credential("sk-other"))
    await app.secrets.add("other keboola", SecretType.KEBOOLA, Credential("901-other"))
    await app.checked_jobs.create(a_spec())
    await app.checked_jobs.edit(1, JobChange(name="Another name", poll_interval_seconds=600), check=False)
    assert (await app.jobs.get(1)).checked
    await app.checked_jobs.edit(1, change, check=False)
    assert (await app.jobs.get(1)).checked is None


async def test_an_edit_of_an_older_version_is_refused_whatever_the_check_says(app: App) -> None:
    await app.checked_jobs.create(a_spec())
    await app.checked_jobs.edit(1, JobChange(name="Another name"), version=1)
    with pytest.raises(EditedMeanwhile):
        await app.checked_jobs.edit(1, JobChange(batch_ids=["batch_2"]), version=1)
    assert (await app.jobs.get(1)).checked


async def test_a_forbidden_edit_is_refused_whatever_the_check_says(app: App) -> None:
    await app.checked_jobs.create(a_spec(), check=False)
    app.batches.put("batch_1", BatchStatus.COMPLETED)
    await app.run()
    with pytest.raises(InvalidTransition):
        await app.checked_jobs.edit(1, JobChange(batch_ids=["batch_2"]))


async def test_a_job_can_be_checked_again_at_any_time(app: App) -> None:
    await app.checked_jobs.create(a_spec())
    app.storage.remove(PYTHON, "123456")
    view = await app.checked_jobs.check(1)
    assert levels(view, Level.ERROR)[0].startswith("Configuration: there is no configuration")
    assert (await app.jobs.get(1)).checked == view.checked


async def test_a_deleted_secret_is_an_error(app: App) -> None:
    await app.checked_jobs.create(a_spec(), check=False)
    async with app.store.work() as work:
        job = await work.jobs.get(1, lock=True)
        await work.jobs.save([evolve(job, openai_secret_id=None, keboola_secret_id=None)])
        await work.commit()
    view = await app.checked_jobs.check(1)
    gone: Collection[str] = levels(view, Level.ERROR)
    assert list(gone) == ["Secret: was deleted; give the job another one: job edit"] * 2


async def test_a_key_makes_one_job_however_often_it_is_asked_for(app: App) -> None:
    jobs = app.checked_jobs
    first, new = await jobs.create_once(a_spec(), Once(key="k", body="1"))
    again, anew = await jobs.create_once(a_spec(), Once(key="k", body="1"))
    assert (new, anew, first.job.id, again) == (True, False, 1, await app.jobs.get(1))


async def test_requests_at_the_same_time_make_one_job_under_their_key(app: App) -> None:
    jobs = app.checked_jobs
    made = await asyncio.gather(*(jobs.create_once(a_spec(), Once(key="k", body="1")) for _ in range(5)))
    assert {view.job.id for view, _ in made} == {made[0][0].job.id}
    assert sorted(new for _, new in made) == [False] * 4 + [True]
    assert (await app.jobs.find(JobQuery())).total == 1


async def test_a_key_stands_for_one_body(app: App) -> None:
    jobs = app.checked_jobs
    await jobs.create_once(a_spec(), Once(key="k", body="1"))
    with pytest.raises(KeyReused, match="another body"):
        await jobs.create_once(a_spec(), Once(key="k", body="2"))


async def test_the_key_of_a_deleted_job_makes_no_other(app: App) -> None:
    jobs = app.checked_jobs
    await jobs.create_once(a_spec(), Once(key="k", body="1"))
    await jobs.delete(1)
    with pytest.raises(KeyReused, match="Job 1, made under this Idempotency-Key, was deleted"):
        await jobs.create_once(a_spec(), Once(key="k", body="1"))
