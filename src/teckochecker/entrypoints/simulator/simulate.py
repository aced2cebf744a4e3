"""A simulator to play with: five batches, until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from teckochecker.entrypoints.simulator.batches import Batch, BatchScript
from teckochecker.entrypoints.simulator.keboola import default_component, default_configuration, default_token
from teckochecker.entrypoints.simulator.openai import SimulatedOpenAI, default_key
from teckochecker.entrypoints.simulator.simulator import Simulator


def add_sample(openai: SimulatedOpenAI, timescale: float = 1.0) -> dict[str, Batch]:
    """Three batches that complete, one that fails, one that expires, each under a sentence about it.

    They go by the names that examples use. The last ends after 60 s × timescale.
    """
    end = [after * timescale for after in (20, 10, 35, 45, 60)]
    scripts = (
        ("batch_abc123", "completes", end[0], BatchScript.succeeds(end[0])),
        ("batch_def456", "fails", end[1], BatchScript.fails(end[1])),
        ("batch_ghi789", "completes, 5 requests failed,", end[2], BatchScript.succeeds(end[2], total=250, failed=5)),
        (
            "batch_jkl012",
            "expires, 78 requests undone,",
            end[3],
            BatchScript.expires(end[3], total=400, completed=310, failed=12),
        ),
        ("batch_mno345", "completes", end[4], BatchScript.succeeds(end[4], total=1000)),
    )
    return {f"{what} after {after:g} s": openai.add_batch(id, script) for id, what, after, script in scripts}


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


def _announcement(simulator: Simulator, batches: dict[str, Batch]) -> list[str]:
    return [
        f"OpenAI stand-in   {simulator.openai.base_url}",
        f"  API key         {default_key}",
        *(f"  {batch.id}  {what}" for what, batch in batches.items()),
        f"Keboola stand-in  {simulator.keboola.stack_url}",
        f"  Storage token   {default_token}",
        f"  component       {default_component}",
        f"  configuration   {default_configuration}",
        "",
        "# In the shell where TeckoChecker is to use them:",
        *(f"export {name}='{value}'" for name, value in simulator.environment.items()),
    ]
