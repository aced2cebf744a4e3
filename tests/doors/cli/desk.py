"""A folder whose secrets open the stand-in services, and the program called in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import frozen

from teckochecker.entrypoints.simulator import Simulator, default_component, default_configuration
from tests.doors.cli.shell import Done

Call = Callable[..., Done]


@frozen
class Desk:
    """A folder whose secrets open the stand-in services."""

    folder: Path
    call: Call
    simulator: Simulator

    async def run(self, *argv: str) -> Done:
        """The program, while the services answer."""
        return await asyncio.to_thread(self.call, *argv)

    async def apply(self, *jobs: Mapping[str, object]) -> Done:
        """A file of such jobs, each with the desk's secrets and target where it says nothing else."""
        usual = {
            "batch_ids": ["batch_1"],
            "openai_secret": "openai",
            "keboola_secret": "keboola",
            "keboola_stack_url": self.simulator.keboola.stack_url,
            "keboola_component_id": default_component,
            "keboola_configuration_id": default_configuration,
        }
        (self.folder / "jobs.json").write_text(json.dumps({"jobs": [{**usual, **job} for job in jobs]}))
        return await self.run("job", "apply", "-f", "jobs.json")

    async def create(self, *more: str, batch: str = "batch_1", config: str = default_configuration) -> Done:
        target = (
            *("--openai-secret", "openai", "--keboola-secret", "keboola"),
            *("--keboola-stack", self.simulator.keboola.stack_url),
            *("--component-id", default_component, "--config-id", config),
        )
        return await self.run("job", "create", "--name", "checked", "--batch-id", batch, *target, *more)
