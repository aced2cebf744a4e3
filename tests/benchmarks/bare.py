"""A Litestar application with one route and nothing around it, served as the service is.

python -m tests.benchmarks.bare
"""

from __future__ import annotations

import asyncio
import json

import uvicorn
import uvloop
from litestar import Litestar, get

from teckochecker.entrypoints.http.server import listen, served


@get("/")
async def answer() -> dict[str, str]:
    """As little as a route can do."""
    return {"status": "healthy"}


async def main() -> None:
    doors = listen("127.0.0.1", 0)
    print(json.dumps({"address": f"http://127.0.0.1:{doors[0].getsockname()[1]}"}), flush=True)
    await uvicorn.Server(served(Litestar([answer], openapi_config=None, logging_config=None))).serve(list(doors))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
