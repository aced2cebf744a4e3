"""teckochecker job cancel-run, retry, test-fire and watch: what goes on in Keboola."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from attrs import evolve

from teckochecker import TeckoChecker
from teckochecker.domain.status import JobStatus
from teckochecker.domain.values import JobId
from teckochecker.entrypoints.container import Container, running
from teckochecker.entrypoints.settings import Settings
from teckochecker.entrypoints.simulator import BatchScript, RunScript
from tests.builders import some_batches
from tests.doors.cli.desk import Desk
from tests.doors.cli.shell import Done, Shell

QUICK = RunScript(created_for=0, processing_for=0.1)
LONG = RunScript(created_for=0.1, processing_for=600)

FACTS = (
    *("Polling Job Details (times in UTC)", "ID", "Name", "Status", "Batch ID", "Poll Interval", "Last Check"),
    *("Next Check", "Created At", "Completed At", "OpenAI Secret", "Keboola Secret", "Keboola Stack"),
    *("Configuration", "Keboola Run"),
)


@asynccontextmanager
async def working(desk: Desk, run: RunScript = QUICK) -> AsyncIterator[None]:
    """A job whose one batch has completed, and an instance that sees to it."""
    desk.simulator.keboola.run_script = run
    batch = desk.simulator.openai.add_batch(script=BatchScript.succeeds(0))
    assert (await desk.create(batch=batch.id)).code == 0
    async with TeckoChecker.open(Settings.load(os.environ, desk.folder / ".env")) as checker:
        stop = asyncio.Event()
        work = asyncio.create_task(checker.run(stop))
        yield
        stop.set()
        await work


def rows(shown: str) -> list[str]:
    """What the rows of the tables are about."""
    return [line.split("│")[1].strip() for line in shown.splitlines() if line.startswith("│")]


async def seen(desk: Desk, state: str) -> dict[str, Any]:
    """The job, as soon as its trigger is in this state."""
    async with asyncio.timeout(30):
        while True:
            job: dict[str, Any] = (await desk.run("job", "show", "1", "--json")).body
            if job["trigger"] and job["trigger"]["state"] == state:
                return job


async def test_a_run_is_cancelled_and_its_end_is_shown(desk: Desk) -> None:
    async with working(desk, LONG):
        await seen(desk, "accepted")
        done = await desk.run("job", "cancel-run", "1")
        assert done == Done(0, "✓ Keboola was asked to end the run of job 'checked'\n")
        job = await seen(desk, "ended")
        again = await desk.run("job", "cancel-run", "1")
        shown = (await desk.run("job", "show", "1")).out
    assert (job["status"], job["trigger"]["run"]["status"]) == ("completed", "terminated")
    assert again == Done(1, "", "The Keboola run of this job is over, so there is nothing to cancel\n")
    run = desk.simulator.keboola.runs[0]
    assert f"│ Run Link       │ {desk.simulator.keboola.stack_url}/admin/projects/901/queue/{run.id}" in shown
    assert f"A person asked for the end of run {run.id}" in shown
    assert rows(shown)[:-8] == [*FACTS, "Run Message", "Run Link", "History"]


async def test_a_program_that_cancels_a_run_is_answered_with_the_job(desk: Desk) -> None:
    async with working(desk, LONG):
        await seen(desk, "accepted")
        body = (await desk.run("job", "cancel-run", "1", "--json")).body
    assert (body["id"], body["status"], body["trigger"]["state"]) == (1, "completed", "accepted")


async def test_a_job_without_a_run_has_none_to_cancel(desk: Desk) -> None:
    await desk.create()
    assert await desk.run("job", "cancel-run", "1") == Done(1, "", "Job 'checked' has no Keboola run yet\n")


async def test_a_held_job_goes_on_with_the_run_that_a_person_names(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIGGER_SEARCH_GRACE", "1")
    monkeypatch.setenv("TRIGGER_ON_UNKNOWN", "hold")
    desk.simulator.keboola.fault("reset", operation="create", after_effect=True)
    desk.simulator.keboola.search_lag = 600
    async with working(desk):
        job = await seen(desk, "held")
        assert "look there, then send it again or name the run" in job["held_reason"]
        shown, listed = (await desk.run("job", "show", "1")).out, (await desk.run("job", "list")).out
        unknown = await desk.run("job", "retry", "1", "--adopt", "77")
        done = await desk.run("job", "retry", "1", "--adopt", desk.simulator.keboola.runs[0].id)
        await seen(desk, "ended")
    assert rows(shown)[:2] == [FACTS[0], "Held"]
    assert listed.splitlines()[0] == f"Job 1 is held: {job['held_reason']}"
    assert (unknown.code, unknown.err) == (1, 'Keboola answered 404: Job "77" not found\n')
    assert done == Done(0, f"✓ Job 'checked' goes on with run {desk.simulator.keboola.runs[0].id}\n")
    assert len(desk.simulator.keboola.runs) == 1


async def test_a_held_job_is_sent_on_a_persons_word_and_a_completed_one_again_on_purpose(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIGGER_SEARCH_GRACE", "1")
    monkeypatch.setenv("TRIGGER_ON_UNKNOWN", "hold")
    desk.simulator.keboola.fault("reset", operation="create")
    on_its_way = Done(0, "✓ Job 'checked' is on its way again\n")
    async with working(desk):
        await seen(desk, "held")
        assert (await desk.run("job", "retry", "1", "--again")).code == 1
        assert await desk.run("job", "retry", "1", "--send") == on_its_way
        await seen(desk, "ended")
        assert (await desk.run("job", "retry", "1", "--send")).code == 1
        assert await desk.run("job", "retry", "1", "--again") == on_its_way
        assert (await seen(desk, "ended"))["trigger"]["generation"] == 2
    assert len(desk.simulator.keboola.runs) == 2


async def test_a_test_run_is_started_after_its_target_was_confirmed(desk: Desk) -> None:
    await desk.create()
    argv, keboola = ("job", "test-fire", "1"), desk.simulator.keboola
    declined = await asyncio.to_thread(
        Shell(desk.folder).on_terminal, *argv, answers=[("[y/N]: ", "n\n")], **desk.simulator.environment
    )
    piped = await desk.run(*argv)
    unasked = await desk.run(*argv, "--json")
    assert keboola.runs == []
    done = await desk.run(*argv, "--yes")
    body = (await desk.run(*argv, "--yes", "--json")).body
    job = (await desk.run("job", "show", "1", "--json")).body
    question = f"Start a test run of job 'checked' in kds-team.app-custom-python/123456 at {keboola.stack_url}? [y/N]: "
    assert question in " ".join(declined.out.split())
    assert (declined.code, piped.code, unasked.code) == (1, 1, 1)
    assert piped.err == "This has to be confirmed on a terminal; to skip the question add --yes\n"
    first, second = keboola.runs
    assert done == Done(0, f"✓ Keboola started the test run {first.id} of job 'checked'\n")
    assert body == {"job_id": 1, "run_id": second.id, "trigger_id": (second.variables or {})["trigger_id"]}
    assert body["trigger_id"].startswith("test-")
    assert (job["status"], job["trigger"]) == ("active", None)


@pytest.mark.parametrize(("outcome", "code", "sign"), [("success", 0, "✓"), ("warning", 0, "✓"), ("error", 1, "✗")])
async def test_how_a_run_ends_is_seen_by_the_exit_code_of_the_watch(
    desk: Desk, outcome: Literal["success", "warning", "error"], code: int, sign: str
) -> None:
    async with working(desk, RunScript(created_for=0, processing_for=0.1, outcome=outcome)):
        done = await desk.run("job", "watch", "1", "--every", "0.05")
    assert done.code == code
    assert done.out.splitlines()[-1].startswith(f"Keboola run: {sign} {outcome}")


async def test_a_job_whose_run_was_refused_is_watched_no_longer(desk: Desk) -> None:
    desk.simulator.keboola.fault("status", status=400, operation="create")
    async with working(desk):
        done = await desk.run("job", "watch", "1")
    assert (done.code, done.out.splitlines()[-1][:24]) == (1, "Keboola run: ✗ refused: ")
    assert rows((await desk.run("job", "show", "1", "--log-limit", "0")).out) == [*FACTS, "Last Error"]
    over = await desk.run("job", "watch", "1", "--json")  # and nobody works any more
    assert (over.code, over.body["status"], over.err) == (1, "failed", "")
    assert (await desk.run("job", "watch", "1")).err == ""


async def test_a_job_that_came_completed_without_a_run_is_over(desk: Desk) -> None:
    assert (await desk.create()).code == 0
    settings = Settings.load(os.environ, desk.folder / ".env")
    async with running(Container(settings=settings)) as container, container.store().work() as work:
        job = await work.jobs.get(JobId(1), lock=True)
        batches = some_batches("completed")
        await work.jobs.save([evolve(job, status=JobStatus.COMPLETED, next_check_at=None, batches=batches)])
        await work.commit()
    done = await desk.run("job", "watch", "1")
    assert (done.code, done.out.splitlines()[0]) == (0, "Job 1 'checked' is completed")
