"""Jobs that came back from a backup: what Keboola has run since is found, not run again."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from teckochecker.application.ports import RunRequest
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.restoring import trigger_id
from teckochecker.domain.status import JobStatus
from tests.builders import a_project, a_target
from tests.unit.application.app import App


async def restored(app: App) -> None:
    """The job stands as it did before it ran, and that is known."""
    await app.a_job()
    async with app.store.work() as work:
        job = await work.jobs.get(1, lock=True)
        await work.jobs.save([evolve(job, doubted_since=job.created_at)])
        await work.commit()


async def test_a_run_made_after_the_backup_is_adopted(app: App) -> None:
    await restored(app)
    job = (await app.job()).job
    request = RunRequest(target=a_target(), variables={"trigger_id": str(trigger_id(job))})
    app.keboola.knows("901-first", a_project())
    app.keboola.by_hand(request, token_id=a_project().token_id, project_id=a_project().id)
    app.batches.put("batch_1", BatchStatus.COMPLETED)
    await app.advance(timedelta(minutes=5))
    assert len(app.keboola.runs) == 1
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_job_that_has_not_run_since_the_backup_runs_once(app: App) -> None:
    await restored(app)
    app.batches.put("batch_1", BatchStatus.COMPLETED)
    await app.advance(timedelta(minutes=1))
    assert not app.keboola.runs
    await app.advance(timedelta(minutes=30))
    assert len(app.keboola.runs) == 1
    assert (await app.job()).job.status is JobStatus.COMPLETED
