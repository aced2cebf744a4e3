"""The contract of NoticeRepository: one notice for each address of an event, delivered by one instance at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import evolve

from teckochecker.application.ports import Notice, NoticeClaim
from teckochecker.domain.events import JobFailed, JobPaused
from teckochecker.domain.values import JobId
from tests.builders import AT, MINUTE
from tests.contracts.instances import LEASE, Instance, later


async def fail(instance: Instance, *job_ids: int) -> None:
    """Jobs have failed, among other things."""
    async with instance.store.work() as work:
        for job_id in job_ids:
            failed = JobFailed(at=AT, job_id=JobId(job_id), reason="404")
            await work.history.add([JobPaused(at=AT, job_id=JobId(job_id)), failed])
        await work.commit()


async def claim(instance: Instance, *channels: str, limit: int = 100) -> Sequence[NoticeClaim]:
    """Take what is due."""
    async with instance.store.work() as work:
        claims = await work.notices.claim(instance.owner, channels, lease=LEASE, limit=limit)
        await work.commit()
    return claims


async def save(instance: Instance, claim: NoticeClaim, **changes: Any) -> None:
    """Write a notice."""
    async with instance.store.work() as work:
        await work.notices.save([evolve(claim, notice=evolve(claim.notice, **changes))])
        await work.commit()


async def undelivered(instance: Instance, *, limit: int = 100) -> Sequence[Notice]:
    """What waits or was given up."""
    async with instance.store.view() as view:
        return await view.notices.undelivered(limit=limit)


async def last_delivered(instance: Instance, channel: str, cause: str) -> datetime | None:
    """When that was."""
    async with instance.store.view() as view:
        return await view.notices.last_delivered(channel, cause)


async def test_an_event_has_a_notice_for_each_of_its_addresses(one: Instance) -> None:
    await fail(one, 7)
    found = await undelivered(one)
    assert {notice.channel for notice in found} == {"mail", "chat"}
    assert {(notice.event, notice.due_at, notice.attempts) for notice in found} == {
        (JobFailed(at=AT, job_id=JobId(7), reason="404"), AT, 0)
    }


async def test_what_was_undone_is_told_to_nobody(one: Instance) -> None:
    async with one.store.work() as work:
        await work.history.add([JobFailed(at=AT, job_id=JobId(7), reason="404")])
    assert list(await undelivered(one)) == []


async def test_notices_belong_to_their_events_whatever_is_told_with_them(one: Instance) -> None:
    await fail(one, *range(1, 40))
    claims = await claim(one, "mail")
    assert [notice.notice.event.job_id for notice in claims] == list(range(1, 40))


async def test_a_notice_is_taken_by_one_instance(one: Instance, other: Instance) -> None:
    await fail(one, 1, 2, 3)
    first, rest = await claim(one, "mail", limit=2), await claim(other, "mail")
    assert [c.notice.event.job_id for c in first] == [1, 2]
    assert [c.notice.event.job_id for c in rest] == [3]
    assert list(await claim(one, "mail")) == []


async def test_only_the_channels_asked_for_are_taken(one: Instance) -> None:
    await fail(one, 1)
    assert [c.notice.channel for c in await claim(one, "chat")] == ["chat"]
    assert list(await claim(one)) == []


async def test_nothing_is_taken_before_it_is_due(one: Instance) -> None:
    await fail(one, 1)
    (mine,) = await claim(one, "mail")
    await save(one, mine, due_at=later(5), attempts=1, last_error="500", cause="x")
    assert list(await claim(one, "mail")) == []
    await one.clock.advance(5 * MINUTE)
    (again,) = await claim(one, "mail")
    assert (again.notice.attempts, again.notice.last_error, again.notice.cause) == (1, "500", "x")


async def test_a_lease_that_ran_out_lets_another_take_over_and_the_late_one_writes_nothing(
    one: Instance, other: Instance
) -> None:
    await fail(one, 1)
    (lost,) = await claim(one, "mail")
    await one.clock.advance(LEASE)
    (taken,) = await claim(other, "mail")
    await save(one, lost, due_at=None, delivered_at=AT)
    assert len(await undelivered(one)) == 2
    await save(other, taken, due_at=None, delivered_at=AT)
    assert [notice.channel for notice in await undelivered(one)] == ["chat"]


async def test_what_was_given_up_is_shown_and_never_taken(one: Instance) -> None:
    await fail(one, 1)
    (mine,) = await claim(one, "mail")
    await save(one, mine, due_at=None, attempts=30, last_error="down")
    await one.clock.advance(LEASE)
    assert list(await claim(one, "mail")) == []
    (given_up,) = [notice for notice in await undelivered(one) if notice.channel == "mail"]
    assert (given_up.given_up, given_up.last_error) == (True, "down")


async def test_the_latest_are_shown_first(one: Instance) -> None:
    await fail(one, 1, 2, 3)
    assert [notice.event.job_id for notice in await undelivered(one, limit=3)] == [3, 3, 2]


async def test_a_cause_remembers_when_it_was_last_told(one: Instance) -> None:
    await fail(one, 1, 2)
    first, second = await claim(one, "mail")
    await save(one, first, due_at=None, delivered_at=later(1), cause="key")
    await save(one, second, due_at=None, delivered_at=later(2), cause="key")
    assert await last_delivered(one, "mail", "key") == later(2)
    assert await last_delivered(one, "chat", "key") is None
