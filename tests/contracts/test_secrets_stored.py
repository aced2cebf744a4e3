"""The contract of SecretRepository."""

from __future__ import annotations

import pytest

from teckochecker.application.errors import SecretExists, SecretNotFound
from teckochecker.domain.secret import Sealed, Secret, SecretId, SecretType
from tests.builders import AT, a_project
from tests.contracts.instances import Instance, later


async def change(instance: Instance, changed: Secret) -> Secret:
    """Read a secret locked and write it."""
    async with instance.store.work() as work:
        await work.secrets.get(changed.id, lock=True)
        await work.secrets.save(changed)
        await work.commit()
    async with instance.store.view() as view:
        return await view.secrets.get(changed.id)


async def delete(instance: Instance, secret: Secret) -> None:
    """Remove a secret."""
    async with instance.store.work() as work:
        await work.secrets.delete(secret.id)
        await work.commit()


async def test_a_secret_is_read_back_as_it_was_stored(one: Instance, other: Instance) -> None:
    async with one.store.work() as work:
        secret = await work.secrets.add(
            name="Můj klíč",
            type=SecretType.KEBOOLA,
            sealed=Sealed("s1"),
            base_url="https://connection.keboola.com",
            at=AT,
        )
        await work.commit()
    assert (secret.name, secret.type, secret.sealed, secret.created_at) == ("Můj klíč", SecretType.KEBOOLA, "s1", AT)
    async with other.store.view() as view:
        assert await view.secrets.named("Můj klíč") == secret
        assert await view.secrets.get(secret.id) == secret


async def test_a_saved_secret_replaces_the_stored_one(one: Instance) -> None:
    secret = await one.add_secret("keboola", SecretType.KEBOOLA)
    held = secret.replaced(Sealed("s2"), at=later(1)).held("401", at=later(2))
    assert await change(one, held) == held


async def test_the_project_of_a_secret_is_kept(one: Instance) -> None:
    secret = await one.add_secret("keboola", SecretType.KEBOOLA)
    known = Secret(
        id=secret.id,
        name=secret.name,
        type=secret.type,
        sealed=secret.sealed,
        created_at=secret.created_at,
        project=a_project(),
    )
    assert (await change(one, known)).project == a_project()


async def test_two_secrets_cannot_have_one_name(one: Instance, other: Instance) -> None:
    await one.add_secret("key")
    with pytest.raises(SecretExists, match="key"):
        await other.add_secret("key", SecretType.KEBOOLA)


async def test_a_name_is_free_again_once_its_secret_is_deleted(one: Instance) -> None:
    first = await one.add_secret("key")
    await delete(one, first)
    assert (await one.add_secret("key")).id != first.id


async def test_a_secret_that_is_not_there_is_not_found(one: Instance) -> None:
    await one.add_secret("key")
    async with one.store.view() as view:
        with pytest.raises(SecretNotFound):
            await view.secrets.get(SecretId(99))
        with pytest.raises(SecretNotFound, match="Key"):
            await view.secrets.named("Key")


async def test_all_secrets_come_in_the_order_of_their_ids(one: Instance) -> None:
    added = [await one.add_secret(name) for name in ("b", "a", "c")]
    async with one.store.view() as view:
        assert list(await view.secrets.all()) == added


async def test_jobs_of_a_deleted_secret_keep_its_name(one: Instance) -> None:
    job = await one.add_job(status="completed")
    await delete(one, await one.secret("openai"))
    await delete(one, await one.secret("keboola", SecretType.KEBOOLA))
    kept = await one.job(job.id)
    assert (kept.openai_secret_id, kept.openai_secret_name) == (None, "openai")
    assert (kept.keboola_secret_id, kept.keboola_secret_name) == (None, "keboola")


async def test_a_trigger_forgets_the_id_of_a_deleted_secret(one: Instance) -> None:
    trigger = await one.add_trigger()
    await delete(one, await one.secret("keboola", SecretType.KEBOOLA))
    assert (await one.trigger(trigger)).secret_id is None


async def test_deleting_a_secret_leaves_the_others_and_their_groups_alone(one: Instance) -> None:
    await one.add_job()
    spare = await one.add_secret("spare")
    await delete(one, spare)
    claim = await one.claim_group()
    assert claim.secret_id == (await one.secret()).id
