"""The contract of BatchGateway."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from teckochecker.adapters.clock import ManualClock
from teckochecker.application.errors import CredentialRejected, Unavailable
from teckochecker.domain.batch import BatchMissing, BatchReport, Looked, LookUpFailed, RequestCounts
from teckochecker.domain.values import BatchId
from tests.builders import AT, SECOND
from tests.contracts.batch_services import KEY, SERVICES, BatchService


@pytest.fixture(params=SERVICES, ids=lambda service: service.__name__)
async def service(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncGenerator[BatchService]:
    async with request.param(clock) as opened:
        yield opened


async def look(service: BatchService, *ids: str) -> list[Looked]:
    """All answers of one look-up, in the order of their ids."""
    stream = service.gateway.look_up({BatchId(id): None for id in ids}, KEY, base_url=service.base_url)
    async with aclosing(stream) as answers:
        looked = [answer async for portion in answers for answer in portion]
    return sorted(looked, key=lambda answer: answer.batch_id)


async def look_at(service: BatchService, id: str) -> Looked:
    """The one answer about a batch."""
    (answer,) = await look(service, id)
    return answer


@pytest.mark.parametrize(
    "status",
    [
        "validating",
        "in_progress",
        "finalizing",
        "completed",
        "failed",
        "expired",
        "cancelling",
        "cancelled",
        "a_new_one",
    ],
)
async def test_a_batch_is_reported_with_its_status(service: BatchService, status: str) -> None:
    service.put("batch_1", status)
    report = await look_at(service, "batch_1")
    assert isinstance(report, BatchReport)
    assert (report.batch_id, report.status) == ("batch_1", status)


async def test_a_report_tells_counts_files_and_dates(service: BatchService) -> None:
    counts = RequestCounts(10, 7, 3)
    service.put("batch_1", "completed", counts=counts, output_file_id="file-o", error_file_id="file-e")
    report = await look_at(service, "batch_1")
    assert isinstance(report, BatchReport)
    assert (report.counts, report.output_file_id, report.error_file_id) == (counts, "file-o", "file-e")
    assert (report.created_at, report.expires_at) == (AT, AT + 24 * 3600 * SECOND)


async def test_a_batch_that_moves_on_is_reported_as_it_stands_then(service: BatchService) -> None:
    service.put("batch_1", "in_progress")
    before = await look_at(service, "batch_1")
    service.put("batch_1", "completed")
    after = await look_at(service, "batch_1")
    assert isinstance(before, BatchReport)
    assert isinstance(after, BatchReport)
    assert (before.status, after.status) == ("in_progress", "completed")


async def test_a_batch_that_nobody_made_is_missing(service: BatchService) -> None:
    assert await look_at(service, "batch_9") == BatchMissing(batch_id=BatchId("batch_9"))


async def test_a_batch_that_vanished_is_missing(service: BatchService) -> None:
    service.put("batch_1", "in_progress")
    service.vanish("batch_1")
    assert await look_at(service, "batch_1") == BatchMissing(batch_id=BatchId("batch_1"))


async def test_each_batch_is_answered_once(service: BatchService) -> None:
    ids = [f"batch_{number:02}" for number in range(45)]
    for id in ids[::2]:
        service.put(id, "completed")
    assert [answer.batch_id for answer in await look(service, *ids, *ids[:5])] == ids


async def test_nothing_is_answered_when_nothing_was_asked(service: BatchService) -> None:
    assert await look(service) == []
    assert service.asked() == 0


async def test_a_refused_credential_is_an_answer(service: BatchService) -> None:
    service.put("batch_1", "completed")
    service.revoke()
    answers = await look(service, "batch_1", "batch_2")
    assert [answer.batch_id for answer in answers] == ["batch_1", "batch_2"]
    assert all(isinstance(answer, LookUpFailed) and answer.credential_rejected for answer in answers)


async def test_no_answer_shows_the_credential(service: BatchService) -> None:
    service.revoke()
    answer = await look_at(service, "batch_1")
    assert isinstance(answer, LookUpFailed)
    assert answer.error
    assert KEY.reveal() not in repr(answer)


async def test_a_service_that_is_down_is_an_answer_about_each_batch(service: BatchService) -> None:
    ids = [f"batch_{number:02}" for number in range(30)]
    service.fail()
    answers = await look(service, *ids)
    assert [answer.batch_id for answer in answers] == ids
    assert all(isinstance(answer, LookUpFailed) and not answer.credential_rejected for answer in answers)


async def test_the_services_own_word_on_when_to_come_again_is_passed_on(service: BatchService) -> None:
    service.fail(retry_after=90)
    answer = await look_at(service, "batch_1")
    assert isinstance(answer, LookUpFailed)
    assert answer.retry_at == AT + 90 * SECOND


async def test_a_service_that_recovers_answers_again(service: BatchService) -> None:
    service.put("batch_1", "completed")
    service.fail()
    assert isinstance(await look_at(service, "batch_1"), LookUpFailed)
    service.recover()
    assert isinstance(await look_at(service, "batch_1"), BatchReport)


async def test_one_batch_without_an_answer_does_not_hide_the_others(service: BatchService) -> None:
    for id in ("batch_1", "batch_2", "batch_3"):
        service.put(id, "completed")
    service.fail(batch_id="batch_2")
    kinds = [type(answer) for answer in await look(service, "batch_1", "batch_2", "batch_3")]
    assert kinds == [BatchReport, LookUpFailed, BatchReport]


async def test_a_look_up_can_be_left_before_its_end(service: BatchService) -> None:
    ids = [BatchId(f"batch_{number:02}") for number in range(45)]
    async with aclosing(service.gateway.look_up(dict.fromkeys(ids), KEY, base_url=service.base_url)) as answers:
        first = await anext(answers)
    assert 0 < len(first) < len(ids)
    assert service.asked() < len(ids)


async def test_the_list_tells_when_batches_were_created_newest_first(service: BatchService, clock: ManualClock) -> None:
    service.put("batch_1", "in_progress")
    await clock.advance(SECOND)
    service.put("batch_2", "in_progress")
    assert await service.gateway.listed(KEY, base_url=service.base_url) == [AT + SECOND, AT]


async def test_a_list_is_refused_to_a_revoked_key(service: BatchService) -> None:
    service.put("batch_1", "in_progress")
    service.revoke()
    with pytest.raises(CredentialRejected):
        await service.gateway.listed(KEY, base_url=service.base_url)


async def test_a_list_of_a_service_that_is_down_says_so(service: BatchService) -> None:
    service.put("batch_1", "in_progress")
    service.fail()
    with pytest.raises(Unavailable):
        await service.gateway.listed(KEY, base_url=service.base_url)
