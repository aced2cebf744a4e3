"""What the earlier version kept comes in whole, once, and starts nothing by itself that may have run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from attrs import define, evolve

from teckochecker.adapters.memory import MemoryWakeups
from teckochecker.adapters.memory.store import MemoryStore
from teckochecker.adapters.publisher import Publisher
from teckochecker.application.definitions import Definitions
from teckochecker.application.earlier import Earlier, EarlierBatch, EarlierEntry, EarlierJob, EarlierSecret
from teckochecker.application.errors import Conflict, WrongKey
from teckochecker.application.heirs import Heir
from teckochecker.application.ports import AuditQuery, Instance, Told
from teckochecker.application.takeover import TakenOver, Takeover
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.errors import InvalidTransition, InvalidValue
from teckochecker.domain.events import Event, Inherited
from teckochecker.domain.secret import Credential, Sealed, SecretType
from teckochecker.domain.status import JobStatus
from teckochecker.domain.values import IntervalBounds
from tests.builders import AT, HOUR
from tests.unit.application.app import App

BEFORE = AT - 100 * HOUR


@define
class OldKey:
    """Opens what is sealed by its name."""

    name: str

    def open(self, sealed: Sealed, type: SecretType) -> Credential:
        key, _, value = sealed.split("|")
        if key != self.name:
            raise WrongKey("another key")
        return Credential(value)


OLD = OldKey("old")


def an_earlier_secret(id: int = 1, type: str = "openai", **changes: Any) -> EarlierSecret:
    sealed = Sealed(f"old|{type}|sk-earlier-key")
    secret = EarlierSecret(id=id, mark=f"{id} then", name=f"{type}-old", type=type, sealed=sealed, created_at=BEFORE)
    return evolve(secret, **changes)


def an_earlier_job(*batches: str | tuple[str, str], **changes: Any) -> EarlierJob:
    found = [(batch, "in_progress") if isinstance(batch, str) else batch for batch in batches or ("batch_1",)]
    job = EarlierJob(
        id=7,
        mark="7 then",
        name="Reviews",
        status="active",
        openai_secret_id=1,
        keboola_secret_id=2,
        stack_url="https://connection.keboola.com/",
        component_id="kds-team.app-custom-python",
        configuration_id="123456",
        interval_s=120,
        batches=tuple(EarlierBatch(id=id, status=status) for id, status in found),
        created_at=BEFORE,
    )
    return evolve(job, **changes)


def an_earlier(
    *jobs: EarlierJob, secrets: Sequence[EarlierSecret] | None = None, entries: Sequence[EarlierEntry] = ()
) -> Earlier:
    usual = (an_earlier_secret(1), an_earlier_secret(2, "keboola"))
    return Earlier(secrets=usual if secrets is None else secrets, jobs=jobs, entries=[entries])


@pytest.fixture
def takeover(app: App) -> Takeover:
    store = app.services[0].store
    return Takeover(store=store, cipher=app.cipher, clock=app.clock, bounds=IntervalBounds())


async def taken(takeover: Takeover, *jobs: EarlierJob, **changes: Any) -> TakenOver:
    return await takeover.take(an_earlier(*jobs, **changes), OLD)


async def heir(takeover: Takeover, *batches: str | tuple[str, str], **changes: Any) -> Heir:
    return (await taken(takeover, an_earlier_job(*batches, **changes))).jobs[0]


async def test_a_job_that_was_watched_goes_on_to_its_run(app: App, takeover: Takeover) -> None:
    app.batches.put("batch_1", BatchStatus.COMPLETED)
    job = (await heir(takeover, "batch_1", interval_s=0)).job
    assert (job.status, job.created_at, job.interval) == (JobStatus.ACTIVE, BEFORE, timedelta(minutes=2))
    assert (job.openai_secret_name, job.target.stack_url) == ("openai-old", "https://connection.keboola.com")
    await app.run()
    assert (await app.job()).job.status is JobStatus.COMPLETED
    assert len(app.keboola.runs) == 1


@pytest.mark.parametrize("status", ["completed", "completed_with_failures", "failed"])
async def test_a_finished_job_stays_finished_though_its_batches_all_read_in_progress(
    app: App, takeover: Takeover, status: str
) -> None:
    app.batches.put("batch_1", BatchStatus.COMPLETED)
    job = (await heir(takeover, "batch_1", status=status, completed_at=AT - HOUR)).job
    await app.advance(48 * HOUR)
    assert (await app.job()).job == evolve(job, events=())
    assert (job.status, job.completed_at, app.keboola.runs) == (JobStatus(status), AT - HOUR, ())


async def test_the_batches_of_a_completed_job_have_completed(takeover: Takeover) -> None:
    job = (await heir(takeover, "batch_1", status="completed", last_check_at=AT - HOUR)).job
    assert [(batch.status, batch.ended_at) for batch in job.batches] == [(BatchStatus.COMPLETED, AT - HOUR)]


async def test_a_failed_job_tells_why_and_is_sent_on_its_way_by_a_person_alone(app: App, takeover: Takeover) -> None:
    job = (await heir(takeover, ("batch_1", "completed"), status="failed", last_error="Keboola trigger failed")).job
    assert job.last_error == "Keboola trigger failed"
    await app.run()
    assert app.keboola.runs == ()
    await app.jobs.retry(job.id)
    await app.run()
    assert len(app.keboola.runs) == 1


@pytest.mark.parametrize("was", ["active", "paused"])
async def test_a_job_whose_batches_had_all_ended_comes_in_paused_with_the_reason(
    app: App, takeover: Takeover, was: str
) -> None:
    came = await heir(takeover, ("batch_1", "completed"), ("batch_2", "expired"), status=was)
    await app.advance(48 * HOUR)
    assert app.keboola.runs == ()
    reason = "all of its batches had ended, so it may have run already: look in Keboola, then resume it, or delete it"
    assert came.reasons == (reason,)
    assert (came.job.status, came.job.last_error) == (JobStatus.PAUSED, reason)
    await app.jobs.resume(came.job.id)
    await app.run()
    assert (await app.job()).job.status is JobStatus.COMPLETED_WITH_FAILURES


async def test_a_job_whose_history_tells_of_a_run_comes_in_paused(takeover: Takeover) -> None:
    came = await heir(takeover, started_at=AT - HOUR)
    assert came.job.status is JobStatus.PAUSED
    assert came.reasons[0].startswith("its history tells of a run, so it may have run already")


async def test_a_paused_job_stays_paused_without_a_reason(takeover: Takeover) -> None:
    came = await heir(takeover, status="paused")
    assert (came.job.status, came.job.last_error, came.reasons) == (JobStatus.PAUSED, None, ())


async def test_a_batch_that_openai_never_knew_is_never_lost(app: App, takeover: Takeover) -> None:
    await heir(takeover, "batch_unknown")
    await app.advance(2 * HOUR)
    view = await app.job()
    assert (view.job.status, app.keboola.runs) == (JobStatus.ACTIVE, ())
    assert "not found with this key" in (view.held_reason or "")


async def test_a_batch_that_was_seen_keeps_its_status(takeover: Takeover) -> None:
    job = (await heir(takeover, ("batch_1", "finalizing"), ("batch_1", "failed"), ("batch_2", "failed"))).job
    assert [(batch.id, batch.status) for batch in job.batches] == [("batch_1", "finalizing"), ("batch_2", "failed")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"batches": ()}, "it has no batches"),
        ({"batches": (EarlierBatch(id="msg_1", status="in_progress"),)}, "Invalid batch ID format: 'msg_1'"),
        ({"openai_secret_id": None}, "its OpenAI secret is gone; give it one"),
        ({"openai_secret_id": 2}, "its OpenAI secret is gone; give it one"),
        ({"keboola_secret_id": 9}, "its Keboola secret is gone; give it one"),
        ({"status": "triggering"}, "its status 'triggering' is not known here"),
        ({"configuration_id": "12 / 3"}, "Invalid configuration ID: '12 / 3': it is '12-3' here, give the right one"),
        ({"component_id": " "}, "The component ID is empty: it is 'unknown' here, give the right one"),
        ({"stack_url": "https://evil.example"}, "Invalid Keboola stack URL: 'https://evil.example'"),
    ],
)
async def test_what_does_not_fit_pauses_the_job_and_is_told(
    app: App, takeover: Takeover, changes: dict[str, Any], reason: str
) -> None:
    came = await heir(takeover, **changes)
    assert came.job.status is JobStatus.PAUSED
    assert came.reasons[0].startswith(reason)
    assert [entry.event.data["told"] for entry in await app.jobs.history(came.job.id)] == [
        "; ".join(("the job was job 7 there", *came.reasons))
    ]
    await app.advance(48 * HOUR)
    assert app.keboola.runs == ()


@pytest.mark.parametrize("lack", [{"batches": ()}, {"openai_secret_id": None}])
async def test_a_job_that_lacks_something_is_not_resumed_without_it(
    app: App, takeover: Takeover, lack: dict[str, Any]
) -> None:
    job = (await heir(takeover, **lack)).job
    with pytest.raises(InvalidTransition, match="give it"):
        await app.jobs.resume(job.id)


async def test_names_that_do_not_fit_are_made_to(takeover: Takeover) -> None:
    came = await taken(takeover, an_earlier_job(name="\x07", created_at=None))
    assert (came.jobs[0].job.name, came.jobs[0].job.created_at) == ("Job 7", AT)
    nameless = Earlier(secrets=[an_earlier_secret(3, name="\n", mark="other", created_at=None)], jobs=(), entries=())
    assert [came.secret.name for came in (await takeover.take(nameless)).secrets] == ["Secret 3"]


async def test_names_that_are_taken_get_a_number(app: App, takeover: Takeover) -> None:
    secrets = [
        an_earlier_secret(1, name="openai"),
        an_earlier_secret(2, "keboola", name="keboola"),
        an_earlier_secret(3, name="openai (2)"),
    ]
    came = await taken(takeover, an_earlier_job(), secrets=secrets)
    names = ["openai (2)", "keboola (2)", "openai (2) (2)"]
    assert [came.secret.name for came in came.secrets] == names
    assert [secret.name for secret in await app.secrets.all()] == ["openai", "keboola", *names]
    assert came.jobs[0].job.openai_secret_name == "openai (2)"


async def test_values_are_sealed_under_our_own_key(app: App, takeover: Takeover) -> None:
    ours = app.cipher.seal(Credential("sk-ours"), SecretType.OPENAI)
    secrets = [an_earlier_secret(1, sealed=ours), an_earlier_secret(2, "keboola")]
    assert takeover.shut(an_earlier(secrets=secrets)) == ["keboola-old"]
    await taken(takeover, secrets=secrets)
    stored = {secret.name: app.cipher.open(secret.sealed, secret.type) for secret in await app.secrets.all()}
    assert (stored["openai-old"], stored["keboola-old"]) == (Credential("sk-ours"), Credential("sk-earlier-key"))


@pytest.mark.parametrize("sealed", ["lost|openai|sk-1", "old|openai|no value\nof a secret"])
async def test_a_value_that_does_not_open_costs_the_value_alone(app: App, takeover: Takeover, sealed: str) -> None:
    app.batches.put("batch_1", BatchStatus.COMPLETED)
    secrets = [an_earlier_secret(1, sealed=Sealed(sealed)), an_earlier_secret(2, "keboola")]
    assert takeover.shut(an_earlier(secrets=secrets), OLD) == ["openai-old"]
    came = await taken(takeover, an_earlier_job(), secrets=secrets)
    assert [came.secret.empty for came in came.secrets] == [True, False]
    await app.run()
    assert (await app.job()).held_reason == "This secret came without its value; give it one"
    assert await app.secrets.rotate() == 0
    await app.secrets.replace("openai-old", Credential("sk-again"))
    await app.run()
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_secret_of_a_service_that_is_not_known_is_left_and_told(app: App, takeover: Takeover) -> None:
    came = await taken(takeover, secrets=[an_earlier_secret(1, "e2b")])
    assert came.left == ("Secret 'e2b-old' is of type 'e2b', which nothing here uses",)
    assert len(await app.secrets.all()) == 2


async def test_histories_come_along_before_what_is_new_and_nobody_is_told(app: App, takeover: Takeover) -> None:
    entries = [
        EarlierEntry(job_id=7, at=BEFORE, told="checking: one"),
        EarlierEntry(job_id=7, at=None, told="error: key sk-earlier-key\x07 refused"),
        EarlierEntry(job_id=8, at=BEFORE, told="checking: of a job that is gone"),
    ]
    heard: list[Event] = []
    publisher = Publisher(app._report)
    publisher.add(heard.append)
    store = MemoryStore(app.memory, publisher, MemoryWakeups(app.memory))
    came = await taken(evolve(takeover, store=store), an_earlier_job(), entries=entries)
    assert (came.entries, came.left) == (2, ("1 entries of history belong to no job",))
    history = [entry.event for entry in await app.jobs.history(came.jobs[0].job.id)]
    assert history == [
        Inherited(at=AT, job_id=came.jobs[0].job.id, told="the job was job 7 there"),
        Inherited(at=BEFORE, job_id=came.jobs[0].job.id, told="error: key *** refused"),
        Inherited(at=BEFORE, job_id=came.jobs[0].job.id, told="checking: one"),
    ]
    assert heard == history[:1]


@pytest.mark.parametrize("again", [(an_earlier_job(name="Renamed since"),), ()])
async def test_what_came_in_once_does_not_come_in_again(
    app: App, takeover: Takeover, again: tuple[EarlierJob, ...]
) -> None:
    came = await taken(takeover, an_earlier_job())
    await app.jobs.delete(came.jobs[0].job.id)
    with pytest.raises(Conflict, match="was imported on 2026-01-05 already"):
        await taken(takeover, an_earlier_job(id=9, mark="9 then"), *again)
    assert len(await app.secrets.all()) == 4
    assert (await app.jobs.overview()).counts[JobStatus.ACTIVE] == 0


async def test_a_second_database_comes_in_beside_the_first(app: App, takeover: Takeover) -> None:
    await taken(takeover, *(an_earlier_job(id=number, mark=f"{number} then") for number in range(1001)))
    secrets = [an_earlier_secret(1, mark="1 elsewhere"), an_earlier_secret(2, "keboola", mark="2 elsewhere")]
    came = await taken(takeover, an_earlier_job(mark="7 elsewhere"), secrets=secrets)
    assert [came.secret.name for came in came.secrets] == ["openai-old (2)", "keboola-old (2)"]
    assert (await app.jobs.overview()).counts[JobStatus.ACTIVE] == 1002


async def test_a_dry_run_tells_the_same_and_keeps_nothing(app: App, takeover: Takeover) -> None:
    earlier = an_earlier(an_earlier_job())
    told = await takeover.take(earlier, OLD, dry_run=True)
    assert len(await app.secrets.all()) == 2
    assert [heir.job.name for heir in told.jobs] == ["Reviews"]
    assert (await takeover.take(earlier, OLD)).secrets[0].old == told.secrets[0].old


async def test_it_is_refused_while_a_service_is_at_work(app: App, takeover: Takeover) -> None:
    async with app.store.work() as work:
        await work.services.beat(Instance(owner="x", host="here", pid=1, version="1", started_at=AT), Told())
        await work.commit()
    with pytest.raises(Conflict, match="teckochecker stop"):
        await taken(takeover, an_earlier_job())


async def test_what_came_in_is_in_the_audit_trail_without_its_values(app: App, takeover: Takeover) -> None:
    await taken(takeover, an_earlier_job())
    async with app.store.view() as view:
        page = await view.audit.find(AuditQuery(limit=3))
    assert [(entry.action, entry.subject) for entry in page.entries] == [
        ("job.import", "job 1"),
        ("secret.import", "secret keboola-old"),
        ("secret.import", "secret openai-old"),
    ]
    assert "sk-earlier-key" not in str(page)


async def test_a_job_that_no_definition_can_make_is_named_when_it_is_exported(app: App, takeover: Takeover) -> None:
    await taken(takeover, an_earlier_job("msg_1"), an_earlier_job(id=8, mark="8 then", name="Sound"))
    definitions = Definitions(jobs=app.checked_jobs)
    with pytest.raises(InvalidValue, match="Job 1 cannot be a definition: Invalid batch ID format: 'msg_1'"):
        await definitions.export()
    assert [spec.name for spec in await definitions.export([2])] == ["Sound"]
