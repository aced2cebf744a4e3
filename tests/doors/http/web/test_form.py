from __future__ import annotations

import re

from teckochecker.domain.batch import RequestCounts
from teckochecker.domain.status import JobStatus
from tests.doors.http.served import Served
from tests.doors.http.web.visit import page, press, refused
from tests.doors.nightly import KEY, TOKEN, nightly

JOB = {
    "name": "Weekly",
    "batch_ids": "batch_x, batch_y\nbatch_z",
    "openai_secret": "openai-prod",
    "keboola_secret": "keboola-prod",
    "keboola_stack_url": "https://connection.eu-central-1.keboola.com",
    "keboola_component_id": "kds-team.app-custom-python",
    "keboola_configuration_id": "123456",
    "poll_interval_seconds": "60",
    "variables": "colour=red\n\nsize = 3",
}


def value(text: str, name: str) -> str:
    """What stands in a field."""
    found = re.search(rf'name="{name}"[^>]*? value="([^"]*)"', text)
    assert found, name
    return found.group(1)


async def test_a_job_is_made_of_what_was_typed_and_pasted(light: Served) -> None:
    assert await press(light, "/web/jobs/new", **JOB) == "/web/jobs/2"
    job = (await light.tecko.jobs.get(2)).job
    assert [str(batch.id) for batch in job.batches] == ["batch_x", "batch_y", "batch_z"]
    assert (job.name, job.interval.total_seconds()) == ("Weekly", 60)
    assert dict(job.target.variables) == {"colour": "red", "size": "3"}


async def test_everything_that_is_wrong_is_said_at_once_beside_its_field_and_nothing_is_lost(light: Served) -> None:
    wrong = {
        "name": " ",
        "batch_ids": "abc123",
        "keboola_stack_url": "http://evil.example",
        "poll_interval_seconds": "5",
    }
    text = await refused(light, "/web/jobs/new", 422, **JOB | wrong)
    for name in ("name", "keboola_stack_url", "poll_interval_seconds"):
        assert f'id="{name}-e"' in text
    assert "Invalid batch ID format: &#39;abc123&#39; (must start with &#39;batch_&#39;)" in text
    assert value(text, "keboola_stack_url") == "http://evil.example"
    assert value(text, "keboola_component_id") == "kds-team.app-custom-python"
    assert (await light.tecko.jobs.overview()).counts[JobStatus.ACTIVE] == 1


async def test_a_secret_is_added_on_the_spot_and_chosen(light: Served) -> None:
    new = {"keboola_name": "keboola-emea", "keboola_value": "901-2-secret0123456789", "type": "keboola"}
    answer = await light.http.post("/web/secrets/for-job", data=JOB | new)
    assert answer.status_code == 200
    assert '<option value="keboola-emea" selected>' in answer.text
    assert value(answer.text, "keboola_component_id") == JOB["keboola_component_id"]
    assert "901-2-secret" not in answer.text
    kept = await light.tecko.secrets.get("keboola-emea")
    assert kept.base_url == JOB["keboola_stack_url"]
    text = await refused(light, "/web/secrets/for-job", 409, **JOB | new | {"job": "1"})
    assert "Edit job 1" in text
    assert '<details class="menu add" open>' in text
    assert value(text, "keboola_name") == "keboola-emea"
    assert "901-2-secret" not in text
    await refused(light, "/web/secrets/for-job", 422, **JOB | new | {"type": "amazon"})


async def test_enter_in_any_field_saves_and_does_nothing_else(light: Served) -> None:
    for path in ("/web/jobs/new", "/web/jobs/1/edit"):
        form = (await page(light, path)).partition('<form class="split"')[2]
        button = re.search(r"<button[^>]*>", form)  # browsers press the first one
        assert button
        assert 'name="do" value="save"' in button[0]


async def test_each_line_of_batch_ids_gets_the_sentence_of_the_api(light: Served) -> None:
    typed = "batch_a abc123,batch_test@job\nbatch_a batch_"
    answer = await light.http.post("/web/jobs/verdicts", data={"batch_ids": typed})
    said = re.findall(r'<span class="say">([^<]*)</span>', answer.text)
    assert said == [
        "",
        "Invalid batch ID format: &#39;abc123&#39; (must start with &#39;batch_&#39;)",
        "Batch ID &#39;batch_test@job&#39; contains invalid characters",
        "Duplicate batch IDs found. Each batch ID must be unique. Same as line 1.",
        "Batch ID &#39;batch_&#39; too short (must have content after &#39;batch_&#39;)",
    ]
    assert "4 of 5 lines need a change" in answer.text


async def test_more_than_ten_are_told_where_they_begin(light: Served) -> None:
    typed = " ".join(f"batch_{number}" for number in range(12))
    answer = await light.http.post("/web/jobs/verdicts", data={"batch_ids": typed})
    assert answer.text.count("Too many batch IDs: 12 (maximum: 10)") == 2


async def test_the_check_says_what_was_found_and_keeps_nothing(light: Served) -> None:
    light.tecko.openai.put("batch_x", "completed", counts=RequestCounts(1, 1, 0))
    answer = await light.http.post("/web/jobs/new", data=JOB | {"do": "check"})
    assert answer.status_code == 200
    for word in ("Can be saved, but look", "Fine", "Batch batch_y", "Check again"):
        assert word in answer.text
    assert (await light.tecko.jobs.overview()).counts[JobStatus.ACTIVE] == 1


async def test_what_would_surely_fail_is_not_kept_unless_the_person_insists(light: Served) -> None:
    light.tecko.keboola.revoke(TOKEN)
    text = await refused(light, "/web/jobs/new", 422, **JOB)
    assert "Must be corrected" in text
    assert "Save all the same" in text
    assert await press(light, "/web/jobs/new", **JOB | {"do": "save-unchecked"}) == "/web/jobs/2"


async def test_the_last_target_is_offered_again(light: Served) -> None:
    text = await page(light, "/web/jobs/new")
    assert "Last used: kds-team.app-custom-python 123456 on eu-central-1." in text
    answer = await light.http.post("/web/jobs/new", data={"name": "Typed already", "do": "last"})
    assert value(answer.text, "name") == "Typed already"
    assert value(answer.text, "keboola_configuration_id") == "123456"


async def test_the_same_again_asks_for_other_batches_alone(light: Served) -> None:
    text = await page(light, "/web/jobs/new?like=1")
    assert value(text, "name") == "Nightly"
    assert re.search(r"<textarea[^>]*name=\"batch_ids\"[^>]*></textarea>", text)


async def test_a_job_is_edited_as_it_is(light: Served) -> None:
    await light.tecko.jobs.create(nightly("batch_c", name="Other"))
    text = await page(light, "/web/jobs/2/edit")
    assert value(text, "name") == "Other"
    assert ">batch_c</textarea>" in text
    assert await press(light, "/web/jobs/2/edit", **JOB | {"name": "Renamed"}) == "/web/jobs/2"
    job = (await light.tecko.jobs.get(2)).job
    assert (job.name, len(job.batches)) == ("Renamed", 3)


async def test_an_edit_that_the_state_forbids_says_so(light: Served) -> None:
    for batch in ("batch_a", "batch_b"):
        light.tecko.openai.put(batch, "completed")
    await light.tecko.run_until_idle()
    assert "cannot be edited except for its name" in await refused(light, "/web/jobs/1/edit", 409, **JOB)


async def test_everything_of_a_job_comes_back_in_its_form_and_goes_into_the_next(light: Served) -> None:
    whole = JOB | {"branch_id": "77", "row_ids": "1, 2 3", "batch_ids": "batch_x;batch_y"}
    assert await press(light, "/web/jobs/new", do="save-unchecked", **whole) == "/web/jobs/2"
    job = (await light.tecko.jobs.get(2)).job
    assert (job.target.branch_id, job.target.row_ids, len(job.batches)) == ("77", ("1", "2", "3"), 2)
    for path in ("/web/jobs/2/edit", "/web/jobs/new?like=2"):
        text = await page(light, path)
        said = {name: value(text, name) for name in ("branch_id", "row_ids", "poll_interval_seconds")}
        assert said == {"branch_id": "77", "row_ids": "1 2 3", "poll_interval_seconds": "60"}
        assert ">colour=red\nsize=3</textarea>" in text
        assert '<details class="fold f" open>' in text
        assert ("Last used:" in text) is (path == "/web/jobs/new?like=2")
    answer = await light.http.post("/web/jobs/new", data={"do": "last"})
    assert value(answer.text, "branch_id") == "77"


async def test_a_field_that_is_wrong_is_tied_to_its_sentence_for_those_who_hear_it(light: Served) -> None:
    text = await refused(light, "/web/jobs/new", 422, **JOB | {"name": " "})
    assert re.search(r'name="name"[^>]* aria-invalid="true" aria-describedby="name-e"', text)
    assert text.count('aria-invalid="true"') == 1


async def test_a_secret_is_chosen_among_those_of_its_type_and_one_that_is_refused_says_so(light: Served) -> None:
    light.tecko.openai.revoke(KEY)
    await light.tecko.run_until_idle()
    text = await page(light, "/web/jobs/new")
    for name, options in (
        ("openai_secret", [("openai-prod", "openai-prod (refused)")]),
        ("keboola_secret", [("keboola-prod", "keboola-prod")]),
    ):
        choice = text.partition(f'<select class="in" id="{name}"')[2].partition("</select>")[0]
        assert re.findall(r'<option value="([^"]+)"[^>]*>([^<]*)</option>', choice) == options


async def test_an_edit_is_checked_before_it_is_kept(light: Served) -> None:
    light.tecko.keboola.revoke(TOKEN)
    assert "Save all the same" in await refused(light, "/web/jobs/1/edit", 422, **JOB)
    assert (await light.tecko.jobs.get(1)).job.name == "Nightly"
    assert await press(light, "/web/jobs/1/edit", **JOB | {"do": "save-unchecked"}) == "/web/jobs/1"
