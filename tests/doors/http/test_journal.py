"""Every request has an id, a line in the log and its numbers, and none of them tells what was secret."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from teckochecker.adapters.clock import SystemChance
from teckochecker.adapters.logs import configure
from teckochecker.application.crew import FaultMet
from teckochecker.application.ports import AuditQuery
from teckochecker.application.silence import Silence
from teckochecker.domain.events import JobPaused
from teckochecker.entrypoints.cli.foreground import writer
from teckochecker.entrypoints.http.journal import Journal
from tests.builders import AT
from tests.doors.http.served import Served, memory, served
from tests.doors.nightly import nightly, with_secrets


@asynccontextmanager
async def logged(folder: Path, level: str = "INFO") -> AsyncGenerator[tuple[Served, io.StringIO]]:
    """A service whose log is read."""
    stream = io.StringIO()
    logs = configure(level, None, "json", stream)
    try:
        async with served(memory, folder) as service:
            service.tecko.subscribe(writer())
            yield service, stream
    finally:
        logs.close()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Our own lines: the test's client logs in this process too."""
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in told if line["logger"].startswith("teckochecker")]


async def samples(service: Served) -> dict[str, float]:
    """What /metrics says."""
    answer = await service.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        sample.name.removeprefix("teckochecker_")
        + "".join(f" {value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.parametrize("path", ["/api/jobs", "/api/jobs/9", "/nothing/here", "/api/health"])
async def test_a_request_id_comes_out_as_it_went_in(light: Served, path: str) -> None:
    answer = await light.http.get(path, headers={"X-Request-ID": "my-id.1"})
    assert answer.headers.get_list("x-request-id") == ["my-id.1"]


@pytest.mark.parametrize("given", ["", "a" * 65, "with space", "line\tbreak", "(x)"])
async def test_an_unfit_id_is_replaced(light: Served, given: str) -> None:
    answer = await light.http.get("/api/jobs", headers={"X-Request-ID": given})
    (made,) = answer.headers.get_list("x-request-id")
    assert made != given
    assert len(made) == 32


async def test_two_ids_are_none_and_every_request_gets_another(light: Served) -> None:
    twice = [("X-Request-ID", "one"), ("X-Request-ID", "two")]
    found = [(await light.http.get("/api/jobs", headers=twice)).headers["x-request-id"] for _ in range(2)]
    assert len({"one", "two", *found}) == 4


async def test_what_a_request_brought_about_bears_its_id_in_the_log(tmp_path: Path) -> None:
    async with logged(tmp_path) as (service, stream):
        await with_secrets(service.tecko)
        await service.tecko.jobs.create(nightly("batch_a"))
        await service.http.post("/api/jobs/1/pause", headers={"X-Request-ID": "why-paused"})
    paused = next(line for line in lines(stream) if line.get("kind") == "JobPaused")
    asked = next(line for line in lines(stream) if line["logger"] == "teckochecker.http")
    assert (paused["request"], paused["job"]) == ("why-paused", 1)
    assert (asked["event"], asked["request"], asked["peer"]) == (
        "POST /api/jobs/1/pause 200",
        "why-paused",
        "127.0.0.1",
    )
    assert 0 < asked["ms"] < 60_000


@pytest.mark.parametrize("given", ["mine", "not (fit)"])
async def test_the_audit_trail_has_the_id_that_the_answer_bears(service: Served, given: str) -> None:
    answer = await service.http.post("/api/jobs/1/pause", headers={"X-Request-ID": given})
    page = await service.container.audit().find(AuditQuery(limit=1))
    assert page.entries[0].actor.request_id == answer.headers["x-request-id"]


async def test_a_mistake_of_the_program_is_an_error_in_the_log(tmp_path: Path) -> None:
    async with logged(tmp_path) as (_, stream):
        writer()(FaultMet(at=AT, where="a wave", fault="it broke"))
        writer()(JobPaused(at=AT))
    assert [(line["kind"], line["level"]) for line in lines(stream)] == [("FaultMet", "ERROR"), ("JobPaused", "INFO")]


async def test_a_request_that_nobody_answered_is_in_the_log() -> None:
    stream = io.StringIO()
    logs = configure("INFO", None, "json", stream)

    async def gone(scope: Any, receive: Any, send: Any) -> None:
        """Whoever asked has gone away."""

    try:
        scope: Any = {"type": "http", "method": "GET", "path": "/api/jobs", "headers": [], "client": None}
        await Journal(gone, Silence(), SystemChance())(scope, None, None)  # type: ignore[arg-type]
    finally:
        logs.close()
    assert [line["event"] for line in lines(stream)] == ["GET /api/jobs was not answered"]


async def test_events_bear_the_ids_of_batch_trigger_and_run(tmp_path: Path) -> None:
    async with logged(tmp_path) as (service, stream):
        await with_secrets(service.tecko)
        await service.tecko.jobs.create(nightly("batch_a"))
        service.tecko.openai.put("batch_a", "completed")
        await service.tecko.run_until_idle()
    told = {line["kind"]: line for line in lines(stream) if "kind" in line}
    assert told["BatchEnded"]["batch"] == "batch_a"
    accepted = told["TriggerAccepted"]
    assert (accepted["job"], accepted["trigger"], accepted["run"]) == (
        1,
        told["TriggerSent"]["trigger"],
        accepted["run"],
    )


async def test_the_log_tells_neither_query_nor_token_nor_body(tmp_path: Path) -> None:
    async with logged(tmp_path, "DEBUG") as (service, stream):
        await service.http.post(
            "/api/admin/secrets?token=in-the-query",
            headers={"Authorization": "Bearer in-the-header"},
            json={"name": "x", "type": "openai", "value": "in-the-body-0123456789"},
        )
    text = "\n".join(map(str, lines(stream)))
    assert "POST /api/admin/secrets" in text
    assert not any(secret in text for secret in ("in-the-query", "in-the-header", "in-the-body"))


async def test_what_machines_ask_for_all_day_is_in_the_log_only_when_asked_for(tmp_path: Path) -> None:
    async with logged(tmp_path) as (service, stream):
        for path in ("/api/health", "/metrics", "/web/static/icon.svg", "/nothing"):
            await service.http.get(path)
        with (pulse := service.container.pulse()).turning():
            await service.tecko.clock.advance(pulse.patience * 2)
            await service.http.get("/api/health")
    assert [line["event"] for line in lines(stream)] == ["GET /nothing 404", "GET /api/health 503"]


async def test_requests_are_counted_by_route_and_not_by_address(light: Served) -> None:
    for path in ("/api/jobs/1", "/api/jobs/9", "/nothing", "/nothing/else"):
        await light.http.get(path)
    await light.http.request("PROPFIND", "/api/jobs")
    found = await samples(light)
    assert found["http_requests_total GET /api/jobs/{job_id} 200"] == 1
    assert found["http_requests_total GET /api/jobs/{job_id} 404"] == 1
    assert found["http_requests_total GET none 404"] == 2
    assert sum(count for name, count in found.items() if name.startswith("http_requests_total other")) == 1
    assert found["http_request_seconds_count /api/jobs/{job_id}"] == 2


async def test_jobs_by_status_are_those_of_the_database_now(service: Served) -> None:
    await service.tecko.jobs.pause(1)
    found = await samples(service)
    assert (found["jobs paused"], found["jobs active"], found["jobs failed"]) == (1, 0, 0)
