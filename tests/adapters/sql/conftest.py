"""An SQLite file with the newest schema, and a store on it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from teckochecker.adapters.sql.engine import open_engine
from teckochecker.adapters.sql.migrations import upgrade


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "teckochecker.db"


@pytest.fixture
def address(file: Path) -> str:
    return f"sqlite:///{file}"


@pytest.fixture
async def engine(address: str) -> AsyncGenerator[AsyncEngine]:
    opened = open_engine(address)
    await upgrade(opened)
    yield opened
    await opened.dispose()
