"""The statements of every tick go by the indexes made for them, however many jobs are stored."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from teckochecker.adapters.sql import groups, jobs, triggers
from tests.builders import AT

CLAIM = {"now": AT, "far": AT, "most": 100}


async def plan(engine: AsyncEngine, statement: sa.Executable, values: dict[str, Any]) -> list[str]:
    """What SQLite would do for a statement with its values bound."""

    def explain(_: Any, __: Any, text: str, bound: Any, ___: Any, ____: bool) -> tuple[str, Any]:
        return f"EXPLAIN QUERY PLAN {text}", bound

    async with engine.connect() as connection:
        await connection.begin()
        sa.event.listen(engine.sync_engine, "before_cursor_execute", explain, retval=True)
        try:
            raw = await connection.execute(statement, values)
            return [str(row[3]) for row in (raw.cursor.fetchall() if raw.cursor else ())]
        finally:
            sa.event.remove(engine.sync_engine, "before_cursor_execute", explain)


@pytest.mark.parametrize(
    ("statement", "values", "index"),
    [
        (groups.DUE, {"mine": [1, 2, 3], "now": AT, "most": 500}, "ix_jobs_due"),
        (groups.FREE, CLAIM, "ix_jobs_due"),
        (triggers.FREE, CLAIM, "ix_triggers_due"),
        (jobs.HINT, {"hinted": "batch_1", "next_at": AT, "recent": AT, "later": AT}, "ix_job_batches_named"),
        (jobs.WAKE, {"secret": 1, "next_at": AT}, "ix_jobs_due"),
    ],
    ids=["pick", "claim a group", "claim a trigger", "hint", "wake"],
)
async def test_a_statement_of_every_tick_goes_by_its_index(
    engine: AsyncEngine, statement: sa.Executable, values: dict[str, Any], index: str
) -> None:
    steps = await plan(engine, statement, values)
    assert any(index in step for step in steps), steps
    assert not [step for step in steps if step.startswith("SCAN") and "poll_groups" not in step], steps


async def test_a_search_among_all_jobs_is_known_to_read_them_all(engine: AsyncEngine) -> None:
    steps = await plan(engine, sa.text("SELECT id FROM jobs WHERE name = :name"), {"name": "x"})
    assert any(step.startswith("SCAN") for step in steps), steps
