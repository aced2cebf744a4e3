"""What was found when a job was checked, on its page."""

from __future__ import annotations

from teckochecker.domain.batch import RequestCounts
from tests.doors.http.served import Served
from tests.doors.http.web.visit import page, press
from tests.doors.nightly import nightly


async def needs(service: Served, path: str) -> str:
    """The part of a job's page that tells of it."""
    return (await page(service, path)).partition('id="checked"')[2].partition("</section>")[0]


async def test_what_was_found_before_a_job_was_kept_is_on_its_page_until_it_has_ended(light: Served) -> None:
    told = await needs(light, "/web/jobs/1")
    assert told.index("Batch batch_a") < told.index("fine</summary>") < told.index("Keboola token")
    assert told == await needs(light, "/web/jobs/1/parts")
    for name in ("batch_a", "batch_b"):
        light.tecko.openai.put(name, "completed", counts=RequestCounts(1, 1, 0))
    await light.tecko.jobs.check_now(1)
    await light.tecko.run_until_idle()
    assert (await needs(light, "/web/jobs/1")).startswith(" data-part></div>")


async def test_a_job_is_checked_by_a_press_of_a_button(light: Served) -> None:
    light.tecko.openai.put("batch_c", "in_progress")
    await light.tecko.jobs.create(nightly("batch_c"), check=False)
    told = await needs(light, "/web/jobs/2")
    assert "were not looked at yet" in told
    assert "</svg>Check</button>" in told
    assert await press(light, "/web/jobs/2/check") == "/web/jobs/2"
    told = await needs(light, "/web/jobs/2")
    assert "were not looked at yet" not in told
    assert "</svg>All 6 fine</summary>" in told
    assert "</svg>Check again</button>" in told
