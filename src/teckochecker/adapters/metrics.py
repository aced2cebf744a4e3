"""What a Prometheus server reads: counted in this process, from events and from telemetry."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import TracebackType
from typing import Final, Self

from attrs import define, field
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from teckochecker.application.crew import FaultMet
from teckochecker.domain import events
from teckochecker.domain.events import Event

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_SHORT: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 90)
_LONG: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600, 14400)
_CHECKS: Final = ("found", "not_found", "failed", "refused")
_TRIGGERS: Final[Mapping[type[Event], str]] = {
    events.TriggerIntended: "intended",
    events.TriggerSent: "sent",
    events.TriggerUnknown: "unknown",
    events.TriggerNotProcessed: "not_processed",
    events.TriggerHeld: "held",
    events.TriggerRefused: "refused",
    events.TriggerWithdrawn: "withdrawn",
    events.DuplicateRun: "duplicate",
}


@define(eq=False)
class _Timed:
    """A span that ends as numbers."""

    _metrics: Metrics
    _name: str
    _about: dict[str, str | int]
    _begun: float = field(factory=time.perf_counter, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._metrics.ended(self._name, self._about, time.perf_counter() - self._begun)

    def note(self, **about: str | int) -> None:
        """What became known of it meanwhile."""
        self._about.update(about)


class Metrics:
    """All series of one process, in a registry of their own. `hear` is to be called with every event."""

    def __init__(self, version: str) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)

        def counter(name: str, help: str, *labels: str) -> Counter:
            return Counter(f"teckochecker_{name}", help, labels, registry=registry)

        def gauge(name: str, help: str, *labels: str) -> Gauge:
            return Gauge(f"teckochecker_{name}", help, labels, registry=registry)

        def histogram(name: str, help: str, buckets: Sequence[float], *labels: str) -> Histogram:
            return Histogram(f"teckochecker_{name}", help, labels, registry=registry, buckets=buckets)

        gauge("build_info", "Always 1; the labels say what runs here", "version", "python").labels(
            version, platform.python_version()
        ).set(1)
        self._jobs = gauge("jobs", "Jobs in the database by status, the same on every instance", "status")
        self._checks = counter("checks", "Batches looked up, by outcome", "outcome")
        for outcome in _CHECKS:
            self._checks.labels(outcome)
        self._lateness = histogram("check_lateness_seconds", "From a job's due time to its check being kept", _LONG)
        self._waves = histogram("wave_seconds", "Looking up what is due with one API key", _LONG)
        self._leases = gauge("leases", "Poll groups and triggers in the hand of this instance", "kind")
        calls = counter("calls", "Calls to OpenAI and Keboola by HTTP status", "service", "method", "status")
        call_time = histogram("call_seconds", "How long a call took", _SHORT, "service")
        # each call counts, so the few that there are are not looked for by their texts each time
        self._call = lru_cache(256)(calls.labels)
        self._call_timed = lru_cache(16)(call_time.labels)
        self._triggers = counter("triggers", "What happened to triggers", "outcome")
        for outcome in ("accepted", "adopted", *_TRIGGERS.values()):
            self._triggers.labels(outcome)
        self._trigger_time = histogram("trigger_seconds", "From the last batch's end to the accepted run", _LONG)
        self._runs = counter("runs", "Keboola runs that ended, by status", "status")
        self._notices = counter("notices", "Attempts to deliver a notice, by outcome", "outcome")
        self._faults = counter("faults", "Faults of this program")
        self._requests = counter("http_requests", "Requests answered, by route", "method", "route", "status")
        self._request_time = histogram("http_request_seconds", "How long an answer took", _SHORT, "route")

    def span(self, name: str, **about: str | int) -> _Timed:
        """Measure a piece of work."""
        return _Timed(self, name, about)

    def late(self, seconds: Sequence[float]) -> None:
        """Jobs were looked at so long after they had become due."""
        for late in seconds:
            self._lateness.observe(late)

    def holding(self, what: str, count: int) -> None:
        """So many leases of this kind are in hand now."""
        self._leases.labels(what).set(count)

    def hear(self, event: Event) -> None:
        """Count what happened."""
        match event:
            case events.TriggerAccepted():
                self._triggers.labels("adopted" if event.adopted else "accepted").inc()
                self._trigger_time.observe(event.waited_s)
            case events.RunEnded():
                self._runs.labels(event.status).inc()
            case FaultMet():
                self._faults.inc()
            case _ if outcome := _TRIGGERS.get(type(event)):
                self._triggers.labels(outcome).inc()

    def ended(self, name: str, about: Mapping[str, str | int], seconds: float) -> None:
        """Count a span that is over."""
        match name:
            case "call":
                self._call(about["service"], about["method"], about.get("status", "none")).inc()
                self._call_timed(about["service"]).observe(seconds)
            case "wave":
                self._waves.observe(seconds)
                for outcome in _CHECKS:
                    self._checks.labels(outcome).inc(float(about.get(outcome, 0)))
            case "request":
                self._requests.labels(about["method"], about["route"], about.get("status", "none")).inc()
                self._request_time.labels(about["route"]).observe(seconds)
            case "notice":
                self._notices.labels(about.get("outcome", "failed")).inc()

    def exposition(self, jobs: Mapping[str, int]) -> bytes:
        """Everything as a Prometheus server reads it, with how many jobs there are in each status."""
        self._jobs.clear()
        for status, count in jobs.items():
            self._jobs.labels(status).set(count)
        return generate_latest(self._registry)
