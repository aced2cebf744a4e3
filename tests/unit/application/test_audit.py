from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve

from teckochecker.application.actor import Actor
from teckochecker.application.audit import Audit, note
from teckochecker.application.change import JobChange
from teckochecker.application.jobs import Jobs
from teckochecker.application.ports import AuditEntry, AuditQuery
from teckochecker.application.secrets import Secrets
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.errors import InvalidTransition
from teckochecker.domain.role import Role
from teckochecker.domain.secret import Credential, SecretType
from tests.builders import AT, a_spec
from tests.unit.application.app import App

ANNA = Actor(name="anna", role=Role.ADMIN, peer="10.0.0.7", request_id="r-1")


def of(app: App) -> tuple[Jobs, Secrets]:
    """What Anna works with."""
    return evolve(app.jobs, actor=ANNA), evolve(app.secrets, actor=ANNA)


async def entries(app: App, **query: Any) -> Sequence[AuditEntry]:
    """The trail, oldest first."""
    page = await Audit(store=app.store).find(AuditQuery(**query))
    return page.entries[::-1]


async def told(app: App, **query: Any) -> list[tuple[str, str, Any, Any]]:
    """What was done to what, and how it stood before and after."""
    return [(entry.action, entry.subject, entry.before, entry.after) for entry in await entries(app, **query)]


async def test_everything_done_to_a_job_is_written_down_with_who_did_it(app: App) -> None:
    jobs, _ = of(app)
    view = await jobs.create(a_spec(batch_ids=["batch_1"]))
    await jobs.check_now(view.job.id)
    await jobs.pause(view.job.id)
    await jobs.resume(view.job.id)
    await jobs.edit(view.job.id, JobChange(name="other", batch_ids=["batch_2"], variables={"mode": "full"}))
    await jobs.delete(view.job.id)
    trail = await entries(app, actor="anna")
    assert {entry.actor for entry in trail} == {ANNA}
    assert {entry.at for entry in trail} == {AT}
    created, *changes, deleted = await told(app, actor="anna")
    assert created[:3] == ("job.create", "job 1", None)
    assert created[3]["batch_ids"] == ["batch_1"]
    assert changes == [
        ("job.check_now", "job 1", None, None),
        ("job.pause", "job 1", {"status": "active"}, {"status": "paused"}),
        ("job.resume", "job 1", {"status": "paused"}, {"status": "active"}),
        (
            "job.edit",
            "job 1",
            {"name": view.job.name, "batch_ids": ["batch_1"], "variables": {}},
            {"name": "other", "batch_ids": ["batch_2"], "variables": {"mode": "full"}},
        ),
    ]
    assert (deleted[0], deleted[2]["name"], deleted[3]) == ("job.delete", "other", None)


async def test_a_retry_is_written_down_with_what_was_asked(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()
    jobs, _ = of(app)
    await jobs.retry(1, again=True)
    await jobs.retry(1)
    app.keboola.revoke("901-first")
    await app.run()
    await jobs.retry(1, send=True)
    assert await told(app, action="job.retry") == [
        ("job.retry", "job 1", {"generation": 1}, {"generation": 2, "again": True}),
        ("job.retry", "job 1", None, None),
        ("job.retry", "job 1", None, {"send": True}),
    ]


async def test_everything_done_to_a_secret_is_written_down_without_its_value(app: App) -> None:
    _, secrets = of(app)
    await secrets.add("third", SecretType.OPENAI, Credential("sk-a-third-value"))
    await secrets.replace("third", Credential("sk-a-fourth-value"))
    app.cipher.key, app.cipher.others = "two", ("one",)
    await secrets.rotate()
    await secrets.delete("third")
    third = {"name": "third", "type": "openai", "base_url": None, "version": 1}
    assert await told(app, subject="secret third") == [
        ("secret.add", "secret third", None, third),
        ("secret.replace", "secret third", {"version": 1}, {"version": 2}),
        ("secret.rotate", "secret third", None, None),
        ("secret.delete", "secret third", third | {"version": 2}, None),
    ]
    assert "value" not in repr(await entries(app))


async def test_what_is_refused_is_not_written_down(app: App) -> None:
    jobs, _ = of(app)
    await jobs.create(a_spec())
    with pytest.raises(InvalidTransition, match="cannot be resumed"):
        await jobs.resume(1)
    assert [entry[0] for entry in await told(app, actor="anna")] == ["job.create"]


async def test_what_the_service_does_by_itself_is_not_written_down(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    before = await told(app)
    await app.run()
    assert await told(app) == before


async def test_a_program_that_says_nothing_of_itself_is_the_library(app: App) -> None:
    assert {entry.actor.name for entry in await entries(app)} == {"library"}


async def test_an_entry_is_about_something(app: App) -> None:
    async with app.store.work() as work:
        with pytest.raises(ValueError, match="what it is about"):
            await note(work, ANNA, "job.create", at=AT)


async def test_a_cancelled_run_is_written_down_with_its_id(app: App) -> None:
    view = await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()
    await evolve(app.runs, actor=ANNA).cancel(view.job.id)
    run = app.keboola.runs[0].id
    assert await told(app, actor="anna") == [("job.cancel_run", "job 1", None, {"run_id": run})]


async def test_a_run_that_a_person_found_is_written_down(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.revoke("901-first")
    await app.run()
    app.keboola.accept("901-first")
    run = app.run_by_hand()
    await evolve(app.runs, actor=ANNA).adopt(1, run)
    assert await told(app, actor="anna") == [
        ("job.adopt", "job 1", {"status": "triggering"}, {"status": "completed", "run_id": run})
    ]
