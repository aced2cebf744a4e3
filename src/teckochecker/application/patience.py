"""Waiting for something no longer than is worth it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from teckochecker.application.errors import Unavailable
from teckochecker.application.ports import Clock

T = TypeVar("T")


async def within(clock: Clock, limit: timedelta, work: Coroutine[Any, Any, T]) -> T:
    """What `work` answers, if it does so in time. Otherwise it is ended.

    Raises:
        Unavailable: there was no answer in time.
    """
    task, done = asyncio.ensure_future(work), asyncio.Event()
    task.add_done_callback(lambda _: done.set())
    try:
        await clock.sleep(limit, unless=done)
        if not done.is_set():
            raise Unavailable(f"no answer came within {limit.total_seconds():g} s")
        return task.result()
    finally:
        task.cancel()
