"""A test run: sent as a real one would be, and of no consequence for the job."""

from __future__ import annotations

import json

import pytest
from attrs import evolve

from teckochecker.adapters.scripted import Operation
from teckochecker.application.actor import Actor
from teckochecker.application.errors import JobNotFound, OutcomeUnknown
from teckochecker.application.ports import AuditQuery
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.role import Role
from tests.builders import HOUR
from tests.unit.application.app import App
from tests.unit.application.test_defaults import link


async def test_a_test_run_is_given_what_a_real_one_would_be_about_made_up_batches(app: App) -> None:
    link(app, tone="dry", colour="grey")
    view = await app.a_job(status=BatchStatus.COMPLETED, variables={"colour": "red"})
    fired = await app.runs.test_fire(view.job.id)
    await app.advance(HOUR)
    test, real = app.keboola.runs
    assert test.variables.keys() == real.variables.keys()
    assert (test.id, test.variables["trigger_id"]) == (fired.run_id, fired.trigger_id)
    assert fired.trigger_id.startswith("test-")
    assert (test.variables["tone"], test.variables["colour"]) == ("dry", "red")
    assert json.loads(test.variables["batch_ids_completed"]) == ["batch_test_completed"]
    assert json.loads(test.variables["batch_ids_failed"]) == ["batch_test_failed"]
    told = ("status", "output_file_id", "request_counts")
    assert [[batch[name] for name in told] for batch in json.loads(test.variables["batches_json"])] == [
        ["completed", "file-test-output", {"total": 2, "completed": 2, "failed": 0}],
        ["failed", None, {"total": 2, "completed": 0, "failed": 2}],
    ]
    assert all(test.variables.values())


@pytest.mark.parametrize("status", [BatchStatus.IN_PROGRESS, BatchStatus.COMPLETED])
async def test_a_test_run_leaves_the_job_and_its_own_run_as_they_are(app: App, status: BatchStatus) -> None:
    await app.a_job(status=status)
    await app.advance(HOUR)
    before = await app.job()
    fired = await app.runs.test_fire(1)
    assert await app.job() == before
    await app.advance(HOUR)
    kept = (await app.job()).trigger
    assert (kept and kept.run_id) != fired.run_id
    assert len(app.keboola.runs) == (2 if before.trigger else 1)


async def test_history_and_audit_trail_tell_of_the_test_run(app: App) -> None:
    await app.a_job()
    anna = Actor(name="anna", role=Role.OPERATOR)
    fired = await evolve(app.runs, actor=anna).test_fire(1)
    async with app.store.view() as view:
        entry = (await view.history.of_job(1, limit=1))[0]
        page = await view.audit.find(AuditQuery(actor="anna"))
    assert entry.event == fired
    (one,) = page.entries
    assert (one.action, one.before, one.after) == ("job.test_fire", None, {"run_id": fired.run_id})
    assert list(app.kinds("TestFired")) == ["TestFired"]


async def test_a_test_run_of_unknown_outcome_is_told_and_never_looked_for(app: App) -> None:
    await app.a_job()
    app.keboola.fail(Operation.START, OutcomeUnknown("no answer"), after_effect=True)
    with pytest.raises(OutcomeUnknown):
        await app.runs.test_fire(1)
    assert (await app.job()).trigger is None
    assert list(app.kinds("TestFired")) == []


async def test_there_is_no_test_run_without_a_job(app: App) -> None:
    with pytest.raises(JobNotFound):
        await app.runs.test_fire(9)
