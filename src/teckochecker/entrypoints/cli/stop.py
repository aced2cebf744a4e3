"""teckochecker stop: ask the service of this database to end, and wait until it has."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Final

from teckochecker.adapters.processes import is_gone, is_here, send
from teckochecker.application.ports import Running
from teckochecker.entrypoints.cli.answer import Answer, Refused
from teckochecker.entrypoints.cli.instances import alive, existing
from teckochecker.entrypoints.cli.options import Flag
from teckochecker.entrypoints.cli.place import settings
from teckochecker.entrypoints.cli.screen import plain

if TYPE_CHECKING:
    from teckochecker.entrypoints.container import Container

_PATIENCE: Final = timedelta(seconds=60)
"""A service finishes what is in hand for at most half of it."""


async def stop(*, all: Flag = False) -> Answer:
    """Stop the service of this database, and wait until it has finished what is in hand. Exit code 1 if none runs.

    Parameters
    ----------
    all
        Stop those on other machines too, where several work on one database
    """
    return await stopped(all=all, patience=_PATIENCE)


async def stopped(*, all: bool, patience: timedelta) -> Answer:
    """The same, waiting no longer than this.

    Raises:
        Refused: none runs that may be stopped, or one has not stopped in time.
    """
    place = plain(settings().database_shown)
    async with existing() as container:
        running = await alive(container) if container else ()
        if not container or not running:
            raise Refused(f"No TeckoChecker service runs on {place}")
        wanted = running if all else [one for one in running if is_here(one.instance.born)]
        if not wanted:
            hosts = ", ".join(sorted({plain(one.instance.host) for one in running}))
            raise Refused(f"The services on {place} run on other machines ({hosts}); to stop them add --all")
        await _ask(container, wanted)
        left = await _wait(container, wanted, patience)
    if left:
        who = ", ".join(f"pid {one.instance.pid} on {plain(one.instance.host)}" for one in left)
        raise Refused(
            f"Not stopped within {patience.total_seconds():g} seconds: {who}; end it there with: kill -KILL PID"
        )
    several = len(wanted) > 1
    message = f"{len(wanted)} TeckoChecker services stopped" if several else "TeckoChecker daemon stopped"
    return Answer({"message": message, "success": True}, lambda screen: screen.done(message))


async def _ask(container: Container, wanted: Sequence[Running]) -> None:
    """By a signal where it reaches them, else by a word in the database, which they read within seconds."""
    far = [one for one in wanted if not send(one.instance.pid, one.instance.born, signal.SIGTERM)]
    if far:
        async with container.store().work() as work:
            for one in far:
                await work.services.ask_to_stop(one.instance.owner)
            await work.commit()


async def _wait(container: Container, wanted: Sequence[Running], patience: timedelta) -> Sequence[Running]:
    """Those that have not stopped when patience ends. A process of this machine has to be gone, too."""
    until = monotonic() + patience.total_seconds()
    left = wanted
    while left and monotonic() < until:
        await asyncio.sleep(0.1)
        owners = {one.instance.owner for one in await alive(container)}
        left = [one for one in left if one.instance.owner in owners or _lingers(one)]
    return left


def _lingers(one: Running) -> bool:
    return is_here(one.instance.born) and not is_gone(one.instance.pid, one.instance.born)
