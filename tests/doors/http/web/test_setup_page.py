from __future__ import annotations

from html import unescape

from teckochecker.domain.configuration import Configuration
from teckochecker.entrypoints.consumer import consumer
from tests.doors.http.served import Served
from tests.doors.http.web.visit import page, press
from tests.doors.nightly import nightly


async def test_the_ids_of_the_target_are_filled_in(light: Served) -> None:
    text = await page(light, "/web/setup")
    job = (await light.tecko.jobs.get(1)).job
    assert f"{job.target.stack_url}/v2/storage/branch/" in text
    assert f"In configuration {job.target.configuration_id} of {job.target.component_id}" in text
    assert "{{ trigger_id }}" in text
    assert f"--component-id {job.target.component_id} --config-id {job.target.configuration_id}" in text
    assert consumer() in unescape(text)


async def test_another_target_can_be_chosen(light: Served) -> None:
    await light.tecko.jobs.create(nightly("batch_b", name="Other", keboola_configuration_id="777"))
    target = (await light.tecko.jobs.get(1)).job.target
    text = await page(light, f"/web/setup?target={target.component_id}+{target.configuration_id}")
    assert f"In configuration {target.configuration_id} of" in text
    assert "In configuration 777 of" in await page(light, "/web/setup")


async def test_the_link_is_checked_by_a_press_of_a_button(light: Served) -> None:
    target = (await light.tecko.jobs.get(1)).job.target
    back = f"/web/setup?target={target.component_id}+{target.configuration_id}#link"
    form = f'action="/web/jobs/1/check"><input type="hidden" name="back" value="{back}">'
    assert form in await page(light, "/web/setup")
    assert await press(light, "/web/jobs/1/check", back=back) == back
    link = (await page(light, back)).partition('id="link"')[2]
    assert "of those that are sent" in link
    assert "<div>Batch" not in link
    light.tecko.storage.put(target.component_id, Configuration(id=target.configuration_id, name="Reviews", body={}))
    await press(light, "/web/jobs/1/check", back=back)
    link = (await page(light, back)).partition('id="link"')[2]
    assert "<h3>Look at this</h3>" in link
    assert "the configuration is not linked to variables" in link


async def test_it_can_be_read_before_there_is_any_job(empty: Served) -> None:
    assert "With the first job your own ids are filled in." in await page(empty, "/web/setup")


async def test_a_target_in_a_branch_is_set_up_there(light: Served) -> None:
    await light.tecko.jobs.create(nightly("batch_b", branch_id="77"))
    text = await page(light, "/web/setup")
    assert "/v2/storage/branch/77/components" in text
    assert "--branch-id 77" in text
    assert text.count("data-copy=") == 4
