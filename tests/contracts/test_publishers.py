"""The contract of EventPublisher, and what its streams promise."""

from __future__ import annotations

import asyncio

import pytest

from teckochecker.adapters.publisher import Missed, Publisher
from teckochecker.domain.events import Event, JobPaused
from teckochecker.domain.values import JobId
from tests.builders import AT

FIRST, SECOND, THIRD = (JobPaused(at=AT, job_id=JobId(number)) for number in (1, 2, 3))


def strict(error: Exception, event: Event) -> None:
    raise AssertionError(f"{event} met {error!r}")


async def test_every_subscriber_is_told_every_event_in_order() -> None:
    publisher = Publisher(strict)
    one: list[Event] = []
    other: list[Event] = []
    publisher.add(one.append)
    publisher.add(other.append)
    publisher.publish([FIRST, SECOND])
    publisher.publish([THIRD])
    assert one == other == [FIRST, SECOND, THIRD]


async def test_a_subscriber_that_was_removed_is_told_no_more() -> None:
    publisher = Publisher(strict)
    told: list[Event] = []
    publisher.add(told.append)
    publisher.publish([FIRST])
    publisher.remove(told.append)
    publisher.publish([SECOND])
    assert told == [FIRST]


async def test_a_subscriber_that_fails_is_reported_and_harms_nobody() -> None:
    reported: list[tuple[str, Event]] = []
    told: list[Event] = []

    def fails(event: Event) -> None:
        raise LookupError("no such page")

    publisher = Publisher(lambda error, event: reported.append((str(error), event)))
    publisher.add(fails)
    publisher.add(told.append)
    publisher.publish([FIRST, SECOND])
    assert told == [FIRST, SECOND]
    assert reported == [("no such page", FIRST), ("no such page", SECOND)]


async def test_a_subscriber_may_leave_while_it_is_told() -> None:
    publisher = Publisher(strict)
    told: list[Event] = []

    def once(event: Event) -> None:
        told.append(event)
        publisher.remove(once)

    publisher.add(once)
    publisher.publish([FIRST, SECOND])
    assert told == [FIRST]


async def test_the_end_of_the_process_is_no_fault_of_a_subscriber() -> None:
    def dies(event: Event) -> None:
        raise KeyboardInterrupt

    publisher = Publisher(strict)
    publisher.add(dies)
    with pytest.raises(KeyboardInterrupt):
        publisher.publish([FIRST])


async def test_a_stream_gives_what_happens_while_it_is_open() -> None:
    publisher = Publisher(strict)
    publisher.publish([FIRST])
    with publisher.subscribe() as stream:
        publisher.publish([SECOND, THIRD])
    publisher.publish([FIRST])
    assert [event async for event in stream] == [SECOND, THIRD]


async def test_a_reader_that_waits_gets_an_event_as_it_comes() -> None:
    publisher = Publisher(strict)
    with publisher.subscribe() as stream:
        waiting = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        assert not waiting.done()
        publisher.publish([FIRST])
        assert await waiting == FIRST


async def test_a_reader_that_waits_is_told_of_the_end() -> None:
    publisher = Publisher(strict)

    async def read() -> list[Event | Missed]:
        return [event async for event in stream]

    with publisher.subscribe() as stream:
        waiting = asyncio.create_task(read())
        await asyncio.sleep(0)
    assert await waiting == []


async def test_a_slow_reader_is_told_how_much_it_has_missed() -> None:
    publisher = Publisher(strict)
    with publisher.subscribe(limit=2) as stream:
        publisher.publish([FIRST, FIRST, FIRST, SECOND, THIRD])
    assert [event async for event in stream] == [Missed(3), SECOND, THIRD]


async def test_what_was_missed_is_told_once() -> None:
    publisher = Publisher(strict)
    with publisher.subscribe(limit=1) as stream:
        publisher.publish([FIRST, SECOND])
        assert [await anext(stream), await anext(stream)] == [Missed(1), SECOND]
        publisher.publish([THIRD])
        assert await anext(stream) == THIRD


async def test_one_slow_reader_does_not_slow_another() -> None:
    publisher = Publisher(strict)
    with publisher.subscribe(limit=1) as slow, publisher.subscribe() as quick:
        publisher.publish([FIRST, SECOND])
    assert [event async for event in quick] == [FIRST, SECOND]
    assert [event async for event in slow] == [Missed(1), SECOND]
