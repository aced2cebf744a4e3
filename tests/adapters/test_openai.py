"""Answers of OpenAI and its look-alikes are read for what they say, and one that fails holds back no other."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve, frozen

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.openai import OpenAIBatches
from teckochecker.adapters.openai.report import read_report
from teckochecker.adapters.openai.verdict import Reach, judge
from teckochecker.adapters.transport import Answer, Malformed, Transport
from teckochecker.domain.batch import BatchError, BatchMissing, BatchReport, Looked, LookUpFailed, RequestCounts
from teckochecker.domain.secret import Credential
from teckochecker.domain.values import BatchId
from teckochecker.entrypoints.simulator import BatchScript, SimulatedOpenAI, Simulator, default_key
from tests.builders import AT, SECOND

ONE = BatchId("batch_1")
KEY = Credential(default_key)
PLAIN = {"id": "batch_1", "object": "batch", "status": "in_progress"}


@frozen
class OpenAI:
    """The simulated service and the way to it."""

    service: SimulatedOpenAI
    gateway: OpenAIBatches

    def add(self, count: int) -> list[BatchId]:
        """So many batches under way."""
        return [BatchId(self.service.add_batch(f"batch_{n}", BatchScript.stays()).id) for n in range(1, count + 1)]

    def add_without_list(self, count: int) -> list[BatchId]:
        """So many batches of a service that lists none, so that each is asked for singly."""
        self.service.fault("status", status=404, operation="list", times=None)
        return self.add(count)

    async def look(
        self, batches: Sequence[BatchId], credential: Credential = KEY, base_url: str | None = None
    ) -> dict[BatchId, Looked]:
        """Every answer; that each batch has one and no more is made sure of."""
        answers: list[Looked] = []
        async for portion in self.gateway.look_up(dict.fromkeys(batches), credential, base_url=base_url):
            answers.extend(portion)
        found = {answer.batch_id: answer for answer in answers}
        assert len(found) == len(answers) == len(set(batches))
        return found

    async def fail(self) -> LookUpFailed:
        """The failure to look at one batch."""
        (looked,) = (await self.look([ONE])).values()
        assert isinstance(looked, LookUpFailed)
        return looked


@pytest.fixture
async def openai() -> AsyncGenerator[OpenAI]:
    clock = ManualClock(AT)
    async with Simulator.open(clock=lambda: clock.now().timestamp()) as simulator:
        base_url = simulator.openai.base_url
        transport = Transport([base_url])
        yield OpenAI(simulator.openai, OpenAIBatches(transport, clock, base_url=base_url, deadline=0.4))
        await transport.close()


def report(**fields: Any) -> BatchReport:
    """What is read of this batch object."""
    return read_report(PLAIN | fields, ONE, "openai")


def kinds(found: dict[BatchId, Looked]) -> set[type[Looked]]:
    return {type(answer) for answer in found.values()}


# Reading a batch


def test_a_bare_batch_is_enough() -> None:
    assert read_report({"id": "batch_1", "status": "completed"}, ONE, "x").status == "completed"


def test_everything_of_a_batch_is_read() -> None:
    read = report(
        request_counts={"total": 3, "completed": 2, "failed": 1},
        output_file_id="file-o",
        error_file_id="file-e",
        errors={"object": "list", "data": [{"code": "c", "message": "m", "param": "p", "line": 4}]},
        created_at=1774500000,
        in_progress_at=1774500060,
        finalizing_at=1774503600,
        expires_at=1774586400,
    )
    assert read.counts == RequestCounts(3, 2, 1)
    assert (read.output_file_id, read.error_file_id) == ("file-o", "file-e")
    assert read.errors == (BatchError("c", "m", "p", 4),)
    assert read.created_at == datetime(2026, 3, 26, 4, 40, tzinfo=UTC)
    assert read.in_progress_at == datetime(2026, 3, 26, 4, 41, tzinfo=UTC)
    assert read.finalizing_at == datetime(2026, 3, 26, 5, 40, tzinfo=UTC)
    assert read.expires_at == datetime(2026, 3, 27, 4, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "status"),
    [("Validating", "validating"), ("InProgress", "in_progress"), ("complete", "completed"), ("paused", "paused")],
)
def test_statuses_are_folded_into_openais(sent: str, status: str) -> None:
    assert report(status=sent).status == status


@pytest.mark.parametrize("sent", ["2026-03-26T04:40:00", "2026-03-26T05:40:00+01:00", "1774500000", 1774500000.0])
def test_times_come_in_many_forms(sent: Any) -> None:
    assert report(created_at=sent).created_at == datetime(2026, 3, 26, 4, 40, tzinfo=UTC)


@pytest.mark.parametrize("sent", [None, "", "soon", 10**30, -5, 0, True, [], 1774500000000, "0001-01-01T00:00:00Z"])
def test_an_absurd_time_is_none(sent: Any) -> None:
    assert report(created_at=sent).created_at is None


@pytest.mark.parametrize("sent", [None, [], "3", {}, {"total": None, "completed": None, "failed": None}])
def test_counts_that_say_nothing_are_none(sent: Any) -> None:
    assert report(request_counts=sent).counts is None


def test_absurd_counts_stay_within_what_can_be_stored() -> None:
    counts = report(request_counts={"total": 10**30, "completed": -1, "failed": None}).counts
    assert counts == RequestCounts(2**31 - 1, 0, 0)
    assert report(request_counts={"completed": 3}).counts == RequestCounts(0, 3, 0)


@pytest.mark.parametrize("sent", [None, "", 7.5, []])
def test_a_file_without_a_name_is_none(sent: Any) -> None:
    assert report(output_file_id=sent).output_file_id is None


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        (None, ()),
        ([], ()),
        ({"data": None}, ()),
        ({"data": ["odd", {"code": "c"}]}, (BatchError(code="c"),)),
        ("no tokens left", (BatchError(message="no tokens left"),)),
    ],
)
def test_any_part_of_the_errors_may_be_missing(sent: Any, errors: tuple[BatchError, ...]) -> None:
    assert report(errors=sent).errors == errors


NO_BATCH = "answered with something that is no batch"
OTHER = "answered about another batch than 'batch_1'"
MUTE = "did not say the status of batch 'batch_1'"


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ([], NO_BATCH),
        (None, NO_BATCH),
        ("batch", NO_BATCH),
        ({**PLAIN, "object": "list"}, NO_BATCH),
        ({}, OTHER),
        ({**PLAIN, "id": "batch_2"}, OTHER),
        ({**PLAIN, "status": None}, MUTE),
        ({**PLAIN, "status": " "}, MUTE),
    ],
)
def test_what_is_not_this_batch_is_malformed(sent: Any, sentence: str) -> None:
    with pytest.raises(Malformed, match=f"^openai {sentence}$"):
        read_report(sent, ONE, "openai")


# Reading a refusal


def judged(status: int, body: bytes = b"", kind: str = "application/json") -> tuple[Looked, Reach]:
    answer = Answer(status, {"Content-Type": kind}, body, "api.openai.com", default_key)
    verdict = judge(answer, ONE, AT)
    return verdict.looked, verdict.reach


def test_a_404_of_openai_is_a_missing_batch() -> None:
    for told in (b'{"error": {"code": "batch_not_found"}}', b'{"error": "there is no such batch"}'):
        assert judged(404, told) == (BatchMissing(batch_id=ONE), Reach.FINE)
    assert judged(400, b'{"error": {"message": "No such Batch object: batch_1"}}')[0] == BatchMissing(batch_id=ONE)


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"detail": "Not Found"}', b'{"error": {"message": "Invalid URL (GET /batches/batch_1)"}}']
)
def test_a_404_of_somebody_else_says_nothing_about_the_batch(body: bytes) -> None:
    looked, reach = judged(404, body)
    assert isinstance(looked, LookUpFailed)
    assert "check the base URL" in looked.error
    assert reach is Reach.BATCH


def test_only_a_404_or_a_400_speaks_of_a_missing_batch() -> None:
    for status in (403, 409, 500):
        looked, _ = judged(status, b'{"error": {"message": "No such Batch object: batch_1"}}')
        assert isinstance(looked, LookUpFailed)


def test_an_error_that_is_a_text_is_told() -> None:
    looked, _ = judged(500, b'{"error": "out of order"}')
    assert looked == LookUpFailed(batch_id=ONE, error="api.openai.com has an error of its own (500): out of order")


@pytest.mark.parametrize(
    ("status", "code", "message", "cure"),
    [
        (401, "invalid_api_key", "Incorrect API key", "replace the secret with a valid key"),
        (401, "missing_scope", "Missing scopes: api.batch.read", "may not read batches"),
        (403, "", "You have insufficient permissions for this operation", "may not read batches"),
        (401, "", "Access from your IP is not allowed", "allow-list"),
        (401, "ip_not_authorized", "", "allow-list"),
        (401, "", "This IP address is not known", "allow-list"),
        (403, "", "This IP address is not known", "check the key's project"),
        (403, "", "Not available in your region", "does not serve this country"),
        (403, "unsupported_country", "", "does not serve this country"),
        (403, "", "Project archived", "check the key's project"),
    ],
)
def test_each_refused_key_has_its_own_cure(status: int, code: str, message: str, cure: str) -> None:
    looked, reach = judged(status, f'{{"error": {{"code": "{code}", "message": "{message}"}}}}'.encode())
    assert isinstance(looked, LookUpFailed)
    assert looked.credential_rejected
    assert cure in looked.error
    assert (f": {message};" if message else "") in looked.error
    assert reach is Reach.CREDENTIAL


@pytest.mark.parametrize(
    "code",
    [
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
    ],
)
def test_a_lack_of_credit_is_called_billing(code: str) -> None:
    looked, reach = judged(429, f'{{"error": {{"code": "{code}"}}}}'.encode())
    assert isinstance(looked, LookUpFailed)
    assert "billing" in looked.error
    assert not looked.credential_rejected
    assert reach is Reach.CREDENTIAL


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (408, "could not answer just now (408)"),
        (409, "could not answer just now (409)"),
        (429, "asks to slow down (429)"),
        *((status, f"has an error of its own ({status})") for status in (500, 502, 503, 504)),
    ],
)
def test_what_may_pass_reaches_the_service(status: int, sentence: str) -> None:
    looked, reach = judged(status, b"<html>", "text/html")
    assert isinstance(looked, LookUpFailed)
    assert (looked.error, reach) == (f"api.openai.com {sentence}", Reach.SERVICE)


@pytest.mark.parametrize("status", [204, 299, 300, 302, 399, 400, 410, 499])
def test_what_will_not_pass_reaches_the_batch(status: int) -> None:
    looked, reach = judged(status)
    moved = f"api.openai.com points to another address ({status}), which is not followed; check the base URL"
    refused = f"api.openai.com refused the question ({status})"
    assert isinstance(looked, LookUpFailed)
    assert (looked.error, reach) == (moved if 300 <= status < 400 else refused, Reach.BATCH)


def test_an_answer_about_a_batch_shows_that_the_service_works() -> None:
    looked, reach = judged(200, json.dumps(PLAIN).encode())
    assert (looked.batch_id, type(looked), reach) == (ONE, BatchReport, Reach.FINE)
    looked, reach = judged(200, b"[]")
    assert (type(looked), reach) == (LookUpFailed, Reach.BATCH)


# Looking up


async def test_every_batch_is_answered_once(openai: OpenAI) -> None:
    batches = openai.add_without_list(250)
    assert kinds(await openai.look([*batches, *batches])) == {BatchReport}
    assert openai.service.requests("retrieve") == 250
    assert openai.service.server.peak_in_flight <= 10


async def test_nothing_asked_nothing_answered(openai: OpenAI) -> None:
    assert await openai.look([]) == {}


async def test_two_look_ups_of_a_credential_share_its_bound(openai: OpenAI) -> None:
    openai.add_without_list(40)
    openai.service.fault("pass", times=None, delay_before=0.02)
    first = openai.gateway.look_up({BatchId(f"batch_{n}"): None for n in range(1, 21)}, KEY, base_url=None)
    second = openai.gateway.look_up({BatchId(f"batch_{n}"): None for n in range(21, 41)}, KEY, base_url=None)
    async with aclosing(first), aclosing(second):
        await anext(first)
        await anext(second)
        assert openai.service.server.peak_in_flight == 10


async def test_a_hanging_batch_holds_back_no_other(openai: OpenAI) -> None:
    batches = openai.add_without_list(50)
    openai.service.fault("hang", path="/v1/batches/batch_1", times=None)
    order: list[BatchId] = []
    async for portion in openai.gateway.look_up(dict.fromkeys(batches), KEY, base_url=None):
        order.extend(looked.batch_id for looked in portion)
    assert order[-1] == ONE
    assert len(order) == 50


async def test_a_look_up_that_is_no_longer_wanted_ends_its_calls(openai: OpenAI) -> None:
    batches = openai.add_without_list(50)
    openai.service.fault("pass", times=None, delay_before=0.02)
    async with aclosing(openai.gateway.look_up(dict.fromkeys(batches), KEY, base_url=None)) as portions:
        await anext(portions)
    assert openai.service.requests("retrieve") < 50


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("reset", "broke off the connection"),
        ("close", "broke off the connection"),
        ("hang", "did not answer within 0.4 s"),
        ("drip", "did not answer within 0.4 s"),
        ("huge", "more than can be read"),
        ("truncated", "broke off in the middle"),
        ("malformed", "JSON that is not valid"),
        ("content_type", "instead of JSON"),
        ("redirect", "points to another address"),
        ("html", "has an error of its own"),
        ("maintenance", "has an error of its own"),
    ],
)
async def test_every_mishap_is_told_in_a_sentence(openai: OpenAI, fault: str, sentence: str) -> None:
    openai.add(1)
    openai.service.fault(fault, times=None)
    assert sentence in (await openai.fail()).error


async def test_a_service_that_is_down_is_not_asked_for_everything(openai: OpenAI) -> None:
    batches = openai.add(200)
    openai.service.fault("status", status=503, times=None, retry_after="90")
    found = await openai.look(batches)
    assert openai.service.requests("retrieve") < 20
    assert {getattr(looked, "retry_at", None) for looked in found.values()} == {AT + 90 * SECOND}


@pytest.mark.parametrize(("kind", "more"), [("status", {"status": 500}), ("truncated", {})])
async def test_single_failures_do_not_stop_the_rest(openai: OpenAI, kind: str, more: dict[str, Any]) -> None:
    batches = openai.add_without_list(100)
    openai.service.fault(kind, path="/v1/batches/batch_?", times=4, **more)
    found = await openai.look(batches)
    assert sum(isinstance(looked, BatchReport) for looked in found.values()) == 96


async def test_a_refused_credential_is_not_asked_about_twice_over(openai: OpenAI) -> None:
    batches = openai.add(100)
    openai.service.remove_key(default_key)
    found = await openai.look(batches)
    assert all(isinstance(looked, LookUpFailed) and looked.credential_rejected for looked in found.values())
    assert openai.service.requests("retrieve") <= 10


async def test_one_credentials_trouble_is_not_anothers(openai: OpenAI) -> None:
    batches = openai.add(30)
    other = Credential(openai.service.add_key("sk-other-0123456789"))
    openai.service.fault("status", status=500, credential=default_key, times=None)
    assert kinds(await openai.look(batches)) == {LookUpFailed}
    assert kinds(await openai.look(batches, other)) == {BatchReport}


async def test_the_batches_of_another_project_are_missing(openai: OpenAI) -> None:
    batches = openai.add(2)
    other = Credential(openai.service.add_key("sk-other-0123456789", "proj_other"))
    assert kinds(await openai.look(batches, other)) == {BatchMissing}


async def test_a_secrets_own_address_must_be_public(openai: OpenAI) -> None:
    openai.add(1)
    (looked,) = (await openai.look([ONE], base_url="http://127.0.0.1:1/v1")).values()
    assert isinstance(looked, LookUpFailed)
    assert "only the operator can allow" in looked.error


async def test_a_key_that_is_echoed_is_not_handed_on(openai: OpenAI) -> None:
    openai.add(1)
    body = {"error": {"message": f"no {default_key} here", "code": default_key}}
    for status in (400, 401, 403, 404, 429, 500):
        openai.service.clear_faults()
        openai.service.fault("status", status=status, body=body, times=None)
        (looked,) = (await openai.look([ONE])).values()
        assert default_key not in repr(looked)


async def test_a_key_that_is_echoed_inside_a_batch_is_not_handed_on(openai: OpenAI) -> None:
    openai.add(1)
    openai.service.set_batch("batch_1", errors={"data": [{"message": f"used {default_key}"}]})
    (looked,) = (await openai.look([ONE])).values()
    assert isinstance(looked, BatchReport)
    assert looked.errors == (BatchError(message="used ***"),)


async def test_a_wait_is_believed_for_an_hour_at_most(openai: OpenAI) -> None:
    openai.add(1)
    openai.service.fault("status", status=429, times=None, retry_after_date=86_400.0)
    failed = await openai.fail()
    assert failed == evolve(failed, retry_at=AT + timedelta(hours=1))
