"""Both stand-ins together."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial

from attrs import frozen

from teckochecker.entrypoints.simulator.control import control_keboola, control_openai
from teckochecker.entrypoints.simulator.keboola import SimulatedKeboola
from teckochecker.entrypoints.simulator.openai import SimulatedOpenAI


@frozen
class Simulator:
    openai: SimulatedOpenAI
    keboola: SimulatedKeboola

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        *,
        clock: Callable[[], float] = time.time,
        openai_port: int = 0,
        keboola_port: int = 0,
        host: str = "127.0.0.1",
    ) -> AsyncGenerator[Simulator]:
        """Both servers, open until the block is left. Port 0 takes a free one.

        `clock` tells the time in Unix seconds; everything the services show follows it.
        Raises: OSError when a port is taken.
        """
        simulator = cls(SimulatedOpenAI(clock), SimulatedKeboola(clock))
        openai, keboola = simulator.openai.server, simulator.keboola.server
        openai.control = partial(control_openai, simulator.openai)
        keboola.control = partial(control_keboola, simulator.keboola)
        try:
            await openai.start(host, openai_port)
            await keboola.start(host, keboola_port)
            yield simulator
        finally:
            await asyncio.gather(openai.close(), keboola.close())

    @property
    def environment(self) -> dict[str, str]:
        """The settings that make TeckoChecker talk to these servers."""
        return {
            "OPENAI_BASE_URL": self.openai.base_url,
            "KEBOOLA_ALLOWED_STACKS": json.dumps([self.keboola.stack_url]),
        }
