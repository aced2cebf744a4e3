"""The contract of CheckRepository."""

from __future__ import annotations

from teckochecker.domain.findings import Checked, Finding, Level
from teckochecker.domain.values import JobId
from tests.builders import AT, SECOND
from tests.contracts.instances import Instance

CHECKED = Checked(
    at=AT,
    findings=(
        Finding(level=Level.WARNING, about="Batch batch_1", says="OpenAI does not find it ‘ř’"),
        Finding(level=Level.FINE, about="Configuration 1", says="exists"),
    ),
    defaults={"tone": "dry ‘ř’"},
)


async def keep(instance: Instance, job_id: JobId, checked: Checked | None) -> None:
    """Store what was found, or forget it."""
    async with instance.store.work() as work:
        await (work.checks.keep(job_id, checked) if checked else work.checks.forget(job_id))
        await work.commit()


async def known(instance: Instance, *job_ids: JobId) -> dict[JobId, Checked]:
    """What is stored of these jobs."""
    async with instance.store.view() as view:
        return dict(await view.checks.of_jobs(job_ids))


async def test_what_was_found_is_read_back_by_everybody(one: Instance, other: Instance) -> None:
    first, second = await one.add_job(), await one.add_job()
    await keep(one, first.id, CHECKED)
    assert await known(other, first.id, second.id) == {first.id: CHECKED}


async def test_the_latest_check_counts(one: Instance) -> None:
    job = await one.add_job()
    await keep(one, job.id, CHECKED)
    await keep(one, job.id, again := Checked(at=AT + SECOND))
    assert await known(one, job.id) == {job.id: again}


async def test_what_was_found_can_be_forgotten(one: Instance) -> None:
    job = await one.add_job()
    await keep(one, job.id, CHECKED)
    await keep(one, job.id, None)
    assert await known(one, job.id) == {}


async def test_a_check_is_kept_with_the_rest_of_its_unit_of_work_or_not_at_all(one: Instance) -> None:
    job = await one.add_job()
    async with one.store.work() as work:
        await work.checks.keep(job.id, CHECKED)
    assert await known(one, job.id) == {}
