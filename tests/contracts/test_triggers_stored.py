"""The contract of TriggerRepository: leases, fences, evidence."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from teckochecker.adapters.clock import ManualClock
from teckochecker.application.errors import Conflict, LeaseLost, NotFound
from teckochecker.domain import decisions
from teckochecker.domain.protocol import Hold, TriggerPolicy, TriggerState
from teckochecker.domain.run import Attempt, KeboolaRun, Outcome
from teckochecker.domain.secret import SecretType
from teckochecker.domain.trigger import Trigger
from tests.builders import AT, HOUR, MINUTE, SECOND, a_run, a_secret, a_trigger, some_batches
from tests.contracts.instances import LEASE, Instance, later

POLICY = TriggerPolicy()


async def sent(instance: Instance, number: int = 1) -> Trigger:
    """A trigger whose first attempt is out, not in anybody's hand."""
    trigger = await instance.add_trigger(number)
    known = await instance.secret("keboola", SecretType.KEBOOLA)
    secret = a_secret(known.id, SecretType.KEBOOLA)
    await instance.save_trigger(trigger.send(secret, at=AT, policy=POLICY))
    return await instance.trigger(trigger)


async def record(instance: Instance, trigger: Trigger, evidence: Attempt | KeboolaRun, *, at: datetime = AT) -> None:
    """Keep a late answer."""
    async with instance.store.work() as work:
        await work.triggers.record(trigger.id, evidence, at=at)
        await work.commit()


def refusal(trigger: Trigger) -> Attempt:
    """The answer to the last attempt: no."""
    return evolve(trigger.attempts[-1], outcome=Outcome.REFUSED, http=400, message="no", answered_at=later(1))


# Reading and writing


async def test_a_trigger_is_read_back_as_it_was_stored(one: Instance) -> None:
    trigger = await one.add_trigger()
    keboola = await one.secret("keboola", SecretType.KEBOOLA)
    attempt = Attempt(
        n=1,
        sent_at=AT,
        target=trigger.target,
        secret_id=keboola.id,
        secret_version=2,
        project_id="901",
        token_id="77",
        outcome=Outcome.UNKNOWN,
        http=504,
        exception_id="exc-1",
        message="‘ř’",
        answered_at=later(1),
    )
    run = a_run(
        "2",
        "error",
        of=trigger,
        not_before=AT,
        started_at=AT,
        ended_at=later(1),
        duration_s=60,
        message="x",
        link="https://k",
    )
    rich = evolve(
        trigger,
        state=TriggerState.HELD,
        hold=Hold.UNKNOWN_OUTCOME,
        reason="look",
        run_id="2",
        attempts=(attempt, evolve(attempt, n=2, secret_id=None, delay=timedelta(seconds=360), outcome=None)),
        runs=(run, a_run("10", of=trigger)),
        kills=frozenset({"10", "2"}),
        looks=5,
        looking_since=AT + timedelta(microseconds=1),
        confirm_until=later(6),
        failures=2,
        last_error="504",
        settled_at=later(9),
    )
    await one.save_trigger(rich)
    assert await one.trigger(trigger) == rich


async def test_a_stored_trigger_has_nothing_left_to_tell(one: Instance) -> None:
    assert (await sent(one)).events == ()


async def test_a_trigger_that_is_not_there_is_not_found(one: Instance) -> None:
    with pytest.raises(NotFound):
        await one.trigger(a_trigger())
    with pytest.raises(NotFound):
        await one.save_trigger(a_trigger())


async def test_a_job_has_one_trigger_of_each_generation(one: Instance) -> None:
    trigger = await one.add_trigger(state="ended", due_at=None)
    job = await one.job(trigger.job_id)
    with pytest.raises(Conflict):
        await one.add_trigger(2, job=job)
    second = await one.add_trigger(3, job=evolve(job, generation=2))
    assert second.generation == 2


async def test_a_job_has_one_unsettled_trigger(one: Instance) -> None:
    trigger = await one.add_trigger()
    job = await one.job(trigger.job_id)
    with pytest.raises(Conflict):
        await one.add_trigger(2, job=evolve(job, generation=2))


async def test_the_triggers_of_a_job_come_latest_first(one: Instance) -> None:
    first = await one.add_trigger(9, state="ended", due_at=None)
    job = await one.job(first.job_id)
    second = await one.add_trigger(1, job=evolve(job, generation=2))
    await one.add_trigger(5)
    async with one.store.view() as view:
        assert list(await view.triggers.of_job(job.id)) == [second, first]


async def test_each_job_of_a_list_is_shown_its_latest_trigger(one: Instance) -> None:
    first = await one.add_trigger(9, state="ended", due_at=None)
    job = await one.job(first.job_id)
    second = await one.add_trigger(1, job=evolve(job, generation=2))
    alone = await one.add_trigger(5)
    bare = await one.add_job()
    async with one.store.view() as view:
        assert await view.triggers.of_jobs([bare.id, alone.job_id, job.id]) == {job.id: second, alone.job_id: alone}
        assert await view.triggers.of_jobs([]) == {}


async def test_a_secret_leads_to_the_triggers_that_still_need_it(one: Instance) -> None:
    now, soon = await one.add_trigger(1), await one.add_trigger(2, due_at=later(60))
    await one.add_trigger(3, state="ended", due_at=None)
    keboola = await one.secret("keboola", SecretType.KEBOOLA)
    another = await one.secret("another", SecretType.KEBOOLA)
    async with one.store.view() as view:
        assert list(await view.triggers.of_secret(keboola.id)) == [now, soon]
        assert list(await view.triggers.of_secret(another.id)) == []


# Claiming


async def test_a_due_trigger_is_claimed_as_it_stands(one: Instance) -> None:
    trigger = await one.add_trigger()
    claim = await one.claim_trigger()
    assert (claim.trigger, claim.owner) == (trigger, "one")


async def test_a_trigger_that_is_not_due_is_not_claimed(one: Instance, clock: ManualClock) -> None:
    await one.add_trigger(1, due_at=later(1))
    await one.add_trigger(2, state="ended", due_at=None)
    assert list(await one.claim_triggers()) == []
    await clock.advance(MINUTE)
    assert (await one.claim_trigger()).trigger.id == UUID(int=1)


async def test_the_longest_due_triggers_are_claimed_first(one: Instance) -> None:
    for number, seconds in ((1, 20), (2, 10), (3, 30)):
        await one.add_trigger(number, due_at=AT - seconds * SECOND)
    assert [claim.trigger.id.int for claim in await one.claim_triggers(limit=2)] == [3, 1]
    assert [claim.trigger.id.int for claim in await one.claim_triggers(limit=2)] == [2]


async def test_a_trigger_in_one_hand_is_not_given_to_another(one: Instance, other: Instance) -> None:
    await one.add_trigger()
    await one.claim_trigger()
    assert list(await other.claim_triggers()) == []
    assert list(await one.claim_triggers()) == []


async def test_a_trigger_whose_lease_ran_out_goes_to_whoever_claims_next(
    one: Instance, other: Instance, clock: ManualClock
) -> None:
    await one.add_trigger()
    first = await one.claim_trigger()
    await clock.advance(LEASE)
    assert (await other.claim_trigger()).epoch > first.epoch


async def test_a_trigger_leased_before_the_clock_was_set_back_is_free(
    one: Instance, other: Instance, clock: ManualClock
) -> None:
    await one.add_trigger(due_at=AT - 48 * HOUR)
    await one.claim_trigger()
    clock.set(AT - 24 * HOUR)
    assert (await other.claim_trigger()).owner == "other"


async def test_a_trigger_given_back_can_be_claimed_at_once(one: Instance, other: Instance) -> None:
    await one.add_trigger()
    claim = await one.claim_trigger()
    async with one.store.work() as work:
        await work.triggers.release(claim)
        await work.commit()
    assert (await other.claim_trigger()).owner == "other"


# Fencing


async def test_a_claimed_trigger_is_saved_and_stays_in_hand(one: Instance, other: Instance) -> None:
    await one.add_trigger()
    claim = await one.claim_trigger()
    await one.save_trigger(evolve(claim.trigger, looks=1), claim)
    await one.save_trigger(evolve(claim.trigger, looks=2), claim)
    assert (await one.trigger(claim.trigger)).looks == 2
    assert list(await other.claim_triggers()) == []


async def test_a_trigger_saved_for_good_is_given_back(one: Instance, other: Instance) -> None:
    await one.add_trigger()
    claim = await one.claim_trigger()
    await one.save_trigger(evolve(claim.trigger, looks=1), claim, release=True)
    assert (await other.claim_trigger()).trigger.looks == 1


async def test_whoever_lost_a_trigger_can_write_nothing(one: Instance, other: Instance, clock: ManualClock) -> None:
    await one.add_trigger()
    stale = await one.claim_trigger()
    await clock.advance(LEASE)
    await other.claim_trigger()
    async with one.store.work() as work:
        job = await work.jobs.get(stale.trigger.job_id, lock=True)
        await work.jobs.save([evolve(job, name="lost")])
        with pytest.raises(LeaseLost):
            await work.triggers.save(evolve(stale.trigger, looks=9), stale)
        with pytest.raises(LeaseLost):
            await work.commit()
    assert await one.trigger(stale.trigger) == stale.trigger
    assert await one.job(job.id) == job


async def test_an_owner_that_lost_a_trigger_and_took_it_again_cannot_use_its_old_claim(
    one: Instance, clock: ManualClock
) -> None:
    await one.add_trigger()
    stale = await one.claim_trigger()
    await clock.advance(LEASE)
    fresh = await one.claim_trigger()
    with pytest.raises(LeaseLost):
        await one.save_trigger(stale.trigger, stale)
    await one.save_trigger(fresh.trigger, fresh)


async def test_what_a_person_decides_wins_over_whoever_has_the_trigger_in_hand(one: Instance, other: Instance) -> None:
    await one.add_trigger()
    claim = await one.claim_trigger()
    withdrawn = decisions.withdraw(claim.trigger, at=later(1))
    await other.save_trigger(withdrawn)
    with pytest.raises(LeaseLost):
        await one.save_trigger(evolve(claim.trigger, looks=9), claim)
    assert await one.trigger(claim.trigger) == withdrawn


async def test_a_trigger_that_a_person_made_due_can_be_claimed_at_once(one: Instance, other: Instance) -> None:
    await one.add_trigger()
    claim = await one.claim_trigger()
    await other.save_trigger(decisions.nudged(claim.trigger, at=AT))
    assert (await other.claim_trigger()).epoch > claim.epoch


# Beating


async def beat(instance: Instance, *claims: Any) -> list[int]:
    """Renew what is in hand."""
    async with instance.store.work() as work:
        ours = await work.triggers.beat(instance.owner, claims, lease=LEASE)
        await work.commit()
    return sorted(id.int for id, _ in ours)


async def test_a_beat_renews_the_triggers_in_hand(one: Instance, other: Instance, clock: ManualClock) -> None:
    await one.add_trigger(1)
    await one.add_trigger(2)
    claims = await one.claim_triggers()
    await clock.advance(LEASE - SECOND)
    assert await beat(one, *claims) == [1, 2]
    await clock.advance(LEASE - SECOND)
    assert list(await other.claim_triggers()) == []


async def test_a_beat_does_not_renew_a_claim_that_its_owner_lost_and_made_anew(
    one: Instance, clock: ManualClock
) -> None:
    await one.add_trigger(1)
    stale = await one.claim_trigger()
    await clock.advance(LEASE)
    fresh = await one.claim_trigger()
    async with one.store.work() as work:
        assert list(await work.triggers.beat(one.owner, [stale, fresh], lease=LEASE)) == [fresh.key]


async def test_a_beat_tells_which_triggers_were_lost(one: Instance, other: Instance, clock: ManualClock) -> None:
    await one.add_trigger(1)
    stale = await one.claim_trigger()
    await clock.advance(LEASE)
    fresh = await other.claim_trigger()
    assert await beat(one, stale) == []
    await other.save_trigger(fresh.trigger, fresh)


# Evidence


async def test_the_late_outcome_of_an_attempt_is_kept_and_makes_the_trigger_due(one: Instance) -> None:
    trigger = await sent(one)
    await one.save_trigger(evolve(trigger, due_at=later(60)))
    await record(one, trigger, refusal(trigger), at=later(1))
    assert await one.trigger(trigger) == evolve(trigger, attempts=(refusal(trigger),), due_at=later(1))


async def test_an_outcome_that_is_known_is_not_replaced_by_a_late_one(one: Instance) -> None:
    trigger = await sent(one)
    await one.save_trigger(trigger.outcome_unknown("crashed", at=later(1)))
    await record(one, trigger, refusal(trigger))
    assert (await one.trigger(trigger)).attempts[-1].outcome is Outcome.UNKNOWN


async def test_a_late_run_is_kept_and_makes_the_trigger_due(one: Instance) -> None:
    trigger = await sent(one)
    await one.save_trigger(evolve(trigger, due_at=None))
    await record(one, trigger, a_run(of=trigger), at=later(1))
    assert await one.trigger(trigger) == evolve(trigger, runs=(a_run(of=trigger),), due_at=later(1))


async def test_evidence_changes_no_lease(one: Instance, other: Instance, clock: ManualClock) -> None:
    trigger = await sent(one)
    await one.claim_trigger()
    await clock.advance(LEASE)
    fresh = await other.claim_trigger()
    await record(one, trigger, a_run(of=trigger))
    assert list(await one.claim_triggers()) == []
    await other.save_trigger(evolve(fresh.trigger, looks=1), fresh)


async def test_what_the_holder_writes_takes_no_evidence_away_and_leaves_the_trigger_due(
    one: Instance, other: Instance, clock: ManualClock
) -> None:
    trigger = await sent(one)
    await one.claim_trigger()
    await clock.advance(LEASE)
    fresh = await other.claim_trigger()
    await record(one, trigger, refusal(trigger), at=AT + LEASE)
    await record(one, trigger, a_run(of=trigger), at=AT + LEASE)
    await other.save_trigger(evolve(fresh.trigger, looks=1, due_at=later(60)), fresh, release=True)
    seen = (await other.claim_trigger()).trigger
    assert (seen.looks, seen.attempts, seen.runs) == (1, (refusal(trigger),), (a_run(of=trigger),))


async def test_evidence_that_was_taken_in_keeps_no_trigger_due(one: Instance) -> None:
    trigger = await sent(one)
    await record(one, trigger, a_run(of=trigger))
    claim = await one.claim_trigger()
    await one.save_trigger(evolve(claim.trigger, due_at=later(60)), claim, release=True)
    assert (await one.trigger(trigger)).due_at == later(60)


async def test_evidence_on_a_settled_trigger_makes_it_due_again(one: Instance) -> None:
    trigger = await sent(one)
    await one.save_trigger(evolve(trigger, state=TriggerState.ENDED, due_at=None))
    await record(one, trigger, a_run("9", of=trigger), at=later(1))
    stored = await one.trigger(trigger)
    assert (stored.state, stored.due_at) == (TriggerState.ENDED, later(1))


# When to come again


async def next_due(instance: Instance) -> object:
    """When the next trigger can be claimed."""
    async with instance.store.view() as view:
        return await view.triggers.next_due()


async def test_the_next_due_trigger_is_the_earliest(one: Instance) -> None:
    assert await next_due(one) is None
    await one.add_trigger(1, due_at=later(5))
    await one.add_trigger(2, due_at=later(3))
    await one.add_trigger(3, state="ended", due_at=None)
    assert await next_due(one) == later(3)


async def test_a_trigger_in_hand_is_next_due_when_its_lease_runs_out(one: Instance) -> None:
    await one.add_trigger(1)
    await one.add_trigger(2, due_at=later(30))
    await one.claim_trigger()
    assert await next_due(one) == AT + LEASE


async def test_a_job_can_be_deleted_while_its_trigger_goes_on(one: Instance) -> None:
    job = await one.add_job(status="triggering", batches=some_batches("completed"))
    trigger = await one.add_trigger(job=job)
    await one.change(job.id, lambda job: job.delete(at=AT))
    assert (await one.claim_trigger()).trigger == trigger
