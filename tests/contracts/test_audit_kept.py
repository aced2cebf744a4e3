"""The contract of AuditTrail: who did what is kept with the change, and only when the change is."""

from __future__ import annotations

from typing import Any

from teckochecker.application.actor import Actor
from teckochecker.application.ports import AuditEntry, AuditPage, AuditQuery
from teckochecker.domain.role import Role
from tests.builders import AT
from tests.contracts.instances import Instance, later

ANNA = Actor(name="anna", role=Role.OPERATOR, peer="10.0.0.7", request_id="r-1")
ROOT = Actor(name="root", peer="command line")


async def write(instance: Instance, *notes: tuple[Actor, str, str]) -> None:
    """Write entries in one unit of work."""
    async with instance.store.work() as work:
        for actor, action, subject in notes:
            await work.audit.add(actor, action, subject, before=None, after={"name": "ž", "ids": ["1"]}, at=AT)
        await work.commit()


async def read(instance: Instance, query: AuditQuery | None = None) -> AuditPage:
    """A page of the trail."""
    async with instance.store.view() as view:
        return await view.audit.find(query or AuditQuery())


async def subjects(instance: Instance, **query: Any) -> list[str]:
    """What a page is about."""
    return [entry.subject for entry in (await read(instance, AuditQuery(**query))).entries]


async def test_an_entry_is_read_back_as_it_was_written(one: Instance, other: Instance) -> None:
    async with one.store.work() as work:
        await work.audit.add(ANNA, "job.edit", "job 7", before={"n": 1}, after={"n": None, "x": ["ž"]}, at=later(1))
        await work.commit()
    (entry,) = (await read(other)).entries
    assert entry == AuditEntry(
        id=entry.id,
        at=later(1),
        actor=ANNA,
        action="job.edit",
        subject="job 7",
        before={"n": 1},
        after={"n": None, "x": ["ž"]},
    )


async def test_what_was_undone_was_never_written(one: Instance) -> None:
    async with one.store.work() as work:
        await work.audit.add(ANNA, "job.pause", "job 1", before=None, after=None, at=AT)
    assert await read(one) == AuditPage(entries=(), total=0, more=False)


async def test_pages_are_newest_first_and_follow_one_another(one: Instance) -> None:
    await write(one, *[(ANNA, "job.pause", f"job {number}") for number in range(5)])
    first = await read(one, AuditQuery(limit=2))
    assert ([entry.subject for entry in first.entries], first.total, first.more) == (["job 4", "job 3"], 5, True)
    rest = await read(one, AuditQuery(limit=3, after=first.entries[-1].id))
    assert ([entry.subject for entry in rest.entries], rest.total, rest.more) == (["job 2", "job 1", "job 0"], 5, False)


async def test_entries_are_found_by_who_what_and_to_what(one: Instance) -> None:
    await write(
        one,
        (ANNA, "job.create", "job 1"),
        (ROOT, "job.pause", "job 1"),
        (ROOT, "secret.add", "secret a_b"),
        (ROOT, "secret.add", "secret axb"),
    )
    assert await subjects(one, actor="anna") == ["job 1"]
    assert await subjects(one, action="job.") == ["job 1", "job 1"]
    assert await subjects(one, action="SECRET") == ["secret axb", "secret a_b"]
    assert await subjects(one, action="secret_") == []
    assert await subjects(one, subject="secret a_b") == ["secret a_b"]
    assert await subjects(one, actor="root", subject="job 1", action="job.pause") == ["job 1"]
    assert (await read(one, AuditQuery(actor="nobody"))).total == 0


async def test_an_entry_alone_wakes_who_waits_for_changes(one: Instance, other: Instance) -> None:
    other.wakeups.signal.clear()
    await write(one, (ANNA, "job.pause", "job 1"))
    assert one.wakeups.signal.is_set()
