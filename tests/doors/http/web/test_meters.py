"""The gauges that the terminal look has above the list."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.doors.http.served import Served
from tests.doors.http.web.visit import page
from tests.doors.nightly import nightly

METER = re.compile(r'<dt>([^<]+)</dt><dd>.*?<rect class="(.)" width="([^"]+)%".*?</dd><dd>([^<]*)</dd>')


async def meters(service: Served, path: str = "/web") -> dict[str, tuple[str, str, str]]:
    """The gauges of a page: colour, width and words of each."""
    return {word: (colour, width, says) for word, colour, width, says in METER.findall(await page(service, path))}


async def test_they_tell_how_everything_is(light: Served) -> None:
    light.http.cookies.set("theme", "terminal")
    light.tecko.openai.put("batch_d", "completed")
    for batch in ("batch_c", "batch_d", "batch_e"):
        await light.tecko.jobs.create(nightly(batch))
    await light.tecko.jobs.pause(4)
    await light.tecko.run_until_idle()
    await light.tecko.advance(timedelta(seconds=60))
    assert await meters(light) == {
        "watching": ("d", "66.7", "2 active"),
        "lateness": ("d", "0.0", "0.0 s"),
        "checks/min": ("r", "100.0", "3 of 3"),
        "completed": ("d", "25.0", "1 of 4"),
        "failed": ("f", "0.0", "0"),
        "held": ("h", "66.7", "2"),
    }


async def test_they_change_with_the_list_and_belong_to_the_terminal_look_alone(light: Served) -> None:
    assert await meters(light) == {}
    assert await meters(light, "/web/parts?parts=1") == {}
    light.http.cookies.set("theme", "terminal")
    await light.tecko.jobs.pause(1)
    assert (await meters(light, "/web/parts?parts=1"))["watching"] == ("d", "0.0", "0 active")
