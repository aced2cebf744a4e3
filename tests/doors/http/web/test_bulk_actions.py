from __future__ import annotations

from teckochecker.adapters.scripted.keboola import Operation
from teckochecker.application.errors import Rejected
from tests.doors.http.served import Served
from tests.doors.nightly import nightly


async def statuses(service: Served) -> list[str]:
    """Those of all jobs that are left, by their ids."""
    return [str(view.job.status) for view in await service.tecko.jobs.these([1, 2])]


async def test_one_press_pauses_all_ticked_jobs(light: Served) -> None:
    await light.tecko.jobs.create(nightly("batch_c"))
    form = {"id": ["1", "2"], "do": "pause", "back": "/web?status=active"}
    answer = await light.http.post("/web/jobs/actions", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/web?status=active")
    assert await statuses(light) == ["paused", "paused"]


async def test_a_job_that_refuses_is_told_and_keeps_none_of_the_others(light: Served) -> None:
    await light.tecko.jobs.create(nightly("batch_c"))
    await light.tecko.jobs.pause(1)
    answer = await light.http.post("/web/jobs/actions", data={"id": ["1", "2", "99"], "do": "resume"})
    assert answer.status_code == 409
    assert "1 job resumed, 2 not" in answer.text
    assert "Job with ID 99 not found" in answer.text
    assert await statuses(light) == ["active", "active"]


async def test_deleting_several_jobs_asks_first_and_names_them(light: Served) -> None:
    await light.tecko.jobs.create(nightly("batch_c", name="<b>Hostile</b>"))
    form = {"id": ["1", "2"], "do": "delete"}
    asked = await light.http.post("/web/jobs/actions", data=form)
    assert asked.status_code == 200
    assert "Delete 2 jobs?" in asked.text
    assert "Nightly” (#1)" in asked.text
    assert "&lt;b&gt;Hostile&lt;/b&gt;" in asked.text
    assert len(await statuses(light)) == 2
    answer = await light.http.post("/web/jobs/actions", data={**form, "sure": "yes"})
    assert answer.status_code == 303
    assert await statuses(light) == []


async def test_a_press_with_nothing_ticked_changes_nothing(light: Served) -> None:
    for form in ({"do": "pause"}, {"do": "explode", "id": "1"}, {"id": "²", "do": "pause"}):
        answer = await light.http.post("/web/jobs/actions", data={**form, "back": "https://evil.example"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/web")
    assert await statuses(light) == ["active"]


async def test_all_jobs_that_were_refused_are_sent_again_by_one_press(light: Served) -> None:
    light.tecko.keboola.fail(Operation.START, Rejected("There is no such component", http=404), times=2)
    for name in ("batch_a", "batch_b"):
        light.tecko.openai.put(name, "completed")
    await light.tecko.jobs.create(nightly("batch_a"))
    await light.tecko.run_until_idle()
    assert await statuses(light) == ["failed", "failed"]
    answer = await light.http.post("/web/jobs/actions", data={"id": ["1", "2"], "do": "retry"})
    assert answer.status_code == 303
    await light.tecko.run_until_idle()
    assert await statuses(light) == ["completed", "completed"]


async def test_no_more_is_done_at_once_than_a_page_shows(light: Served) -> None:
    ids = [str(number) for number in range(1_000, 1_100)]
    answer = await light.http.post("/web/jobs/actions", data={"id": ids, "do": "pause"})
    assert "0 jobs paused, 50 not" in answer.text
