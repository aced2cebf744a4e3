"""Statements that go to SQLite's thread once, whatever they give."""

from __future__ import annotations

import logging

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

AROUND = 2  # the beginning of a transaction, and its end
COUNTED = sa.text(
    "WITH RECURSIVE number(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM number WHERE n < :most) SELECT n FROM number"
)


@pytest.mark.parametrize("most", [1, 999, 1000, 1001, 2500])
async def test_all_rows_arrive_at_once_or_bit_by_bit(engine: AsyncEngine, most: int) -> None:
    everything = list(range(1, most + 1))
    async with engine.connect() as connection:
        assert list(await connection.scalars(COUNTED, {"most": most})) == everything
        streamed = await connection.stream_scalars(COUNTED, {"most": most})
        assert [number async for portion in streamed.partitions(300) for number in portion] == everything


async def test_a_stream_that_is_left_early_hinders_nobody(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        async for number in await connection.stream_scalars(COUNTED, {"most": 5000}):
            if number == 3:
                break
        await connection.execute(sa.text("CREATE TABLE afterwards (n INTEGER)"))
    async with engine.connect() as connection:
        assert (await connection.execute(sa.text("SELECT count(*) FROM afterwards"))).scalar_one() == 0


async def test_a_statement_is_one_errand(engine: AsyncEngine, caplog: pytest.LogCaptureFixture) -> None:
    async with engine.connect():
        pass
    with caplog.at_level(logging.DEBUG, "aiosqlite"):
        async with engine.connect() as connection:
            for _ in range(3):
                await connection.execute(COUNTED, {"most": 10})
    assert len([record for record in caplog.records if record.message.startswith("executing")]) == AROUND + 3
