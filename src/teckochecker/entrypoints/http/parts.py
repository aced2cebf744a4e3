"""What handlers may ask for by name: the use cases, made for whoever sent the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from teckochecker.adapters.lately import Lately
from teckochecker.application.actor import Actor
from teckochecker.application.audit import Audit
from teckochecker.application.checks import CheckedJobs
from teckochecker.application.runs import KeboolaRuns
from teckochecker.application.secrets import Secrets
from teckochecker.application.tokens import Tokens
from teckochecker.entrypoints.container import Container
from teckochecker.entrypoints.http.access.visitor import visitor_of
from teckochecker.entrypoints.library import TeckoChecker

AskedJobs = NamedDependency[SkipValidation[CheckedJobs]]
AskedRuns = NamedDependency[SkipValidation[KeboolaRuns]]
AskedSecrets = NamedDependency[SkipValidation[Secrets]]
AskedTokens = NamedDependency[SkipValidation[Tokens]]
AskedAudit = NamedDependency[SkipValidation[Audit]]
TheTelemetry = NamedDependency[SkipValidation[Lately]]

_ACTING: Final = ("jobs", "runs", "secrets", "sessions", "tokens")
_READING: Final = ("audit", "clock", "health", "metrics", "statistics", "stopping", "telemetry", "webhooks")


def parts(container: Container) -> dict[str, Provide]:
    """The dependencies of all handlers: those that change something know who asked."""
    acting = {name: _acting(getattr(container, name)) for name in _ACTING}
    return (
        acting
        | {name: _reading(getattr(container, name)) for name in _READING}
        | {"library": Provide(lambda: TeckoChecker(container=container), sync_to_thread=False)}
    )


def actor_of(request: Request[Any, Any, Any]) -> Actor:
    """Who sent the request, as the gate has found out."""
    return visitor_of(request.scope).acting


def _reading(part: Callable[[], Any]) -> Provide:
    # Litestar reads signatures, and the container's own providers have none
    return Provide(lambda: part(), sync_to_thread=False)


def _acting(part: Callable[..., Any]) -> Provide:
    def made(request: Request[Any, Any, Any]) -> Any:
        return part(actor=actor_of(request))

    return Provide(made, sync_to_thread=False)
