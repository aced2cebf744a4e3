"""Traces reach a real receiver over OTLP/HTTP when the standard variables name one, and cost nothing otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from attrs import define, field
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from teckochecker.adapters.metrics import Metrics
from teckochecker.adapters.tracing import traced
from teckochecker.adapters.transport import Transport
from tests.adapters.test_transport import OK, SECRET, ask, saying, serving


@define(eq=False)
class Collector:
    """A receiver of traces."""

    url: str = ""
    raw: bytearray = field(factory=bytearray)
    services: set[str] = field(factory=set)
    spans: list[Span] = field(factory=list)

    def take(self, body: bytes) -> None:
        """One export."""
        self.raw += body
        for told in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.services |= {a.value.string_value for a in told.resource.attributes if a.key == "service.name"}
            self.spans += [span for scope in told.scope_spans for span in scope.spans]

    def span(self, name: str) -> dict[str, str | int]:
        """The attributes of the span of this name."""
        (found,) = [span for span in self.spans if span.name == name]
        return {a.key: a.value.string_value or a.value.int_value for a in found.attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quietly."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield collector
        finally:
            server.shutdown()
            serving.join()


@pytest.fixture
def asked(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Collector:
    """The environment names the collector."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    return collector


async def test_spans_reach_the_receiver_with_what_became_known_of_them(asked: Collector) -> None:
    async with AsyncExitStack() as stack:
        telemetry = traced(Metrics("1"), os.environ, stack)
        with telemetry.span("request", method="GET") as request:
            with telemetry.span("step", trigger="t-1", job=7, state="intent"):
                pass
            request.note(route="/api/jobs", status=200)
    assert asked.services == {"teckochecker"}
    assert asked.span("step") == {
        "teckochecker.trigger": "t-1",
        "teckochecker.job": 7,
        "teckochecker.state": "intent",
    }
    assert asked.span("request /api/jobs")["http.response.status_code"] == 200
    inner, outer = asked.spans
    assert inner.parent_span_id == outer.span_id


async def test_a_call_is_traced_without_its_credential(asked: Collector) -> None:
    async with AsyncExitStack() as stack:
        telemetry = traced(Metrics("1"), os.environ, stack)
        async with serving(saying(OK)) as server:
            await ask(Transport([server.url], service="openai", telemetry=telemetry), server.url)
    call = asked.span("call")
    assert (call["teckochecker.service"], call["http.request.method"], call["http.response.status_code"]) == (
        "openai",
        "GET",
        200,
    )
    assert SECRET.encode() not in asked.raw


async def test_a_fault_is_told_by_its_kind_and_not_by_its_text(asked: Collector) -> None:
    async with AsyncExitStack() as stack:
        telemetry = traced(Metrics("1"), os.environ, stack)
        with pytest.raises(ValueError, match=SECRET), telemetry.span("wave", secret=1):
            raise ValueError(SECRET)
    (span,) = asked.spans
    assert (span.status.message, SECRET.encode() in asked.raw) == ("ValueError", False)


async def test_what_is_traced_is_measured_all_the_same(asked: Collector) -> None:
    metrics = Metrics("1")
    async with AsyncExitStack() as stack:
        telemetry = traced(metrics, os.environ, stack)
        with telemetry.span("wave", secret=1) as wave:
            wave.note(found=3)
        telemetry.late([2.0])
        telemetry.holding("trigger", 4)
    text = metrics.exposition({}).decode()
    assert 'teckochecker_checks_total{outcome="found"} 3.0' in text
    assert 'teckochecker_leases{kind="trigger"} 4.0' in text
    assert "teckochecker_check_lateness_seconds_sum 2.0" in text


async def test_the_service_may_be_named_otherwise(asked: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly-watch")
    async with AsyncExitStack() as stack:
        with traced(Metrics("1"), os.environ, stack).span("wave"):
            pass
    assert asked.services == {"nightly-watch"}


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
async def test_where_nobody_asked_nothing_is_in_the_way(environ: dict[str, str]) -> None:
    metrics = Metrics("1")
    async with AsyncExitStack() as stack:
        assert traced(metrics, environ, stack) is metrics


RUN = """
import asyncio, os, sys
from contextlib import AsyncExitStack
from teckochecker.adapters.metrics import Metrics
from teckochecker.adapters.tracing import traced
{before}
async def main():
    async with AsyncExitStack() as stack:
        telemetry = traced(Metrics("1"), os.environ, stack)
        print(type(telemetry).__name__, "opentelemetry" in sys.modules and sys.modules["opentelemetry"] is not None)
asyncio.run(main())
"""


def run(before: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN.format(before=before)],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_nothing_of_it_is_loaded_without_the_variables() -> None:
    assert run().stdout == "Metrics False\n"


def test_without_the_extra_it_is_said_how_to_install_it() -> None:
    # None in sys.modules is how Python itself marks a module that cannot be imported
    done = run("sys.modules['opentelemetry'] = None", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert done.stdout == "Metrics False\n"
    assert "pip install 'teckochecker[otel]'" in done.stderr


def test_a_receiver_that_is_away_delays_nothing_for_long() -> None:
    done = run(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert done.stdout == "Traced True\n"
