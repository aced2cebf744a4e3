"""The pages as they are served, without any script."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from teckochecker.domain.batch import RequestCounts
from tests.doors.http.served import Served, served, sqlite
from tests.doors.http.web.visit import page, press, refused
from tests.doors.nightly import KEY, nightly

TWO_MINUTES = timedelta(minutes=2)


async def test_the_list_shows_how_far_each_job_is(light: Served) -> None:
    light.tecko.openai.put("batch_a", "completed", counts=RequestCounts(10, 9, 1))
    light.tecko.openai.put("batch_b", "in_progress", counts=RequestCounts(10, 2, 0))
    await light.tecko.run_until_idle()
    text = await page(light, "/web")
    assert "1/2 completed" in text
    assert '<i class="completed"></i><i class="in_progress"></i>' in text
    assert 'aria-label="12 done, 1 failed, 20 in all"' in text
    assert "waits for 1 batch<" in text


async def test_the_badge_counts_what_completed_and_names_what_failed(light: Served) -> None:
    light.tecko.openai.put("batch_a", "completed")
    light.tecko.openai.put("batch_b", "expired")
    light.tecko.openai.put("batch_c", "in_progress")
    await light.tecko.jobs.create(nightly("batch_a", "batch_b", "batch_c"))
    await light.tecko.jobs.create(nightly("batch_c"))
    await light.tecko.run_until_idle()
    for text in (await page(light, "/web/parts?parts=2"), await page(light, "/web/jobs/2")):
        assert "1/3 completed" in text
        assert "</svg>1 failed</span>" in text
    text = await page(light, "/web/parts?parts=3")
    assert "0/1 completed" in text
    assert "</svg>0 failed" not in text
    due = (light.tecko.clock.now() + TWO_MINUTES).strftime("%H:%M")
    assert f"data-countdown>{due}</time>" in text  # a script makes a countdown of it
    tabs = dict(re.findall(r">(\w+) <span>(\d+)</span>", await page(light, "/web")))
    assert (tabs["All"], tabs["Held"], tabs["Active"], tabs["Completed"]) == ("3", "0", "2", "1")


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("delete", ("Delete “Nightly”?", "Nobody watches its 2 batches any more", ">Delete job 1<")),
        (
            "cancel-run",
            ("Cancel the Keboola run of “Nightly”?", "Keboola is asked to end the run", ">Cancel the run of job 1<"),
        ),
        ("again", ("Start one more run for “Nightly”?", "This starts another one", ">Run job 1 again<")),
    ],
)
async def test_what_cannot_be_taken_back_is_asked_by_name(light: Served, question: str, says: tuple[str, ...]) -> None:
    text = await page(light, f"/web/jobs/1/{question}")
    assert [part for part in says if part not in text] == []
    assert f'action="/web/jobs/1/{question}"' in text


async def test_a_job_has_a_page_of_its_own(light: Served) -> None:
    await light.tecko.run_until_idle()
    text = await page(light, "/web/jobs/1")
    for part in ("facts", "timeline", "batches", "trigger", "history", "moves"):
        assert f'id="{part}"' in text


async def test_what_will_be_sent_counts_no_open_batch_as_failed(light: Served) -> None:
    light.tecko.openai.put("batch_a", "completed", counts=RequestCounts(10, 9, 1))
    light.tecko.openai.put("batch_b", "in_progress")
    await light.tecko.run_until_idle()
    told = (await page(light, "/web/jobs/1")).partition("What will be sent, as of now")[2]
    for name, value in (("ids_completed", r"[\&#34;batch_a\&#34;]"), ("ids_failed", "[]"), ("count_total", "2")):
        assert f"&#34;batch_{name}&#34;: &#34;{value}&#34;" in told


async def test_a_hostile_name_is_text(light: Served) -> None:
    await light.tecko.jobs.create(nightly("batch_c", name='<script>alert("x")</script>'))
    for path in ("/web", "/web/jobs/2", "/web/jobs/2/delete"):
        text = await page(light, path)
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


async def test_no_page_asks_for_anything_outside_or_carries_a_script_or_style_of_its_own(light: Served) -> None:
    for path in ("/web", "/web/jobs/1", "/web/jobs/99"):
        text = (await light.http.get(path)).text
        assert not [
            link for link in re.findall(r'(?:src|href|action)="([^"]*)"', text) if not link.startswith(("/", "#", "?"))
        ]
        assert not re.findall(r"<style|<script(?! src=)| style=| on\w+=", text)


async def test_buttons_do_what_they_say_and_lead_back(light: Served) -> None:
    assert await press(light, "/web/jobs/1/pause", back="/web?status=active") == "/web?status=active"
    assert (await light.tecko.jobs.get(1)).job.status == "paused"
    assert await press(light, "/web/jobs/1/resume", back="https://evil.example/") == "/web/jobs/1"
    assert await press(light, "/web/jobs/1/check-now", back="//evil.example") == "/web/jobs/1"
    assert await press(light, "/web/jobs/1/delete") == "/web"
    assert "Start with two secrets and a job" in await page(light, "/web")


async def test_a_refused_step_shows_the_job_with_the_reason(light: Served) -> None:
    text = await refused(light, "/web/jobs/1/resume", 409)
    assert "Job &#39;Nightly&#39; is active, so it cannot be resumed." in text


async def test_what_is_not_there_is_said_on_a_page(light: Served) -> None:
    assert "Job with ID 99 not found" in await page(light, "/web/jobs/99", 404)
    assert "There is nothing at this address" in await page(light, "/web/nothing", 404)
    for path in ("/web/jobs/1/nothing", "/web/secrets/1/nothing"):
        assert "There is nothing at this address" in await refused(light, path, 404)


async def test_a_page_that_cannot_be_shown_says_what_that_means(tmp_path: Path) -> None:
    async with served(sqlite, tmp_path) as service:
        assert "<h1>There is nothing here</h1>" in await page(service, "/web/jobs/99", 404)
        await service.container.engine().dispose()
        (tmp_path / "teckochecker.db").unlink()
        answer = await service.http.get("/web")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "<h1>Nothing is being checked</h1>" in answer.text
        assert '<a href="/web/system">' in answer.text


async def test_a_held_job_stands_above_the_list_with_its_cure(light: Served) -> None:
    await light.tecko.run_until_idle()
    text = await page(light, "/web?status=held")
    assert "Batches not found with this key" in text
    assert "Held <span>1</span>" in text
    assert '<tbody id="job-1"' in text
    assert 'href="/web/jobs/1/edit">Edit job' in text


async def test_a_job_whose_key_is_refused_counts_down_to_nothing(light: Served) -> None:
    light.tecko.openai.revoke(KEY)
    await light.tecko.jobs.check_now(1)
    await light.tecko.run_until_idle()
    for path in ("/web", "/web/jobs/1"):
        text = await page(light, path)
        assert "when the key works" in text
        assert "data-countdown" not in text.partition("<tbody" if path == "/web" else 'id="facts"')[2]


async def test_the_list_can_be_searched_and_filtered(light: Served) -> None:
    await light.tecko.jobs.create(nightly("batch_c", name="Weekly"))
    assert "Weekly" not in await page(light, "/web?q=night")
    assert "Nightly" not in await page(light, "/web?q=batch_c")
    assert "No job matches" in await page(light, "/web?status=paused")
    assert "Looked in 2 jobs: names, batch ids and numbers." in await page(light, "/web?q=nobody")
    assert "No job matches" in await page(light, "/web?secret=nobody")
    assert "/console.js" not in await page(light, "/web")
    assert (await light.http.get("/web?q=%232")).headers["location"] == "/web/jobs/2"


async def test_what_has_changed_is_sent_by_itself(light: Served) -> None:
    await light.tecko.jobs.create(nightly("batch_c", name="Weekly"))
    text = await page(light, "/web/parts?parts=2,all,99")
    assert re.findall(r'<tbody id="([^"]+)"', text) == ["job-2"]
    assert 'id="tabs" data-part' in text
    assert "<html" not in text
    assert 'id="facts" data-part' in await page(light, "/web/jobs/1/parts")


async def test_times_are_written_in_the_zone_that_the_viewer_lives_in(light: Served) -> None:
    light.http.cookies.set("zone", "Europe%2FPrague")
    text = await page(light, "/web/jobs/1")
    assert ">Times in Europe/Prague; hover for UTC<" in text
    assert '<time datetime="2026-01-05T12:00:00Z" title="2026-01-05 12:00:00 UTC">13:00</time>' in text
    light.http.cookies.set("zone", "../../etc/passwd")
    assert ">Times in UTC<" in await page(light, "/web/jobs/1")
