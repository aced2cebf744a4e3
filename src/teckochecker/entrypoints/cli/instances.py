"""The services that run on the database of this folder, as their rows tell of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from teckochecker.adapters.processes import is_gone
from teckochecker.application.ports import Running
from teckochecker.application.presence import ALIVE_WITHIN
from teckochecker.entrypoints.cli.place import database_file, parts, settings

if TYPE_CHECKING:
    from teckochecker.entrypoints.container import Container


@asynccontextmanager
async def existing() -> AsyncGenerator[Container | None]:
    """All parts on the database of this folder as it is; None where there is none, and none is made.

    Raises:
        SettingsError, StorageUnavailable, Refused: it cannot be opened.
    """
    known = settings()
    file = database_file(known)
    if file and not file.exists():
        yield None
        return
    async with parts(known, prepare=False) as container:
        yield container


async def alive(container: Container) -> Sequence[Running]:
    """Those that run. One of this machine that was killed is told at once, of others when they were silent for long."""
    async with container.store().view() as view:
        seen = await view.services.alive(within=ALIVE_WITHIN)
    return [one for one in seen if not is_gone(one.instance.pid, one.instance.born)]
