"""Stand-in OpenAI and Keboola servers on loopback, for demonstrations, trials and tests.

    async with Simulator.open() as simulator:
        batch = simulator.openai.add_batch(script=BatchScript.succeeds(after=5))
        simulator.keboola.fault("reset", operation="create", after_effect=True)
        ...
        assert len(simulator.keboola.runs) == 1

They know nothing of the rest of the program: they are what it is judged against.
"""

from teckochecker.entrypoints.simulator.batches import Batch, BatchScript, Ending, Stage
from teckochecker.entrypoints.simulator.faults import Fault, FaultKind
from teckochecker.entrypoints.simulator.keboola import (
    SimulatedKeboola,
    default_component,
    default_configuration,
    default_token,
    default_variables,
)
from teckochecker.entrypoints.simulator.openai import SimulatedOpenAI, default_key, default_project
from teckochecker.entrypoints.simulator.project import Token
from teckochecker.entrypoints.simulator.queue import Post
from teckochecker.entrypoints.simulator.runs import Run, RunScript
from teckochecker.entrypoints.simulator.simulate import add_sample, simulate
from teckochecker.entrypoints.simulator.simulator import Simulator

__all__ = [
    "Batch",
    "BatchScript",
    "Ending",
    "Fault",
    "FaultKind",
    "Post",
    "Run",
    "RunScript",
    "SimulatedKeboola",
    "SimulatedOpenAI",
    "Simulator",
    "Stage",
    "Token",
    "add_sample",
    "default_component",
    "default_configuration",
    "default_key",
    "default_project",
    "default_token",
    "default_variables",
    "simulate",
]
