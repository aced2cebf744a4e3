"""The simulator in a process of its own, so that its work is not counted as ours."""

from __future__ import annotations

import asyncio
import json
import sys

from teckochecker.entrypoints.simulator import BatchScript, Simulator


async def main(count: int) -> None:
    async with Simulator.open() as simulator:
        for number in range(count):
            simulator.openai.add_batch(f"batch_{number}", BatchScript.stays("in_progress"))
        print(json.dumps({**simulator.environment, "base_url": simulator.openai.base_url}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
