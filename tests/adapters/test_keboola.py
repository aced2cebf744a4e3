"""Each answer of Keboola is read for what it proves: created, refused, not processed, or open."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from attrs import define, frozen

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.keboola import KeboolaQueue
from teckochecker.adapters.keboola.address import _by_rule, _may_lead
from teckochecker.adapters.transport import Transport
from teckochecker.application.errors import (
    CredentialRejected,
    GatewayError,
    LeaseLost,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from teckochecker.application.ports import RunRequest, RunSearch
from teckochecker.domain.run import KeboolaRun, Runs
from teckochecker.domain.secret import Credential
from teckochecker.domain.values import StackUrl
from teckochecker.entrypoints.simulator import SimulatedKeboola, Simulator, default_token
from tests.builders import AT, HOUR, SECOND, a_target

TRIGGER = UUID("7d0d1c0e-6a2c-4f65-8d0e-3f3a3f5f9b11")
TOKEN = Credential(default_token)


@define
class Lease:
    """One that is held, until it is not."""

    lost: bool = False


@frozen
class Keboola:
    """The simulated stack and the way to it."""

    service: SimulatedKeboola
    gateway: KeboolaQueue
    stack: StackUrl

    async def start(self, *, lost: bool = False, delay: timedelta = timedelta(0), **target: Any) -> KeboolaRun:
        """Ask for a run."""
        aim = a_target(**{"stack_url": self.stack} | target)
        request = RunRequest(target=aim, variables={"trigger_id": str(TRIGGER)}, delay=delay)
        return await self.gateway.start(request, TOKEN, lease=Lease(lost))

    async def failing(self, kind: str, **fault: Any) -> GatewayError:
        """What asking for a run raises when this goes wrong."""
        self.service.fault(kind, operation="create", times=None, **fault)
        with pytest.raises(GatewayError) as failed:
            await self.start()
        self.service.clear_faults()
        return failed.value

    async def find(self) -> Runs:
        """The runs of our trigger."""
        search = RunSearch(trigger_id=TRIGGER, target=a_target(stack_url=self.stack), since=AT - HOUR)
        return await self.gateway.find(search, TOKEN)


@pytest.fixture
async def keboola() -> AsyncGenerator[Keboola]:
    clock = ManualClock(AT)
    async with Simulator.open(clock=lambda: clock.now().timestamp()) as simulator:
        url = simulator.keboola.stack_url
        transport = Transport([url])
        queue = KeboolaQueue(transport, clock, deadline=0.4, start_deadline=0.4)
        yield Keboola(simulator.keboola, queue, StackUrl.of(url, [url]))
        await transport.close()


# What becomes of a request for a run


@pytest.mark.parametrize("status", [400, 402, 404, 405, 410, 413, 415, 422])
async def test_a_refusal_is_for_good(keboola: Keboola, status: int) -> None:
    failed = await keboola.failing("status", status=status)
    assert isinstance(failed, Rejected)
    assert failed.http == status
    assert failed.exception_id
    assert keboola.service.runs == []


async def test_a_redirect_is_a_refusal_and_not_followed(keboola: Keboola) -> None:
    failed = await keboola.failing("redirect", status=307, location=f"{keboola.stack}/queue/jobs")
    assert isinstance(failed, Rejected)
    assert failed.http == 307
    assert len(keboola.service.posts) == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_token_is_told_from_other_refusals(keboola: Keboola, status: int) -> None:
    failed = await keboola.failing("status", status=status)
    assert isinstance(failed, CredentialRejected)
    assert failed.http == status


async def test_too_many_requests_are_not_processed(keboola: Keboola) -> None:
    failed = await keboola.failing("status", status=429, retry_after="30")
    assert isinstance(failed, Unavailable)
    assert failed.retry_at == AT + 30 * SECOND


async def test_during_maintenance_nothing_is_processed(keboola: Keboola) -> None:
    failed = await keboola.failing("maintenance", retry_after="120")
    assert isinstance(failed, Unavailable)
    assert failed.retry_at == AT + 120 * SECOND


@pytest.mark.parametrize("status", [408, 409, 423, 500, 502, 503, 504])
async def test_an_answer_that_proves_nothing_leaves_the_outcome_open(keboola: Keboola, status: int) -> None:
    assert isinstance(await keboola.failing("status", status=status), OutcomeUnknown)


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("kind", ["reset", "close", "hang"])
async def test_a_lost_answer_leaves_the_outcome_open(keboola: Keboola, kind: str, after_effect: bool) -> None:
    assert isinstance(await keboola.failing(kind, after_effect=after_effect), OutcomeUnknown)
    assert len(keboola.service.posts) == 1
    assert len(keboola.service.runs) == after_effect


@pytest.mark.parametrize("kind", ["drip", "huge", "truncated", "malformed", "content_type"])
async def test_a_spoilt_answer_leaves_the_outcome_open(keboola: Keboola, kind: str) -> None:
    assert isinstance(await keboola.failing(kind), OutcomeUnknown)
    assert len(keboola.service.runs) == 1


@pytest.mark.parametrize("body", [{}, [], {"id": None}, {"id": ""}, {"status": "created"}])
async def test_an_answer_without_an_id_leaves_the_outcome_open(keboola: Keboola, body: Any) -> None:
    assert isinstance(await keboola.failing("status", status=201, body=body), OutcomeUnknown)


async def test_an_open_outcome_names_what_keboolas_support_asks_for(keboola: Keboola) -> None:
    body = {"error": "Internal error", "code": 500, "exceptionId": "exception-77"}
    assert "exception-77" in str(await keboola.failing("status", status=500, body=body))


async def test_a_missing_configuration_is_told_in_keboolas_words(keboola: Keboola) -> None:
    with pytest.raises(Rejected, match='Configuration "454" not found'):
        await keboola.start(configuration_id="454")


async def test_a_service_that_is_gone_was_not_reached() -> None:
    async with Simulator.open() as simulator:
        url = simulator.keboola.stack_url
    transport = Transport([url])
    gone = Keboola(simulator.keboola, KeboolaQueue(transport, ManualClock(AT)), StackUrl.of(url, [url]))
    with pytest.raises(Unavailable, match="does not take connections"):
        await gone.start()
    await transport.close()


async def test_nothing_leaves_when_the_lease_is_lost(keboola: Keboola) -> None:
    with pytest.raises(LeaseLost):
        await keboola.start(lost=True)
    assert not any(post.complete for post in keboola.service.posts)
    assert keboola.service.runs == []


async def test_what_is_asked_is_what_the_target_says(keboola: Keboola) -> None:
    keboola.service.stack.dev_branches.add("77")
    await keboola.start(branch_id="77", delay=360 * SECOND)
    assert keboola.service.posts[0].body == {
        "mode": "run",
        "component": "kds-team.app-custom-python",
        "config": "123456",
        "variableValuesData": {"values": [{"name": "trigger_id", "value": str(TRIGGER)}]},
        "branchId": "77",
        "delay": 360,
    }


async def test_a_run_leads_to_keboolas_own_pages(keboola: Keboola) -> None:
    run = await keboola.start()
    assert run.link == f"{keboola.stack}/admin/projects/901/queue/{run.id}"
    assert (await keboola.gateway.get(keboola.stack, run.id, TOKEN)).link == run.link


# Looking


async def test_a_search_reads_every_page(keboola: Keboola) -> None:
    mine = await keboola.start()
    other = RunRequest(target=a_target(stack_url=keboola.stack), variables={"trigger_id": "another"})
    for _ in range(500):
        await keboola.gateway.start(other, TOKEN, lease=Lease())
    twin = await keboola.start()
    assert [run.id for run in (await keboola.find()).runs] == [mine.id, twin.id]
    assert keboola.service.requests("search") == 2


@pytest.mark.parametrize("kind", ["status", "reset", "truncated", "malformed", "html", "content_type"])
async def test_a_page_that_fails_fails_the_search(keboola: Keboola, kind: str) -> None:
    await keboola.start()
    keboola.service.fault(kind, operation="search", times=None)
    with pytest.raises(Unavailable):
        await keboola.find()


@pytest.mark.parametrize("body", [{}, {"jobs": []}, [{"status": "created"}], ["odd"]])
async def test_a_search_that_is_no_list_of_runs_proves_nothing(keboola: Keboola, body: Any) -> None:
    keboola.service.fault("status", operation="search", status=200, body=body)
    with pytest.raises(Unavailable):
        await keboola.find()


async def test_the_tasks_of_a_flow_that_carry_its_variables_are_not_taken_for_it(keboola: Keboola) -> None:
    task = {
        "id": "7",
        "status": "created",
        "component": "other.component",
        "config": "123456",
        "variableValuesData": {"values": [{"name": "trigger_id", "value": str(TRIGGER)}]},
    }
    keboola.service.fault("status", operation="search", status=200, body=[task])
    assert (await keboola.find()).runs == ()


async def test_an_answer_about_another_run_is_not_believed(keboola: Keboola) -> None:
    keboola.service.fault("status", operation="get", status=200, body={"id": "8", "status": "success"})
    with pytest.raises(Unavailable, match="another run"):
        await keboola.gateway.get(keboola.stack, "7", TOKEN)


@pytest.mark.parametrize("odd", [False, True])
async def test_a_finished_run_is_read_when_it_cannot_be_killed(keboola: Keboola, odd: bool) -> None:
    keboola.service.queue.kill_of_finished_answers_500 = odd
    keboola.service.queue.kill_takes = 0
    run = await keboola.start()
    await keboola.gateway.kill(keboola.stack, run.id, TOKEN)
    assert keboola.service.runs[0].finished
    assert (await keboola.gateway.kill(keboola.stack, run.id, TOKEN)).cancelled


# Tokens


@pytest.mark.parametrize("trait", ["isExpired", "isDisabled"])
async def test_a_token_that_is_past_its_use_is_refused(keboola: Keboola, trait: str) -> None:
    body = {"id": "1", trait: True, "owner": {"id": 901, "name": "Reviews"}}
    keboola.service.fault("status", operation="verify", status=200, body=body)
    with pytest.raises(CredentialRejected, match="replace the secret"):
        await keboola.gateway.identify(keboola.stack, TOKEN)


@pytest.mark.parametrize("body", [{}, [], {"id": "1"}, {"id": "1", "owner": []}, {"owner": {"id": 901}}])
async def test_a_token_without_a_project_is_not_taken(keboola: Keboola, body: Any) -> None:
    keboola.service.fault("status", operation="verify", status=200, body=body)
    with pytest.raises(Unavailable, match="without naming its project"):
        await keboola.gateway.identify(keboola.stack, TOKEN)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 429, 500])
async def test_a_token_that_is_echoed_is_not_handed_on(keboola: Keboola, status: int) -> None:
    body = {"error": f"Token {default_token} is bad", "exceptionId": default_token}
    failed = await keboola.failing("status", status=status, body=body)
    assert default_token not in f"{failed!r} {vars(failed)} {failed.__cause__!r}"


async def test_a_token_that_a_run_tells_is_not_handed_on(keboola: Keboola) -> None:
    body = {"id": "7", "status": "error", "result": {"message": f"used {default_token}"}}
    keboola.service.fault("status", operation="get", status=200, body=body)
    assert (await keboola.gateway.get(keboola.stack, "7", TOKEN)).message == "used ***"


# Where the queue is


async def test_the_index_is_asked_once_and_without_the_token(keboola: Keboola) -> None:
    await keboola.start()
    await keboola.find()
    assert keboola.service.requests("index") == 1
    assert keboola.service.requests("index", "") == 1


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        ("https://queue.eu-central-1.keboola.com", True),
        ("https://queue.eu-central-1.keboola.com/", True),
        ("https://queue.keboola.com", False),
        ("http://queue.eu-central-1.keboola.com", False),
        ("https://queue.eu-central-1.keboola.com.evil.example", False),
        ("https://queue.eu-central-1.keboola.com@evil.example", False),
        ("https://evil.example/queue.eu-central-1.keboola.com", False),
    ],
)
def test_a_token_goes_to_the_very_queue_of_its_stack_only(told: str, taken: bool) -> None:
    stack = StackUrl("https://connection.eu-central-1.keboola.com")
    named = _by_rule(stack)
    assert named == "https://queue.eu-central-1.keboola.com"
    assert _may_lead(stack, told, named) is taken


@pytest.mark.parametrize("url", ["http://evil.example/queue", "https://127.0.0.1:1/queue", "//evil", "", None, 7])
async def test_an_index_that_points_elsewhere_is_not_followed(keboola: Keboola, url: Any) -> None:
    index = {"services": [{"id": "queue", "url": url}]}
    keboola.service.fault("status", operation="index", status=200, body=index, times=None)
    with pytest.raises(Unavailable, match="does not say where its queue is"):
        await keboola.start()
    assert keboola.service.posts == []


async def test_an_index_that_fails_is_asked_again(keboola: Keboola) -> None:
    keboola.service.fault("status", operation="index", status=500)
    with pytest.raises(Unavailable):
        await keboola.start()
    assert (await keboola.start()).status == "created"


async def test_a_stack_that_left_the_operators_list_gets_no_token(keboola: Keboola) -> None:
    stack = StackUrl.trusted("https://connection.example.com")
    with pytest.raises(Unavailable, match="not allowed any more"):
        await keboola.gateway.identify(stack, TOKEN)
    with pytest.raises(Unavailable, match="not allowed any more"):
        await keboola.start(stack_url=stack)
