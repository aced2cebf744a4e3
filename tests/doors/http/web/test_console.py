from __future__ import annotations

import re
from datetime import timedelta

import pytest

from teckochecker.adapters.scripted.keboola import Operation
from teckochecker.application.errors import Rejected
from teckochecker.domain.batch import RequestCounts
from teckochecker.domain.role import Role
from teckochecker.entrypoints.http.web.commands import COMMANDS
from tests.doors.http.served import Served
from tests.doors.nightly import nightly


async def typed(service: Served, line: str) -> str:
    """What the console answers, as text."""
    answer = await service.http.post("/web/console", data={"cmd": line}, headers={"X-Part": "console"})
    assert answer.status_code == 200
    return re.sub(r"<[^>]+>", "", answer.text)


async def test_help_names_every_command(light: Served) -> None:
    said = await typed(light, "help")
    for command in COMMANDS:
        assert f"  {command.usage}" in said
        assert command.why in said
    assert await typed(light, "") == said.replace("~$ help", "~$ ")


async def test_a_job_is_shown_with_its_batches(light: Served) -> None:
    light.tecko.openai.put("batch_a", "completed", counts=RequestCounts(4, 3, 1))
    light.tecko.openai.put("batch_b", "in_progress", counts=RequestCounts(4, 2, 0))
    await light.tecko.run_until_idle()
    said = await typed(light, "job #1")
    assert "1/2 completed" in said
    assert "4/4  [||||||||||||||||||||]" in said
    assert "2/4  [||||||||||··········]" in said
    assert "1 failed" in said
    assert "waits for 1 batch" in said


async def test_jobs_are_paused_and_resumed_for_real(light: Served) -> None:
    assert "paused" in await typed(light, "pause 1")
    assert (await light.tecko.jobs.get(1)).job.status == "paused"
    assert "cannot be paused" in await typed(light, "pause 1")
    assert "active" in await typed(light, "RESUME 1")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("frobnicate", "There is no command &#39;frobnicate&#39;; type help"),
        ("pause", "Which job? Type its number, as in: pause 12"),
        ("job twelve", "Which job?"),
        ("job ²", "Which job?"),
        ("job 99", "Job with ID 99 not found."),
        ("job '1", "Which job?"),
        ("<script>alert(1)</script>", "There is no command"),
    ],
)
async def test_what_cannot_be_done_is_said_in_a_sentence(light: Served, line: str, said: str) -> None:
    assert said in await typed(light, line)


async def test_a_check_is_asked_for_at_once(light: Served) -> None:
    await light.tecko.run_until_idle()
    await light.tecko.clock.advance(timedelta(minutes=1))
    assert "next check in 0:00" in await typed(light, "check 1")
    assert (await light.tecko.jobs.get(1)).job.next_check_at == light.tecko.clock.now()


async def test_a_refused_run_is_sent_again(light: Served) -> None:
    for batch in ("batch_a", "batch_b"):
        light.tecko.openai.put(batch, "completed")
    light.tecko.keboola.fail(Operation.START, Rejected("There is no such component", http=404), times=1)
    await light.tecko.run_until_idle()
    assert "failed" in await typed(light, "job 1")
    assert "✓ #1" in await typed(light, "retry 1")
    await light.tecko.run_until_idle()
    assert "completed" in await typed(light, "job 1")


async def test_what_a_role_may_not_do_is_refused_as_everywhere(light: Served) -> None:
    _, token = await light.container.tokens().create("eva", Role.VIEWER)
    light.http.headers["Authorization"] = f"Bearer {token.reveal()}"
    refusal = "This is not for a token with the role viewer; it takes a token with the role operator or admin."
    for command in COMMANDS:
        assert (refusal in await typed(light, command.usage.replace("12", "1"))) is command.changes
    assert (await light.tecko.jobs.get(1)).job.status == "active"


async def test_nothing_is_left_after_clear(light: Served) -> None:
    assert (await typed(light, "clear")).strip() == "local operator@teckochecker:~$ clear"


async def test_jobs_are_listed_by_status_or_by_how_they_begin(light: Served) -> None:
    await light.tecko.jobs.create(nightly("batch_c", name="Weekly numbers"))
    await light.tecko.jobs.pause(2)
    assert "1 job" in await typed(light, "jobs paused")
    assert "Weekly" in await typed(light, "jobs weekly num")
    assert "0 jobs" in await typed(light, "jobs held")
    assert "2 jobs" in await typed(light, "jobs")


async def test_the_status_tells_how_everything_is_and_what_is_held(light: Served) -> None:
    await light.tecko.run_until_idle()
    await light.tecko.clock.advance(timedelta(hours=30))
    said = await typed(light, "status")
    assert "● healthy   watching off   lateness 0.0 s   up 1 day 6 h" in said
    assert "1 active" in said
    assert "held 1 job: Not found with this key." in said


async def test_without_a_script_the_answer_is_a_page(light: Served) -> None:
    answer = await light.http.post("/web/console", data={"cmd": "status"})
    assert "<!doctype html>" in answer.text
    assert 'role="log"' in answer.text


async def test_a_job_that_is_held_says_why(light: Served) -> None:
    await light.tecko.run_until_idle()
    assert "held      Not found with this key" in await typed(light, "job 1")
    assert "1 job" in await typed(light, "jobs held")


async def test_a_long_list_tells_how_long_it_is_and_a_long_line_is_cut(light: Served) -> None:
    for number in range(15):
        await light.tecko.jobs.create(nightly("batch_a", name=f"Weekly {number}"))
    said = await typed(light, "jobs")
    assert "16 jobs, the first 15" in said
    assert "Nightly" not in said
    assert "x" * 500 in (said := await typed(light, "x" * 600))
    assert "x" * 501 not in said


async def test_no_answer_is_longer_than_anybody_reads(light: Served) -> None:
    for number in range(200):
        key = f"sk-refused-{number:03}"
        await light.tecko.secrets.add(f"key {number}", "openai", key)
        await light.tecko.jobs.create(nightly("batch_a", openai_secret=f"key {number}"))
        light.tecko.openai.revoke(key)
    await light.tecko.run_until_idle()
    said = await typed(light, "status")
    assert said.count("held 1 job") > 190
    assert len(said.strip().splitlines()) == 1 + 200
