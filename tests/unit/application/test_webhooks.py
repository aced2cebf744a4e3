from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from teckochecker.application.errors import NotSigned, ValueOfOtherType
from teckochecker.application.webhooks import Webhooks
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.secret import Sealed, SecretType
from teckochecker.domain.webhook import Delivery
from tests.unit.application.app import App
from tests.webhooks import SIGNING, a_body, signed

SECOND = timedelta(seconds=1)


def webhooks(app: App) -> Webhooks:
    return Webhooks(store=app.store, cipher=app.cipher)


async def deliver(app: App, body: bytes, name: str = "hook", at: timedelta = timedelta(0)) -> int:
    headers = signed(body, app.clock.now() + at)
    told = {part.removeprefix("webhook-"): value for part, value in headers.items()}
    return await webhooks(app).take(name, Delivery(**told, body=body))


@pytest.fixture
async def hooked(app: App) -> App:
    """An application that knows OpenAI's signature, with a job that was just looked at in vain."""
    await app.secrets.add("hook", "webhook", SIGNING)
    await app.a_job("batch_1")
    await app.run()
    return app


async def test_an_end_that_openai_tells_of_is_looked_at_at_once(hooked: App) -> None:
    await hooked.advance(SECOND * 10)
    hooked.batches.put("batch_1", BatchStatus.COMPLETED)
    assert await deliver(hooked, a_body("batch_1")) == 1
    await hooked.run()
    assert (await hooked.job()).job.batches[0].status == BatchStatus.COMPLETED
    assert len(hooked.keboola.runs) == 1


async def test_its_word_alone_ends_nothing(hooked: App) -> None:
    await hooked.advance(SECOND * 10)
    await deliver(hooked, a_body("batch_1"))
    await hooked.run()
    assert not (await hooked.job()).job.batches[0].ended


async def test_however_often_it_tells_a_batch_is_looked_at_every_five_seconds(hooked: App) -> None:
    before = hooked.looks("batch_1")
    for _ in range(30):
        await deliver(hooked, a_body("batch_1"))
        await hooked.advance(SECOND)
    assert 5 <= hooked.looks("batch_1") - before <= 6


async def test_word_of_other_things_is_taken_and_changes_nothing(hooked: App) -> None:
    for body in (a_body("batch_elsewhere"), a_body("batch_1", "response.completed"), b"no json"):
        assert await deliver(hooked, body) == 0


@pytest.mark.parametrize("name", ["nobody", "openai", "broken"])
async def test_a_name_that_no_webhook_has_is_like_a_wrong_signature(hooked: App, name: str) -> None:
    await hooked.secrets.add("broken", "webhook", SIGNING)
    async with hooked.store.work() as work:
        broken = await work.secrets.named("broken", lock=True)
        await work.secrets.save(broken.replaced(Sealed("lost|webhook|"), at=hooked.clock.now()))
        await work.commit()
    with pytest.raises(NotSigned) as unknown:
        await deliver(hooked, a_body("batch_1"), name)
    with pytest.raises(NotSigned) as late:
        await deliver(hooked, a_body("batch_1"), at=timedelta(minutes=6))
    assert str(unknown.value) == str(late.value)


async def test_what_nobody_signed_waits_for_no_turn_to_write(hooked: App) -> None:
    async with hooked.store.work():
        with pytest.raises(NotSigned):
            await asyncio.wait_for(deliver(hooked, a_body("batch_1"), "nobody"), 5)


async def test_a_webhooks_secret_has_a_name_for_its_address_and_openais_form(app: App) -> None:
    for name, value, address in (
        ("my hook", SIGNING, None),
        ("hook", "sk-key", None),
        ("hook", SIGNING, "https://a.b"),
    ):
        with pytest.raises(InvalidValue):
            await app.secrets.add(name, SecretType.WEBHOOK, value, base_url=address)
    await app.secrets.add("hook", SecretType.WEBHOOK, SIGNING)
    with pytest.raises(ValueOfOtherType, match="begins with 'whsec_'"):
        await app.secrets.replace("hook", "sk-key")
