"""Waiting for what happens outside this process, or beside this task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for it, looking every 20 ms; `TimeoutError` when it has not come within so many seconds."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)
