"""What handlers may ask for by name: the use cases, made for whoever sent the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from teckochecker.application.actor import Actor
from teckochecker.application.jobs import Jobs
from teckochecker.application.runs import KeboolaRuns
from teckochecker.application.secrets import Secrets
from teckochecker.entrypoints.container import Container

AskedJobs = NamedDependency[SkipValidation[Jobs]]
AskedRuns = NamedDependency[SkipValidation[KeboolaRuns]]
AskedSecrets = NamedDependency[SkipValidation[Secrets]]

_ACTING: Final = ("jobs", "runs", "secrets")


def parts(container: Container) -> dict[str, Provide]:
    """The dependencies of all handlers: those that change something know who asked."""
    acting = {name: _acting(getattr(container, name)) for name in _ACTING}
    return {**acting, "health": Provide(lambda: container.health(), sync_to_thread=False)}


def actor_of(request: Request[Any, Any, Any]) -> Actor:
    """Who sent the request, as whoever let it in has noted."""
    known: Actor | None = request.scope["state"].get("actor")
    return known or Actor(name="api", peer=request.client.host if request.client else None)


def _acting(part: Callable[..., Any]) -> Provide:
    def made(request: Request[Any, Any, Any]) -> Any:
        return part(actor=actor_of(request))

    return Provide(made, sync_to_thread=False)
