from __future__ import annotations

from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.secret import SecretType
from teckochecker.domain.status import JobStatus
from tests.unit.application.app import App


async def test_an_overview_counts_the_jobs_and_knows_the_next_step(app: App) -> None:
    await app.a_job("batch_1")
    await app.a_job("batch_2")
    await app.jobs.pause(2)
    seen = await app.jobs.overview()
    assert (seen.counts[JobStatus.ACTIVE], seen.counts[JobStatus.PAUSED]) == (1, 1)
    assert (seen.held, seen.causes, seen.next_due) == (0, (), app.clock.now())


async def test_nothing_is_due_where_there_is_no_job(app: App) -> None:
    assert (await app.jobs.overview()).next_due is None


async def test_held_jobs_are_told_by_their_causes_one_for_each(app: App) -> None:
    await app.secrets.add("second", SecretType.OPENAI, "sk-second")
    for number in (1, 2):
        app.batches.put(f"batch_{number}", BatchStatus.IN_PROGRESS)
        await app.a_job(f"batch_{number}", name=f"Job {number}")
    app.batches.revoke("sk-second")
    for number in (3, 4):
        app.batches.put(f"batch_{number}", BatchStatus.IN_PROGRESS)
        await app.a_job(f"batch_{number}", name=f"Job {number}", openai_secret="second")
    await app.a_job("batch_unknown", name="Job 5")
    await app.run()
    seen = await app.jobs.overview()
    assert seen.held == 3
    assert [
        (cause.reason, cause.secret and cause.secret.name, cause.jobs, cause.newest.job.name) for cause in seen.causes
    ] == [
        ("not found with this key", None, 1, "Job 5"),
        ("OpenAI refuses this key (401)", "second", 2, "Job 4"),
    ]


async def test_a_held_run_is_a_cause_of_its_own(app: App) -> None:
    app.batches.put("batch_1", BatchStatus.COMPLETED)
    app.keboola.revoke("901-first")
    await app.a_job()
    await app.run()
    (cause,) = (await app.jobs.overview()).causes
    assert (cause.secret, cause.newest.job.status) == (None, JobStatus.TRIGGERING)
    assert cause.reason == cause.newest.held_reason
