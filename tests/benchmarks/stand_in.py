"""The simulator in a process of its own, so that its work is not counted as ours.

python -m tests.benchmarks.stand_in COUNT [--without-list]
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from teckochecker.entrypoints.simulator import BatchScript, Simulator


async def main(count: int, *, lists: bool) -> None:
    async with Simulator.open() as simulator:
        begun = time.time() - count
        for number in range(count):
            script = BatchScript.stays("in_progress")
            simulator.openai.add_batch(f"batch_{number}", script, created_at=begun + number)
        if not lists:  # once is enough: a list that is not there is left alone for an hour
            simulator.openai.fault("status", status=404, operation="list")
        print(json.dumps({**simulator.environment, "base_url": simulator.openai.base_url}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), lists="--without-list" not in sys.argv))
