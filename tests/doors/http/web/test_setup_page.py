from __future__ import annotations

from html import unescape

from teckochecker.entrypoints.consumer import consumer
from tests.doors.http.served import Served
from tests.doors.http.web.visit import page
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


async def test_it_can_be_read_before_there_is_any_job(empty: Served) -> None:
    assert "With the first job your own ids are filled in." in await page(empty, "/web/setup")
