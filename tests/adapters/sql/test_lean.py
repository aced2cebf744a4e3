"""What storage leaves out of the process that it works in, and what others still get."""

from __future__ import annotations

import subprocess
import sys

_OTHERS = """
import sys
from teckochecker.adapters.sql.engine import open_engine
before = "sqlalchemy.orm" in sys.modules
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
engine = open_engine("sqlite:///nowhere.db")
print(before, isinstance(engine, AsyncEngine), AsyncSession(engine).bind is engine)
"""


def test_storage_loads_no_orm_and_whoever_wants_it_gets_it() -> None:
    told = subprocess.run([sys.executable, "-c", _OTHERS], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "True", "True"]
