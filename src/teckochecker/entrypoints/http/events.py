"""/api/events: what happens to jobs, as server-sent events, whoever did it and wherever."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Annotated, Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, QueryParameter, SkipValidation
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from teckochecker.application.errors import StorageUnavailable
from teckochecker.application.ports import Clock, HistoryEntry
from teckochecker.entrypoints.http.access.porter import Admitted
from teckochecker.entrypoints.http.fields import LARGEST
from teckochecker.entrypoints.library import TeckoChecker
from teckochecker.entrypoints.wire import history_body

KEEP_ALIVE: Final = timedelta(seconds=15)
"""How often it says that it is alive: proxies cut what says nothing, and who has gone is noticed by it at both ends."""

_AGAIN: Final = b"retry: 2000\n\n"
_STILL_HERE: Final = b"event: alive\ndata:\n\n"
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

_Id = Annotated[int | None, QueryParameter(ge=1, le=LARGEST, description="Only what happens to this job")]
_LastId = Annotated[int | None, HeaderParameter(name="Last-Event-ID", ge=0, le=LARGEST)]


@get("/api/events", include_in_schema=False)
async def events(
    library: NamedDependency[SkipValidation[TeckoChecker]],
    clock: NamedDependency[SkipValidation[Clock]],
    stopping: NamedDependency[SkipValidation[asyncio.Event]],
    admitted: NamedDependency[SkipValidation[Admitted]],
    job_id: _Id = None,
    last_event_id: _LastId = None,
) -> Stream:
    """What happens from now on, or since the event that was heard last.

    It ends when the service stops, and soon after whoever listens has lost the right to.
    """
    newest = await library.last_entry()
    # an id from before a restored database must not make a client wait for ever
    after = newest if last_event_id is None else min(last_event_id, newest)
    stream = _frames(library, clock, stopping, admitted, after, job_id)
    return Stream(stream, media_type="text/event-stream", headers=_HEADERS)


async def _frames(
    library: TeckoChecker,
    clock: Clock,
    stopping: asyncio.Event,
    admitted: Admitted,
    after: int,
    job_id: int | None,
) -> AsyncGenerator[bytes]:
    """Frames as the reader takes them: nothing is read ahead for one that is slow."""
    yield _AGAIN
    async with aclosing(library.entries(after)) as entries:
        stopped = asyncio.ensure_future(stopping.wait())
        coming = asyncio.ensure_future(anext(entries))
        silence = asyncio.ensure_future(clock.sleep(KEEP_ALIVE))
        try:
            while not stopping.is_set():
                await asyncio.wait({stopped, coming, silence}, return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    entry = coming.result()
                    coming = asyncio.ensure_future(anext(entries))
                    if job_id in (None, entry.event.job_id):
                        yield _frame(entry)
                if silence.done():
                    if not await admitted():
                        return
                    silence = asyncio.ensure_future(clock.sleep(KEEP_ALIVE))
                    yield _STILL_HERE
        except StorageUnavailable:
            return  # the client comes again, and says what it heard last
        finally:
            for task in (stopped, coming, silence):
                task.cancel()
            await asyncio.gather(stopped, coming, silence, return_exceptions=True)


def _frame(entry: HistoryEntry) -> bytes:
    told = json.dumps(history_body([entry])[0], ensure_ascii=False, separators=(",", ":"))
    return f"id: {entry.id}\ndata: {told}\n\n".encode()


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (events,)
