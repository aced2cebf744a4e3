from __future__ import annotations

from tests.soak.cells import once
from tests.soak.playing import play


async def test_a_process_that_dies_or_stands_still_at_any_step_leaves_one_run_and_no_job_stuck() -> None:
    cells = once()
    wrong = await play(cells)
    print(f"{len(cells)} cells, {len(wrong)} violations")
    assert wrong == []
