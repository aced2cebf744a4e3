"""The list of jobs in every order, from its headings and from page to page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.doors.http.served import Served
from tests.doors.http.web.visit import page
from tests.doors.nightly import nightly

NIGHTLY, AARDVARK, ZEBRA = 1, 2, 3


async def shown(service: Served, address: str) -> list[int]:
    """The jobs on a page, as they stand there."""
    return [int(job_id) for job_id in re.findall(r'<tbody id="job-(\d+)"', await page(service, address))]


@pytest.fixture
async def three(light: Served) -> Served:
    """A service with three jobs, of which one is paused."""
    await light.tecko.jobs.create(nightly("batch_c", name="Aardvark"))
    await light.tecko.jobs.pause(AARDVARK)
    await light.tecko.clock.advance(timedelta(seconds=1))
    await light.tecko.jobs.create(nightly("batch_d", name="Zebra"))
    return light


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", [ZEBRA, AARDVARK, NIGHTLY]),
        ("created_at", [NIGHTLY, AARDVARK, ZEBRA]),
        ("name", [AARDVARK, NIGHTLY, ZEBRA]),
        ("-name", [ZEBRA, NIGHTLY, AARDVARK]),
        ("status", [NIGHTLY, ZEBRA, AARDVARK]),
        ("-status", [AARDVARK, ZEBRA, NIGHTLY]),
        ("next_check_at", [NIGHTLY, ZEBRA, AARDVARK]),
        ("-next_check_at", [ZEBRA, NIGHTLY, AARDVARK]),
        ("nonsense", [ZEBRA, AARDVARK, NIGHTLY]),
    ],
)
async def test_a_list_can_be_had_in_every_order_and_goes_on_in_it(three: Served, sort: str, order: list[int]) -> None:
    assert await shown(three, f"/web?sort={sort}") == order
    for place, job_id in enumerate(order):
        assert await shown(three, f"/web?sort={sort}&after={job_id}") == order[place + 1 :]


@pytest.mark.parametrize("heading", ["Job", "Status", "Next check"])
async def test_a_heading_leads_up_then_down_then_back_to_the_newest(three: Served, heading: str) -> None:
    address, orders = "/web", []
    for _ in range(3):
        found = re.search(rf'<th[^>]*><a href="([^"]+)">{heading}', await page(three, address))
        assert found
        address = found[1]
        orders += re.findall(r'aria-sort="(\w+)"', await page(three, address))
    assert orders == ["ascending", "descending", "descending"]
    assert address == "/web"


async def test_the_order_is_kept_while_one_searches(three: Served) -> None:
    assert '<option value="-status" selected>' in await page(three, "/web?sort=-status")
