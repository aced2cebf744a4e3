from __future__ import annotations

from teckochecker.application.ports import JobQuery
from teckochecker.entrypoints.wire import job_body, jobs_body
from tests.doors.http.served import Served
from tests.doors.nightly import nightly


async def test_a_job_is_shown_as_the_command_line_prints_it(service: Served) -> None:
    assert await service.get("/api/jobs/1") == job_body(await service.tecko.jobs.get(1))


async def test_jobs_are_listed_newest_first(service: Served) -> None:
    await service.tecko.jobs.create(nightly("batch_c"))
    assert await service.get("/api/jobs") == jobs_body(await service.tecko.jobs.find(JobQuery()))
