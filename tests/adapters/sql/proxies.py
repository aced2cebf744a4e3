"""A way to PostgreSQL that can fall silent without closing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from attrs import define, field


@define
class Proxy:
    """Passes bytes on between a TCP port and a server's socket, until it is told to pass on nothing."""

    socket: Path
    port: int = field(default=0, init=False)
    passing: asyncio.Event = field(factory=asyncio.Event, init=False)
    _tasks: set[asyncio.Task[None]] = field(factory=set, init=False)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        theirs = await asyncio.open_unix_connection(str(self.socket))
        for source, sink in ((reader, theirs[1]), (theirs[0], writer)):
            self._tasks.add(asyncio.create_task(self._pump(source, sink)))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                while data := await source.read(65536):
                    await self.passing.wait()
                    sink.write(data)
        finally:
            sink.close()

    async def close(self) -> None:
        """End everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def proxy(folder: Path) -> AsyncGenerator[Proxy]:
    """A proxy to the server whose socket lies in this folder."""
    made = Proxy(folder / ".s.PGSQL.5432")
    made.passing.set()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        listening.close()
        await made.close()
