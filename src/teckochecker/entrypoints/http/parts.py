"""What handlers may ask for by name: the use cases, made for whoever sent the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar.di import Provide

from teckochecker.entrypoints.container import Container


def parts(container: Container) -> dict[str, Provide]:
    """The dependencies of all handlers."""
    return {name: _provide(getattr(container, name)) for name in ("health", "jobs", "runs", "secrets")}


def _provide(part: Callable[[], Any]) -> Provide:
    # Litestar reads signatures, and the container's own providers have none
    return Provide(lambda: part(), sync_to_thread=False)
