"""One page of the list answers for a hundred batches, and is believed no further than it deserves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import define, field

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.openai import OpenAIBatches
from teckochecker.adapters.openai.listing import Trust
from teckochecker.adapters.transport import Transport
from teckochecker.application.errors import CredentialRejected, Unavailable
from teckochecker.domain.batch import BatchError, BatchMissing, BatchReport, Looked, LookUpFailed
from teckochecker.domain.secret import Credential
from teckochecker.domain.values import BatchId
from teckochecker.entrypoints.simulator import BatchScript, SimulatedOpenAI, Simulator, default_key
from tests.builders import AT, MINUTE, SECOND

KEY = Credential(default_key)


@define
class Service:
    """The simulated service, the way to it, and what was asked since the last question about that."""

    openai: SimulatedOpenAI
    gateway: OpenAIBatches
    clock: ManualClock
    _before: tuple[int, int] = field(default=(0, 0), init=False)

    def add(self, count: int, first: int = 1, **fields: Any) -> dict[BatchId, datetime | None]:
        """So many batches under way, each made a second after the one before."""
        made: dict[BatchId, datetime | None] = {}
        for number in range(first, first + count):
            created = AT - timedelta(days=1) + number * SECOND
            batch = self.openai.add_batch(
                f"batch_{number}", BatchScript.stays(), created_at=created.timestamp(), **fields
            )
            made[BatchId(batch.id)] = created
        return made

    async def look(
        self, batches: Mapping[BatchId, datetime | None], base_url: str | None = None
    ) -> dict[BatchId, Looked]:
        """Every answer; that each batch has one and no more is made sure of."""
        answers: list[Looked] = []
        async for portion in self.gateway.look_up(batches, KEY, base_url=base_url):
            assert portion
            answers.extend(portion)
        found = {answer.batch_id: answer for answer in answers}
        assert len(found) == len(answers) == len(batches)
        return found

    def asked(self) -> tuple[int, int]:
        """How many pages, and how many single batches, since the last time."""
        now = self.openai.requests("list"), self.openai.requests("retrieve")
        new = now[0] - self._before[0], now[1] - self._before[1]
        self._before = now
        return new

    async def prove(self) -> None:
        """The list shows an end that is true."""
        batches = self.add(3, first=100_001)
        self.openai.set_batch("batch_100001", BatchScript.stays("completed"))
        await self.look(batches)
        for batch_id in batches:
            self.openai.remove_batch(batch_id)
        self.asked()

    def every_page(self, body: Any) -> None:
        """Every page is this from now on."""
        self.openai.fault("status", status=200, operation="list", times=None, body=body)


@pytest.fixture
async def service() -> AsyncGenerator[Service]:
    clock = ManualClock(AT)
    async with Simulator.open(clock=lambda: clock.now().timestamp()) as simulator:
        base_url = simulator.openai.base_url
        transport = Transport([base_url])
        gateway = OpenAIBatches(transport, clock, base_url=base_url, deadline=20.0, page_deadline=0.4)
        yield Service(simulator.openai, gateway, clock)
        await transport.close()


def unknown(batches: Mapping[BatchId, datetime | None]) -> dict[BatchId, datetime | None]:
    """The same batches, of which nobody knows when they were created."""
    return dict.fromkeys(batches)


# What it saves


async def test_a_page_answers_for_a_hundred_batches(service: Service) -> None:
    await service.prove()
    batches = service.add(100)
    found = await service.look(unknown(batches))
    assert service.asked() == (1, 0)
    assert {type(looked) for looked in found.values()} == {BatchReport}


async def test_two_batches_are_asked_for_singly(service: Service) -> None:
    await service.look(service.add(2))
    assert service.asked() == (0, 2)


async def test_many_batches_are_read_page_by_page(service: Service) -> None:
    await service.prove()
    await service.look(service.add(950))
    assert service.asked() == (10, 0)


async def test_a_page_is_told_as_soon_as_it_is_there(service: Service) -> None:
    await service.prove()
    batches = service.add(300)
    portions = [len(portion) async for portion in service.gateway.look_up(batches, KEY, base_url=None)]
    assert portions == [100, 100, 100]


async def test_batches_deep_below_others_are_found_behind_the_newest_of_them(service: Service) -> None:
    await service.prove()
    batches = service.add(101)
    service.add(2000, first=1000)
    found = await service.look(batches)
    assert service.asked() == (2, 1)
    assert {type(looked) for looked in found.values()} == {BatchReport}


@pytest.mark.parametrize(("count", "pages"), [(9, 1), (10, 2), (50, 5), (90, 5)])
async def test_an_old_tail_is_asked_for_singly(service: Service, count: int, pages: int) -> None:
    batches = service.add(count)
    service.add(600, first=1000)
    await service.look(unknown(batches))
    assert service.asked() == (pages, count)


async def test_a_page_that_answers_for_three_is_worth_it(service: Service) -> None:
    await service.prove()
    batches = service.add(3) | service.add(3, first=104)
    service.add(100, first=4)
    await service.look(batches)
    assert service.asked() == (2, 0)


async def test_few_batches_far_apart_cost_one_page_too_many(service: Service) -> None:
    batches = {batch_id: at for first in (1, 1001, 2001, 3001) for batch_id, at in service.add(1, first).items()}
    service.add(400, first=2)
    service.add(400, first=1002)
    service.add(400, first=2002)
    await service.look(batches)
    assert service.asked() == (1, 4)


# How far it is believed


async def test_an_end_is_asked_of_the_batch_itself(service: Service) -> None:
    batches = service.add(10)
    service.openai.set_batch("batch_4", BatchScript.stays("completed"), output_file_id="file-4")
    service.openai.fault("status", status=500, operation="retrieve", path="/v1/batches/batch_4")
    found = await service.look(batches)
    assert isinstance(found[BatchId("batch_4")], LookUpFailed)
    report = (await service.look(batches))[BatchId("batch_4")]
    assert isinstance(report, BatchReport)
    assert (report.status, report.output_file_id) == ("completed", "file-4")


async def test_what_the_list_leaves_out_is_missing_by_its_own_answer_alone(service: Service) -> None:
    batches = service.add(10)
    service.every_page({"object": "list", "data": [], "has_more": False})
    gone = BatchId("batch_gone")
    found = await service.look(batches | {gone: None})
    assert found.pop(gone) == BatchMissing(batch_id=gone)
    assert {type(looked) for looked in found.values()} == {BatchReport}
    assert service.asked() == (1, 11)


async def test_a_list_that_proved_itself_is_held_against_one_batch_in_twenty_look_ups(service: Service) -> None:
    batches = service.add(10)
    await service.look(batches)
    assert service.asked() == (1, 1)
    await service.prove()
    for _ in range(20):
        await service.look(batches)
    assert service.asked() == (20, 1)


async def test_a_list_that_lags_for_ever_is_found_out_and_left_alone(service: Service) -> None:
    batches = service.add(5)
    stale = {
        "data": [{"id": name, "status": "validating", "created_at": 1, "request_counts": None} for name in batches]
    }
    service.every_page(stale)
    await service.look(batches)
    for name in batches:
        service.openai.set_batch(name, BatchScript.stays("completed"))
    await service.look(batches)
    assert service.asked() == (2, 2)
    found = await service.look(batches)
    assert service.asked() == (0, 5)
    assert {looked.status for looked in found.values() if isinstance(looked, BatchReport)} == {"completed"}
    await service.clock.advance(timedelta(hours=1))
    await service.look(batches)
    assert service.asked()[0] == 1


async def test_a_batch_that_ends_between_two_answers_costs_a_list_its_proof_and_no_more(service: Service) -> None:
    await service.prove()
    batches = service.add(5)
    still = {
        "data": [{"id": name, "status": "in_progress", "created_at": 1, "request_counts": None} for name in batches]
    }
    for name in batches:
        service.openai.set_batch(name, BatchScript.stays("completed"))
    service.every_page(still)
    for _ in range(20):
        await service.look(batches)
    assert service.asked()[0] == 20
    await service.look(batches)
    assert service.asked()[0] == 0


@pytest.mark.parametrize("more", [{}, {"created_at": 1}, {"request_counts": None}], ids=str)
async def test_a_list_of_mere_mentions_answers_nothing(service: Service, more: Mapping[str, Any]) -> None:
    batches = service.add(4)
    service.every_page({"data": [{"id": name, "status": "in_progress", **more} for name in batches]})
    await service.look(batches)
    assert service.asked() == (1, 4)


async def test_a_page_is_not_asked_for_when_it_can_answer_for_too_few(service: Service) -> None:
    await service.prove()
    await service.look(service.add(102))
    assert service.asked() == (1, 2)


def test_an_end_that_was_told_too_early_leaves_no_list_alone() -> None:
    trust = Trust(proved=True)
    trust.weigh(True, False, 0)
    assert not trust.proved
    trust.weigh(True, False, 0)
    assert trust.left_alone_until == 0


async def test_what_the_list_did_not_show_says_nothing_about_it(service: Service) -> None:
    await service.prove()
    batches = service.add(10)
    service.every_page({"object": "list", "data": [], "has_more": False})
    await service.look(batches)
    service.openai.clear_faults()
    service.asked()
    await service.look(batches)
    assert service.asked() == (1, 0)


# What may go wrong


@pytest.mark.parametrize(
    "body",
    [[], "list", {"object": "batch", "data": []}, {"value": []}, {"data": {}}, {"object": "list"}],
)
async def test_what_is_no_list_is_left_alone_for_an_hour(service: Service, body: Any) -> None:
    batches = service.add(4)
    service.every_page(body)
    await service.look(batches)
    assert service.asked() == (1, 4)
    await service.clock.advance(59 * MINUTE)
    await service.look(batches)
    assert service.asked() == (0, 4)


@pytest.mark.parametrize("entry", [None, 7, {}, {"id": 5}, {"id": "batch_1"}, {"id": "batch_1", "status": ""}])
async def test_an_odd_entry_spoils_no_other(service: Service, entry: Any) -> None:
    batches = service.add(4)
    good = [{"id": name, "status": "in_progress", "created_at": 1, "request_counts": None} for name in batches]
    odd = {"created_at": 1, "request_counts": None, **entry} if isinstance(entry, dict) and entry else entry
    service.every_page({"data": [odd, *good[1:]], "has_more": False})
    found = await service.look(batches)
    assert {type(looked) for looked in found.values()} == {BatchReport}
    assert service.asked() == (1, 2)


@pytest.mark.parametrize("status", [302, 400, 403, 404, 405, 499, 500, 503])
async def test_a_refused_page_leaves_the_batches_to_themselves(service: Service, status: int) -> None:
    batches = service.add(4)
    service.openai.fault("status", status=status, operation="list", times=None)
    found = await service.look(batches)
    assert {type(looked) for looked in found.values()} == {BatchReport}
    await service.look(batches)
    assert service.asked() == (1, 8)
    await service.clock.advance(5 * MINUTE)
    await service.look(batches)
    assert service.asked()[0] == (status >= 500)


@pytest.mark.parametrize("kind", ["malformed", "truncated", "content_type", "html", "hang", "reset", "drip"])
async def test_a_spoilt_page_leaves_the_batches_to_themselves(service: Service, kind: str) -> None:
    batches = service.add(4)
    service.openai.fault(kind, operation="list", times=None)
    async with asyncio.timeout(10):  # a page is not waited for as long as a batch
        found = await service.look(batches)
    assert {type(looked) for looked in found.values()} == {BatchReport}
    assert service.asked()[1] == 4


async def test_a_key_that_is_echoed_in_a_page_is_not_handed_on(service: Service) -> None:
    batches = service.add(4)
    for batch_id in batches:
        service.openai.set_batch(batch_id, errors={"data": [{"message": f"used {default_key}"}]})
    found = await service.look(batches)
    assert service.asked() == (1, 1)
    assert {looked.errors for looked in found.values() if isinstance(looked, BatchReport)} == {
        (BatchError(message="used ***"),)
    }


async def test_a_word_to_slow_down_is_for_all_batches_of_the_key(service: Service) -> None:
    batches = service.add(250)
    service.openai.fault("status", status=429, operation="list", retry_after="90")
    found = await service.look(batches)
    assert service.asked() == (1, 0)
    assert {getattr(looked, "retry_at", None) for looked in found.values()} == {AT + 90 * SECOND}
    await service.look(batches)
    assert service.asked()[0] == 3


async def test_a_word_to_slow_down_is_for_those_too_that_the_page_before_left_to_be_asked_singly(
    service: Service,
) -> None:
    batches = service.add(250)
    service.openai.set_batch("batch_250", BatchScript.stays("completed"))
    service.openai.fault("pass", operation="list")
    service.openai.fault("status", status=429, operation="list", retry_after="90")
    found = await service.look(batches)
    assert service.asked() == (2, 0)
    assert isinstance(found[BatchId("batch_250")], LookUpFailed)


async def test_a_refused_key_is_told_by_its_batches(service: Service) -> None:
    batches = service.add(40)
    service.openai.remove_key(default_key)
    found = await service.look(batches)
    assert all(isinstance(looked, LookUpFailed) and looked.credential_rejected for looked in found.values())
    assert service.asked()[1] <= 10
    service.openai.add_key(default_key)
    await service.look(batches)
    assert service.asked() == (1, 1)


async def test_a_list_that_promises_more_than_nothing_is_asked_once(service: Service) -> None:
    batches = service.add(10)
    service.every_page({"data": [], "has_more": True})
    await service.look(unknown(batches))
    assert service.asked() == (1, 10)


async def test_when_batches_were_created_is_told_where_the_list_says_it(service: Service) -> None:
    service.every_page({"data": [{"id": "batch_1", "created_at": 1774500000}, {"id": "batch_2"}]})
    assert await service.gateway.listed(KEY, base_url=None) == [datetime(2026, 3, 26, 4, 40, tzinfo=UTC)]
    service.openai.clear_faults()
    batches = service.add(99)
    for base_url in (None, service.openai.base_url):
        assert await service.gateway.listed(KEY, base_url=base_url) == list(batches.values())[::-1]


async def test_a_list_that_cannot_be_had_says_why(service: Service) -> None:
    service.every_page([])
    with pytest.raises(Unavailable, match="answered with something that is no list"):
        await service.gateway.listed(KEY, base_url=None)
    for status, error in ((401, CredentialRejected), (403, CredentialRejected), (404, Unavailable), (500, Unavailable)):
        service.openai.clear_faults()
        service.openai.fault("status", status=status, operation="list", times=None)
        with pytest.raises(error, match=f"OpenAI answered {status} to its list") as told:
            await service.gateway.listed(KEY, base_url=None)
        assert getattr(told.value, "http", None) == (status if error is CredentialRejected else None)
    service.openai.clear_faults()
    service.every_page(f"no list for {default_key}")
    with pytest.raises(Unavailable) as told:
        await service.gateway.listed(KEY, base_url=None)
    assert default_key not in str(told.value)
    service.openai.clear_faults()
    service.openai.fault("hang", operation="list", times=None)
    async with asyncio.timeout(10):
        with pytest.raises(Unavailable, match=r"did not answer within 0\.4 s"):
            await service.gateway.listed(KEY, base_url=None)


async def test_a_list_that_turns_in_circles_is_left(service: Service) -> None:
    batches = service.add(300)
    page = [
        {"id": f"batch_{number}", "status": "in_progress", "created_at": 1, "request_counts": None}
        for number in range(200, 300)
    ]
    service.every_page({"data": page, "has_more": True})
    found = await service.look(unknown(batches))
    assert {type(looked) for looked in found.values()} == {BatchReport}
    assert service.asked() == (2, 201)


async def test_a_cursor_that_vanished_ends_the_list_for_this_look_alone(service: Service) -> None:
    batches = service.add(300)
    service.openai.fault("pass", operation="list")
    service.openai.fault("status", status=404, operation="list")
    await service.look(batches)
    assert service.asked() == (2, 201)
    await service.look(batches)
    assert service.asked() == (3, 1)


async def test_batches_that_are_made_while_paging_shift_nothing(service: Service) -> None:
    await service.prove()
    batches = service.add(300)
    found: list[Looked] = []
    async for portion in service.gateway.look_up(batches, KEY, base_url=None):
        found.extend(portion)
        service.add(50, first=1000 + len(found))
    assert sorted(looked.batch_id for looked in found) == sorted(batches)
    assert service.asked() == (3, 0)


async def test_an_address_with_a_query_keeps_it(service: Service) -> None:
    batches = service.add(3)
    await service.look(batches, base_url=f"{service.openai.base_url}/?api-version=2024-10-21")
    assert service.asked() == (1, 1)


async def test_each_address_is_trusted_by_itself(service: Service) -> None:
    batches = service.add(4)
    service.openai.fault("status", status=404, operation="list")
    await service.look(batches)
    await service.look(batches)
    assert service.asked() == (1, 8)
    await service.look(batches, base_url=f"{service.openai.base_url}?of=another")
    assert service.asked()[0] == 1


async def test_ten_batches_that_hang_hold_no_other_batch_of_the_key_back() -> None:
    clock = ManualClock(AT)
    async with Simulator.open(clock=lambda: clock.now().timestamp()) as simulator:
        base_url = simulator.openai.base_url
        transport = Transport([base_url], per_host=10, patience=0.1)
        gateway = OpenAIBatches(transport, clock, base_url=base_url, deadline=3.0, patience=0.1)
        service = Service(simulator.openai, gateway, clock)
        service.openai.fault("hang", path="/v1/batches/batch_hung_*", times=None)
        service.openai.fault("status", status=404, operation="list", times=None)
        hung = dict.fromkeys(BatchId(f"batch_hung_{number}") for number in range(10))
        order = [
            looked.batch_id
            async for portion in gateway.look_up(hung | service.add(40), KEY, base_url=None)
            for looked in portion
        ]
        await transport.close()
    assert set(order[-10:]) == hung.keys()
