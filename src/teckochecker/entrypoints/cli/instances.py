"""The services that run on the database of this folder, as their rows tell of them."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from teckochecker.adapters.processes import is_gone
from teckochecker.application.ports import Instance, Running
from teckochecker.application.presence import ALIVE_WITHIN
from teckochecker.entrypoints.cli.place import database_file, parts, settings

if TYPE_CHECKING:
    from teckochecker.entrypoints.container import Container

_ON_ALL: Final = (("//0.0.0.0:", "127.0.0.1"), ("//[::]:", "[::1]"))
"""How the address of a service begins that listens on all those of its machine, and which one is this machine's."""


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


def opened_at(instance: Instance) -> str | None:
    """The address that opens a service from here: nobody can open the one that stands for all addresses."""
    here = instance.host == socket.gethostname()
    address = instance.address
    for all_of_them, own in _ON_ALL:
        address = address and address.replace(all_of_them, f"//{own if here else instance.host}:")
    return address
