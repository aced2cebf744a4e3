"""Storage in memory, for embedders' tests and simulations: nothing outlives the process.

    memory = Memory(clock)
    wakeups = MemoryWakeups(memory)
    store = MemoryStore(memory, publisher, wakeups)

Several stores, one for each instance, may share one `Memory` as several processes share one database.
"""

from teckochecker.adapters.memory.rows import Memory
from teckochecker.adapters.memory.store import MemoryStore, MemoryWakeups

__all__ = ["Memory", "MemoryStore", "MemoryWakeups"]
