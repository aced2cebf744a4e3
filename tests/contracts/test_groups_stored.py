"""The contract of PollGroups: leases, fences, rests."""

from __future__ import annotations

from datetime import timedelta

import pytest

from teckochecker.adapters.clock import ManualClock
from teckochecker.application.errors import LeaseLost
from tests.builders import AT, HOUR, MINUTE, SECOND
from tests.contracts.instances import LEASE, Instance, later

# Claiming


async def test_a_group_with_a_due_job_can_be_claimed(one: Instance) -> None:
    await one.add_job()
    claim = await one.claim_group()
    assert (claim.secret_id, claim.owner, claim.failures) == ((await one.secret()).id, "one", 0)


async def test_a_group_without_a_due_job_cannot_be_claimed(one: Instance, clock: ManualClock) -> None:
    await one.secret("lonely")
    await one.add_job(status="paused")
    await one.add_job(due=later(1))
    assert list(await one.claim_groups()) == []
    await clock.advance(MINUTE)
    assert len(await one.claim_groups()) == 1


async def test_a_group_in_one_hand_is_not_given_to_another(one: Instance, other: Instance) -> None:
    await one.add_job()
    await one.claim_group()
    assert list(await other.claim_groups()) == []
    assert list(await one.claim_groups()) == []


async def test_the_longest_due_groups_are_claimed_first(one: Instance) -> None:
    for name, seconds in (("a", 20), ("b", 10), ("c", 30)):
        await one.add_job(openai=name, due=AT - seconds * SECOND)
    first_two = await one.claim_groups(limit=2)
    ids = [(await one.secret(name)).id for name in ("c", "a", "b")]
    assert [claim.secret_id for claim in first_two] == ids[:2]
    assert (await one.claim_group()).secret_id == ids[2]


async def test_a_lease_that_ran_out_goes_to_whoever_claims_next(
    one: Instance, other: Instance, clock: ManualClock
) -> None:
    await one.add_job()
    first = await one.claim_group()
    await clock.advance(LEASE - SECOND)
    assert list(await other.claim_groups()) == []
    await clock.advance(SECOND)
    assert (await other.claim_group()).epoch > first.epoch


async def test_a_lease_from_before_the_clock_was_set_back_binds_nobody(
    one: Instance, other: Instance, clock: ManualClock
) -> None:
    await one.add_job(due=AT - 48 * HOUR)
    first = await one.claim_group()
    clock.set(AT - 24 * HOUR)
    second = await other.claim_group()
    assert second.epoch > first.epoch


async def test_a_clock_set_back_a_little_ends_no_lease(one: Instance, other: Instance, clock: ManualClock) -> None:
    await one.add_job(due=AT - HOUR)
    await one.claim_group()
    clock.set(AT - 2 * LEASE)
    assert list(await other.claim_groups()) == []


async def test_a_group_given_back_can_be_claimed_at_once(one: Instance, other: Instance) -> None:
    await one.add_job()
    await release(one)
    assert (await other.claim_group()).owner == "other"


async def release(instance: Instance) -> None:
    """Claim and give back."""
    claim = await instance.claim_group()
    async with instance.store.work() as work:
        await work.groups.release(claim)
        await work.commit()


async def test_giving_back_what_is_in_other_hands_changes_nothing(
    one: Instance, other: Instance, clock: ManualClock
) -> None:
    await one.add_job()
    stale = await one.claim_group()
    await clock.advance(LEASE)
    fresh = await other.claim_group()
    async with one.store.work() as work:
        await work.groups.release(stale)
        await work.commit()
    await other.fence(fresh)


# What is due


async def test_the_longest_due_jobs_of_a_group_come_first(one: Instance) -> None:
    late, later_still, now = [await one.add_job(due=AT - seconds * SECOND) for seconds in (5, 9, 0)]
    claim = await one.claim_group()
    assert await one.due(claim) == [later_still.id, late.id, now.id]
    assert await one.due(claim, limit=2) == [later_still.id, late.id]


async def test_jobs_that_are_not_due_or_of_other_groups_are_left_out(one: Instance) -> None:
    due = await one.add_job()
    await one.add_job(due=later(1))
    await one.add_job(status="paused")
    deleted = await one.add_job()
    await one.change(deleted.id, lambda job: job.delete(at=AT))
    claim = await one.claim_group()
    elsewhere = await one.add_job(openai="another")
    assert await one.due(claim) == [due.id]
    both = [claim, *await one.claim_groups()]
    assert await one.due(*both) == [due.id, elsewhere.id]


async def test_jobs_in_flight_are_left_out(one: Instance) -> None:
    flying, waiting = await one.add_job(), await one.add_job()
    claim = await one.claim_group()
    assert await one.due(claim, without=[flying.id], limit=1) == [waiting.id]


async def test_nothing_is_due_of_no_group(one: Instance) -> None:
    await one.add_job()
    assert await one.due() == []


# Fencing


async def test_a_fence_renews_the_lease(one: Instance, other: Instance, clock: ManualClock) -> None:
    await one.add_job()
    claim = await one.claim_group()
    await clock.advance(LEASE - SECOND)
    await one.fence(claim)
    await clock.advance(LEASE - SECOND)
    assert list(await other.claim_groups()) == []


async def test_a_lease_that_ran_out_but_that_nobody_took_is_still_ours(one: Instance, clock: ManualClock) -> None:
    await one.add_job()
    claim = await one.claim_group()
    await clock.advance(2 * LEASE)
    await one.fence(claim)


async def test_whoever_lost_the_group_can_write_nothing(one: Instance, other: Instance, clock: ManualClock) -> None:
    job = await one.add_job()
    stale = await one.claim_group()
    await clock.advance(LEASE)
    await other.claim_group()
    async with one.store.work() as work:
        await work.jobs.postpone(later(60), [job.id], at=AT, picked_at=AT)
        with pytest.raises(LeaseLost):
            await work.groups.fence(stale, lease=LEASE)
        with pytest.raises(LeaseLost):
            await work.commit()
    assert await one.job(job.id) == job


async def test_an_owner_that_lost_the_group_and_took_it_again_cannot_use_its_old_claim(
    one: Instance, clock: ManualClock
) -> None:
    await one.add_job()
    stale = await one.claim_group()
    await clock.advance(LEASE)
    fresh = await one.claim_group()
    with pytest.raises(LeaseLost):
        await one.fence(stale)
    await one.fence(fresh)


async def test_a_group_whose_secret_was_deleted_is_lost(one: Instance) -> None:
    job = await one.add_job()
    claim = await one.claim_group()
    await one.change(job.id, lambda job: job.delete(at=AT))
    async with one.store.work() as work:
        await work.secrets.delete(claim.secret_id)
        await work.commit()
    with pytest.raises(LeaseLost):
        await one.fence(claim)


# Beating


async def beat(instance: Instance, *claims: object, lease: timedelta = LEASE) -> list[int]:
    """Renew what is in hand; gives the secrets of the groups that are."""
    async with instance.store.work() as work:
        ours = await work.groups.beat(instance.owner, claims, lease=lease)  # type: ignore[arg-type]
        await work.commit()
    return sorted(ours)


async def test_a_beat_renews_what_is_in_hand(one: Instance, other: Instance, clock: ManualClock) -> None:
    await one.add_job()
    await one.add_job(openai="another")
    claims = await one.claim_groups()
    await clock.advance(LEASE - SECOND)
    assert await beat(one, *claims) == sorted(claim.secret_id for claim in claims)
    await clock.advance(LEASE - SECOND)
    assert list(await other.claim_groups()) == []


async def test_a_beat_tells_what_was_lost_and_does_not_take_it_back(
    one: Instance, other: Instance, clock: ManualClock
) -> None:
    await one.add_job()
    stale = await one.claim_group()
    await clock.advance(LEASE)
    fresh = await other.claim_group()
    assert await beat(one, stale) == []
    await other.fence(fresh)


async def test_a_beat_with_nothing_in_hand_renews_nothing(one: Instance, other: Instance, clock: ManualClock) -> None:
    await one.add_job()
    await one.claim_group()
    await clock.advance(LEASE)
    assert await beat(one) == []
    await other.claim_group()


# Resting


async def test_a_resting_group_is_not_claimed(one: Instance, other: Instance, clock: ManualClock) -> None:
    await one.add_job()
    await one.rest(await one.claim_group(), later(10))
    await clock.advance(10 * MINUTE - SECOND)
    assert list(await other.claim_groups()) == []
    await clock.advance(SECOND)
    await other.claim_group()


async def test_a_claim_tells_how_often_the_group_had_no_answer(one: Instance, clock: ManualClock) -> None:
    await one.add_job()
    await one.rest(await one.claim_group(), None, failures=3)
    await clock.advance(LEASE)
    claim = await one.claim_group()
    assert claim.failures == 3
    await one.rest(claim, None, failures=0)
    await clock.advance(LEASE)
    assert (await one.claim_group()).failures == 0


async def test_whoever_lost_the_group_cannot_put_it_to_rest(one: Instance, other: Instance, clock: ManualClock) -> None:
    await one.add_job()
    stale = await one.claim_group()
    await clock.advance(LEASE)
    await other.claim_group()
    await one.rest(stale, later(60), failures=9)
    await clock.advance(LEASE)
    assert (await one.claim_group()).failures == 0


async def test_a_new_credential_ends_the_rest(one: Instance, clock: ManualClock) -> None:
    await one.add_job()
    claim = await one.claim_group()
    await one.rest(claim, later(60))
    async with one.store.work() as work:
        await work.groups.stir(claim.secret_id)
        await work.commit()
    await clock.advance(LEASE)
    assert (await one.claim_group()).failures == 0


async def test_stirring_takes_the_group_out_of_every_hand(one: Instance, other: Instance) -> None:
    await one.add_job()
    claim = await one.claim_group()
    async with other.store.work() as work:
        await work.groups.stir(claim.secret_id)
        await work.commit()
    with pytest.raises(LeaseLost):
        await one.fence(claim)
    assert (await other.claim_group()).epoch > claim.epoch


# When to come again


async def next_due(instance: Instance, owner: str | None = None) -> object:
    """When the next job can be looked at."""
    async with instance.store.view() as view:
        return await view.groups.next_due(owner)


async def test_the_next_due_job_is_the_earliest_of_all_groups(one: Instance) -> None:
    assert await next_due(one) is None
    await one.add_job(due=later(5))
    await one.add_job(openai="another", due=later(3))
    await one.add_job(status="paused")
    assert await next_due(one) == later(3)


async def test_a_job_of_a_resting_group_is_next_due_when_the_rest_is_over(one: Instance) -> None:
    await one.add_job()
    await one.add_job(openai="another", due=later(30))
    await one.rest(await one.claim_group(), later(10))
    assert await next_due(one) == later(10)


async def test_a_group_in_hand_is_next_due_for_others_when_its_lease_runs_out(one: Instance) -> None:
    await one.add_job()
    claim = await one.claim_group()
    assert [await next_due(one, owner) for owner in ("one", "other", None)] == [AT, AT + LEASE, AT]
    await one.add_job(openai="another", due=AT + SECOND)
    assert await next_due(one, "other") == AT + SECOND
    async with one.store.work() as work:
        await work.groups.release(claim)
        await work.commit()
    assert await next_due(one, "other") == AT
