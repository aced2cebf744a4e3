"""A simulator to play with: five batches, until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from teckochecker.entrypoints.simulator.batches import Batch, BatchScript
from teckochecker.entrypoints.simulator.keboola import default_component, default_configuration, default_token
from teckochecker.entrypoints.simulator.openai import SimulatedOpenAI, default_key
from teckochecker.entrypoints.simulator.simulator import Simulator


def add_sample(openai: SimulatedOpenAI, timescale: float = 1.0) -> list[Batch]:
    """Three batches that complete, one that fails, one that expires; the last ends after 60 s × timescale."""
    scripts = (
        BatchScript.succeeds(20 * timescale, total=100),
        BatchScript.succeeds(35 * timescale, total=250, failed=5),
        BatchScript.succeeds(60 * timescale, total=1000),
        BatchScript.fails(10 * timescale),
        BatchScript.expires(45 * timescale, total=400, completed=310, failed=12),
    )
    return [openai.add_batch(script=script) for script in scripts]


async def simulate(
    openai_port: int = 0,
    keboola_port: int = 0,
    announce: Callable[[str], None] = print,
    *,
    timescale: float = 1.0,
) -> None:
    """Runs both servers with the sample until cancelled. Raises: OSError when a port is taken."""
    async with Simulator.open(openai_port=openai_port, keboola_port=keboola_port) as simulator:
        batches = add_sample(simulator.openai, timescale)
        for line in _announcement(simulator, batches):
            announce(line)
        await asyncio.Event().wait()


def _announcement(simulator: Simulator, batches: list[Batch]) -> list[str]:
    return [
        f"OpenAI stand-in:   {simulator.openai.base_url}",
        f"  key              {default_key}",
        f"Keboola stand-in:  {simulator.keboola.stack_url}",
        f"  token            {default_token}",
        f"  target           component {default_component}, configuration {default_configuration}",
        "Batches:           " + ", ".join(batch.id for batch in batches),
        "",
        "To use them, set:",
        *(f"export {name}='{value}'" for name, value in simulator.environment.items()),
    ]
