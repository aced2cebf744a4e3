"""One job, whole: its batches, the way of its run, and what happened."""

from __future__ import annotations

import re
from datetime import timedelta

from teckochecker.adapters.scripted.keboola import Operation
from teckochecker.application.errors import OutcomeUnknown, Rejected
from teckochecker.domain.batch import BatchError, RequestCounts
from tests.builders import AT, HOUR, MINUTE
from tests.doors.http.served import Served
from tests.doors.http.web.visit import page
from tests.doors.nightly import nightly


async def told(service: Served, part: str, path: str = "/web/jobs/1") -> str:
    """What a reader sees of a part of a job's page."""
    text = (await page(service, path)).partition(f'id="{part}"')[2]
    return " ".join(re.sub(r"<[^>]+>", " ", text[text.index(">") + 1 : text.index("</section>")]).split())


async def test_a_batch_tells_its_requests_files_and_first_errors(light: Served) -> None:
    errors = tuple(BatchError("invalid_json_line", f"Line {line} is no JSON.", None, line) for line in range(1, 6))
    light.tecko.openai.put(
        "batch_a",
        "completed",
        counts=RequestCounts(10, 9, 1),
        created_at=AT - HOUR,
        output_file_id="file-out",
        error_file_id="file-err",
    )
    light.tecko.openai.put("batch_b", "failed", errors=errors)
    await light.tecko.run_until_idle()
    text = await page(light, "/web/jobs/1")
    for copied in ("batch_a", "batch_b", "file-out", "file-err"):
        assert f'data-copy="{copied}"' in text
    batches = await told(light, "batches")
    assert "batch_a completed since 12:00 10 done, 1 failed of 10 12:00 after 1 h output file-out errors file-err" in (
        batches
    )
    assert "failed since 12:00 none: the batch did not start" in batches
    assert "line 3 invalid_json_line Line 3 is no JSON. and 2 more" in batches
    assert "Line 4" not in batches
    assert 'aria-label="10 done, 1 failed, 10 in all"' in text.partition('id="batches"')[2]


async def test_a_batch_under_way_tells_since_when_how_fast_and_until_when(light: Served) -> None:
    counts = RequestCounts(60, 30, 0)
    light.tecko.openai.put(
        "batch_a", "in_progress", counts=counts, created_at=AT - HOUR, in_progress_at=AT - 30 * MINUTE
    )
    light.tecko.openai.put("batch_b", "validating", created_at=AT - HOUR, expires_at=AT + 23 * HOUR)
    await light.tecko.run_until_idle()
    batches = await told(light, "batches")
    assert "in progress since 11:30 30 done of 60 about 12:30 1 per minute when the batch ends" in batches
    assert "validating since 11:00 not known yet at the latest Tue 11:00 when the batch ends" in batches
    picture = (await page(light, "/web/jobs/1")).partition('id="timeline"')[2].partition("</section>")[0]
    assert '<svg class="pic" height="135" role="img" aria-label="Stages of 2 batches over time' in picture
    assert "<title>in progress, 11:30 to now</title>" in picture
    assert "<title>validating, 11:00 to now</title>" in picture


async def test_a_batch_that_is_not_found_says_so(light: Served) -> None:
    await light.tecko.run_until_idle()
    assert "batch_a queued not found with this key not known yet" in await told(light, "batches")


async def test_the_way_of_a_run_is_told_from_its_first_attempt_to_its_end(light: Served) -> None:
    light.tecko.keboola.message = "Wrote 12 rows"
    light.tecko.keboola.fail(Operation.START, OutcomeUnknown("The answer was lost"), times=1, after_effect=True)
    for name in ("batch_a", "batch_b"):
        light.tecko.openai.put(name, "completed", counts=RequestCounts(1, 1, 0))
    await light.tecko.advance(2 * HOUR)
    run = await told(light, "trigger")
    assert "success Batches ended 12:00 Run requested 12:00, attempt 1 Run accepted" in run
    assert "Run ended 13:0" not in run
    assert "1001 in Keboola Message Wrote 12 rows Attempts" in run
    assert "Attempt 1: unknown The answer was lost" in run
    assert "Run ended 1:00 Component" in run
    link = (await light.tecko.jobs.get(1)).trigger
    assert link
    assert link.run
    assert f'href="{link.run.link}"' in await page(light, "/web/jobs/1")
    facts = await told(light, "facts")
    assert "Keboola run success 1:00 · run 1001" in facts


async def test_what_happened_stands_there_with_the_newest_first_and_all_of_it_on_demand(light: Served) -> None:
    await light.tecko.jobs.create(nightly("batch_c"))
    for _ in range(15):
        await light.tecko.jobs.pause(2)
        await light.tecko.clock.advance(timedelta(seconds=1))
        await light.tecko.jobs.resume(2)
    assert 'href="/web/jobs/2?history=all"' in await page(light, "/web/jobs/2")
    short, whole = await told(light, "history", "/web/jobs/2"), await told(light, "history", "/web/jobs/2?history=all")
    assert "was created" not in short
    assert whole.endswith("was created, batches: 1")
    assert whole.index("12:00:15") < whole.index("12:00:01")


async def test_a_refusal_is_told_with_the_id_that_keboolas_support_asks_for(light: Served) -> None:
    no = Rejected("There is no such component", http=404, exception_id="keboola-1f3a")
    light.tecko.keboola.fail(Operation.START, no, times=1)
    for name in ("batch_a", "batch_b"):
        light.tecko.openai.put(name, "completed")
    await light.tecko.run_until_idle()
    run = await told(light, "trigger")
    assert "refused (404) Batches ended" in run
    assert "Attempt 1: refused There is no such component (keboola-1f3a)" in run
