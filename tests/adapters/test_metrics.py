"""What a Prometheus server reads of one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from teckochecker import Rehearsal, Settings
from teckochecker.adapters.cipher import new_key
from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.metrics import Metrics
from teckochecker.adapters.scripted import ScriptedBatches, ScriptedKeboola, ScriptedStorage
from teckochecker.adapters.transport import Transport
from teckochecker.application.crew import FaultMet
from teckochecker.application.errors import Unavailable
from teckochecker.domain import events
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.secret import Credential, SecretType
from teckochecker.entrypoints.container import in_memory, running
from tests.adapters.test_transport import OK, ask, saying, serving
from tests.builders import AT, a_spec


def read(metrics: Metrics, **jobs: int) -> dict[str, float]:
    """Every sample by its name and labels, as a Prometheus server understands them."""
    families = text_string_to_metric_families(metrics.exposition(jobs).decode())
    return {
        sample.name.removeprefix("teckochecker_")
        + "".join(f" {value}" for label, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


@asynccontextmanager
async def at_work() -> AsyncGenerator[tuple[Rehearsal, Metrics]]:
    """A whole instance in memory with one job, and its metrics."""
    clock = ManualClock(AT)
    openai, keboola = ScriptedBatches(clock), ScriptedKeboola(clock)
    container = in_memory(
        Settings(secret_key=(Credential(new_key()),)), clock, openai, keboola, ScriptedStorage(keboola)
    )
    async with running(container):
        tecko = Rehearsal(container=container, clock=clock, openai=openai, keboola=keboola)
        for kind in (SecretType.OPENAI, SecretType.KEBOOLA):
            await tecko.secrets.add(kind.value, kind, Credential("0123456789abcdef"))
        await tecko.jobs.create(a_spec(batch_ids=("batch_1", "batch_2")))
        yield tecko, container.metrics()


async def test_checks_are_counted_by_how_they_went() -> None:
    async with at_work() as (tecko, metrics):
        tecko.openai.put("batch_1", BatchStatus.IN_PROGRESS)
        await tecko.run_until_idle()
        found = read(metrics)
    assert (found["checks_total found"], found["checks_total not_found"], found["checks_total failed"]) == (1, 1, 0)
    assert found["wave_seconds_count"] == 1


async def test_lateness_is_the_time_from_due_to_kept() -> None:
    async with at_work() as (tecko, metrics):
        await tecko.clock.advance(timedelta(seconds=45))
        await tecko.run_until_idle()
        found = read(metrics)
    assert (found["check_lateness_seconds_count"], found["check_lateness_seconds_sum"]) == (1, 45)


async def test_a_trigger_is_timed_from_the_last_batchs_end_to_the_accepted_run() -> None:
    async with at_work() as (tecko, metrics):
        for batch in ("batch_1", "batch_2"):
            tecko.openai.put(batch, BatchStatus.COMPLETED)
        await tecko.run_until_idle()
        found = read(metrics)
    assert (found["triggers_total intended"], found["triggers_total accepted"], found["triggers_total held"]) == (
        1,
        1,
        0,
    )
    assert found["trigger_seconds_count"] == 1


async def test_triggers_are_counted_while_they_are_in_hand() -> None:
    async with at_work() as (tecko, metrics):
        for batch in ("batch_1", "batch_2"):
            tecko.openai.put(batch, BatchStatus.COMPLETED)
        watching, triggering = tecko._container.watching(), tecko._container.triggering()
        await watching.tick()
        await watching.settle()
        await triggering.tick()
        held = read(metrics)["leases trigger"]
        await triggering.settle()
        await asyncio.sleep(0)
        assert (held, read(metrics)["leases trigger"]) == (1, 0)


async def test_leases_are_counted_while_they_are_in_hand() -> None:
    async with at_work() as (tecko, metrics):
        tecko.openai.latency = timedelta(minutes=1)
        watching = tecko._container.watching()
        await watching.tick()
        held = read(metrics)["leases poll_group"]
        await watching.close()
        assert (held, read(metrics)["leases poll_group"]) == (1, 0)


async def test_calls_are_counted_by_service_and_status() -> None:
    metrics = Metrics("1.0.0")
    for answer in (OK, OK.replace(b"200 OK", b"503 Later")):
        async with serving(saying(answer)) as server:
            await ask(Transport([server.url], service="openai", telemetry=metrics), server.url)
    with pytest.raises(Unavailable):
        await ask(Transport(["http://127.0.0.1:9"], service="keboola", telemetry=metrics), "http://127.0.0.1:9")
    found = read(metrics)
    assert found["calls_total GET openai 200"] == found["calls_total GET openai 503"] == 1
    assert found["calls_total GET keboola none"] == 1
    assert (found["call_seconds_count openai"], found["call_seconds_count keboola"]) == (2, 1)


def test_events_are_counted_and_jobs_are_read_when_asked_for() -> None:
    metrics = Metrics("1.0.0")
    told: tuple[events.Event, ...] = (
        events.TriggerAccepted(at=AT, trigger_id="t", run_id="1", adopted=True, waited_s=8.0),
        events.RunEnded(at=AT, run_id="1", status="error"),
        FaultMet(at=AT, where="x", fault="y"),
        events.JobPaused(at=AT),
    )
    for event in told:
        metrics.hear(event)
    found = read(metrics, active=3, failed=0)
    assert (found["triggers_total adopted"], found["trigger_seconds_sum"]) == (1, 8)
    assert (found["runs_total error"], found["faults_total"]) == (1, 1)
    assert (found["jobs active"], found["jobs failed"]) == (3, 0)
    assert any(name.startswith("build_info") and name.endswith("1.0.0") for name in found)


def test_each_thing_that_happens_to_a_trigger_is_counted_by_its_name() -> None:
    metrics = Metrics("1.0.0")
    told: dict[str, events.Event] = {
        "intended": events.TriggerIntended(at=AT, trigger_id="t", generation=1),
        "sent": events.TriggerSent(at=AT, trigger_id="t", attempt=1, delay_s=0),
        "unknown": events.TriggerUnknown(at=AT, trigger_id="t", reason="it broke"),
        "not_processed": events.TriggerNotProcessed(at=AT, trigger_id="t", failures=1, reason="maintenance"),
        "held": events.TriggerHeld(at=AT, trigger_id="t", reason="refused"),
        "duplicate": events.DuplicateRun(at=AT, run_ids=("1", "2")),
    }
    for event in told.values():
        metrics.hear(event)
    found = read(metrics)
    assert {name: found[f"triggers_total {name}"] for name in told} == dict.fromkeys(told, 1)


def test_attempts_to_tell_people_are_counted_and_a_status_without_jobs_is_gone() -> None:
    metrics = Metrics("1.0.0")
    with metrics.span("notice", channel="slack") as span:
        span.note(outcome="delivered")
    assert read(metrics, active=3)["notices_total delivered"] == 1
    found = read(metrics, failed=1)
    assert "jobs active" not in found
    assert found["process_start_time_seconds"] > 0


def test_two_containers_count_for_themselves() -> None:
    one, other = Metrics("1"), Metrics("1")
    one.hear(FaultMet(at=AT, where="x", fault="y"))
    assert (read(one)["faults_total"], read(other)["faults_total"]) == (1, 0)
