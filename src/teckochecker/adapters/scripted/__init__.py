"""OpenAI and Keboola in memory, with a life that a script decides: for embedders' tests and simulations.

    batches.will("batch_1", BatchStatus.COMPLETED, after=timedelta(hours=2))
    await clock.advance(timedelta(hours=3))
    assert [run.variables["batch_count_completed"] for run in keboola.runs] == ["1"]

They keep the truth apart from the program under test, and let only the injected clock pass.
"""

from teckochecker.adapters.scripted.batches import ScriptedBatches
from teckochecker.adapters.scripted.keboola import Operation, ScriptedKeboola
from teckochecker.adapters.scripted.notifier import ScriptedNotifier, Told
from teckochecker.adapters.scripted.runs import ScriptedRun
from teckochecker.adapters.scripted.storage import ScriptedStorage

__all__ = [
    "Operation",
    "ScriptedBatches",
    "ScriptedKeboola",
    "ScriptedNotifier",
    "ScriptedRun",
    "ScriptedStorage",
    "Told",
]
