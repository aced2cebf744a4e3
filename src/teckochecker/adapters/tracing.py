"""Traces over OTLP/HTTP, where the standard variables name a receiver and the extra `otel` is installed.

Without either, nothing of it is loaded and nothing stands in the way of a call.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from attrs import frozen

from teckochecker.application.ports import Span, Telemetry

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.trace import Tracer

_NAMING: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_LAST_WORDS: Final = 5.0  # seconds that a receiver has to take what is left when the process ends
_STANDARD: Final = {
    "method": "http.request.method",
    "status": "http.response.status_code",
    "route": "http.route",
    "host": "server.address",
}


def traced(inner: Telemetry, environ: Mapping[str, str], stack: AsyncExitStack) -> Telemetry:
    """`inner`, and traces beside it where they are wanted. `environ` is the process's: OpenTelemetry reads it too."""
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER") == "none"
    if off or not any(environ.get(name) for name in _NAMING):
        return inner
    try:
        provider = _provider(environ)
    except ImportError:
        logging.getLogger("teckochecker").warning(
            "Traces are asked for (OTEL_EXPORTER_OTLP_ENDPOINT), but not installed: pip install 'teckochecker[otel]'"
        )
        return inner
    stack.push_async_callback(_close, provider)
    return Traced(inner, provider.get_tracer("teckochecker", version("teckochecker")))


def _provider(environ: Mapping[str, str]) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = "OTEL_SERVICE_NAME" in environ or "service.name=" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    ours = {"service.version": version("teckochecker"), **({} if named else {"service.name": "teckochecker"})}
    provider = TracerProvider(resource=Resource.create(ours), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


async def _close(provider: TracerProvider) -> None:
    """Send what is left, but wait for no receiver that is away."""
    await asyncio.wait([asyncio.create_task(asyncio.to_thread(provider.shutdown))], timeout=_LAST_WORDS)


@frozen(eq=False)
class _Both:
    """A span that is measured and traced."""

    _measured: Span
    _traced: OtelSpan

    def note(self, **about: str | int) -> None:
        """What became known of it meanwhile."""
        self._measured.note(**about)
        self._traced.set_attributes(_attributes(about))
        if "route" in about:
            self._traced.update_name(f"request {about['route']}")


@frozen(eq=False)
class Traced:
    """Telemetry that is traced as well. An error is told by its kind alone: its text may quote a foreign answer."""

    _inner: Telemetry
    _tracer: Tracer

    @contextmanager
    def span(self, name: str, **about: str | int) -> Generator[Span]:
        """Measure and trace a piece of work."""
        from opentelemetry.trace import SpanKind, StatusCode

        kind = {"call": SpanKind.CLIENT, "request": SpanKind.SERVER}.get(name, SpanKind.INTERNAL)
        with (
            self._inner.span(name, **about) as measured,
            self._tracer.start_as_current_span(
                name,
                kind=kind,
                attributes=_attributes(about),
                record_exception=False,
                set_status_on_exception=False,
            ) as opened,
        ):
            try:
                yield _Both(measured, opened)
            finally:
                if error := sys.exception():
                    opened.set_status(StatusCode.ERROR, type(error).__name__)

    def late(self, seconds: Sequence[float]) -> None:
        """Jobs were looked at so long after they had become due."""
        self._inner.late(seconds)

    def holding(self, what: str, count: int) -> None:
        """So many leases of this kind are in hand now."""
        self._inner.holding(what, count)


def _attributes(about: Mapping[str, str | int]) -> dict[str, str | int]:
    return {_STANDARD.get(name, f"teckochecker.{name}"): value for name, value in about.items()}
