from __future__ import annotations

import pytest

from teckochecker.application.errors import SecretExists, SecretInUse, SecretNotFound, WrongKey
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.secret import Credential, SecretType
from teckochecker.domain.status import JobStatus
from tests.unit.application.app import App


async def test_a_name_is_taken_once(app: App) -> None:
    with pytest.raises(SecretExists, match="openai"):
        await app.secrets.add("openai", SecretType.OPENAI, Credential("sk-other"))


async def test_secrets_are_listed_without_their_values(app: App) -> None:
    shown = repr(await app.secrets.all())
    assert "openai" in shown
    assert "sk-first" not in shown


async def test_a_secret_is_used_by_the_jobs_that_are_not_finished(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    await app.a_job("batch_2", status=BatchStatus.COMPLETED)
    assert await app.secrets.users() == {1: 2, 2: 2}
    await app.run()
    assert await app.secrets.users() == {1: 1, 2: 1}


@pytest.mark.parametrize("address", ["http://openai.example/v1", "https://me:secret@openai.example/v1", "https://a\0b"])
async def test_an_address_of_a_secret_is_https_without_a_user(app: App, address: str) -> None:
    with pytest.raises(InvalidValue, match="give an https:// address") as refused:
        await app.secrets.add("other", SecretType.OPENAI, Credential("sk-x"), base_url=address)
    assert "secret@" not in str(refused.value)


async def test_an_address_of_a_secret_is_kept(app: App) -> None:
    secret = await app.secrets.add(
        "azure", SecretType.OPENAI, Credential("sk-x"), base_url="https://res.openai.azure.com/openai/v1/"
    )
    assert secret.base_url == "https://res.openai.azure.com/openai/v1"


async def test_the_operators_own_address_passes(app: App) -> None:
    secret = await app.secrets.add("same", SecretType.OPENAI, Credential("sk-x"), base_url="https://api.openai.com/v1")
    assert secret.base_url == "https://api.openai.com/v1"


async def test_a_keboola_secret_takes_a_stack_alone(app: App) -> None:
    with pytest.raises(InvalidValue, match="Invalid Keboola stack URL"):
        await app.secrets.add("k", SecretType.KEBOOLA, Credential("1-2"), base_url="https://evil.example")


async def test_a_replaced_openai_key_frees_its_jobs_at_once(app: App) -> None:
    await app.a_job(status=BatchStatus.IN_PROGRESS)
    app.batches.revoke("sk-first")
    await app.run()
    assert (await app.job()).held_reason == "OpenAI refuses this key (401)"
    await app.secrets.replace("openai", Credential("sk-second"))
    await app.run()
    view = await app.job()
    assert (view.held_reason, view.job.batches[0].status) == (None, "in_progress")
    assert app.kinds("CredentialHeld", "CredentialReleased") == ["CredentialHeld", "CredentialReleased"]


async def test_a_replaced_keboola_token_sends_what_waited_for_it(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    app.keboola.revoke("901-first")
    await app.run()
    assert (await app.job()).held_reason == "Keboola refuses this token (401)"
    await app.secrets.replace("keboola", Credential("901-second"))
    await app.run()
    assert (await app.job()).job.status is JobStatus.COMPLETED


async def test_a_secret_in_use_cannot_be_deleted(app: App) -> None:
    await app.a_job(name="Needs it")
    with pytest.raises(SecretInUse, match="'Needs it'"):
        await app.secrets.delete("openai")


async def test_deleting_a_secret_keeps_the_finished_jobs_and_their_history(app: App) -> None:
    await app.a_job(status=BatchStatus.COMPLETED)
    await app.run()
    await app.secrets.delete("openai")
    view = await app.job()
    assert (view.job.openai_secret_id, view.job.openai_secret_name) == (None, "openai")
    assert await app.jobs.history(1)


async def test_an_unknown_secret_cannot_be_deleted(app: App) -> None:
    with pytest.raises(SecretNotFound, match="Secret not found: 'nobody'"):
        await app.secrets.delete("nobody")


async def test_rotation_seals_everything_under_the_first_key(app: App) -> None:
    app.cipher.key, app.cipher.others = "two", ("one",)
    assert await app.secrets.rotate() == 2
    assert await app.secrets.rotate() == 0
    app.cipher.others = ()
    await app.secrets.check()


async def test_a_lost_key_is_said_and_costs_the_values_only(app: App) -> None:
    app.cipher.key = "new"
    with pytest.raises(WrongKey, match="SECRET_KEY"):
        await app.secrets.check()
    with pytest.raises(WrongKey):
        await app.secrets.rotate()
    await app.secrets.replace("openai", Credential("sk-again"))
    await app.secrets.delete("keboola")
    await app.secrets.check()


async def test_a_secret_goes_by_its_id_as_well_as_by_its_name(app: App) -> None:
    known = await app.secrets.get("openai")
    assert await app.secrets.get(known.id) == known
    replaced = await app.secrets.replace(known.id, Credential("sk-second"))
    assert (replaced.id, replaced.version) == (known.id, 2)
    await app.secrets.delete(known.id)
    with pytest.raises(SecretNotFound, match=f"Secret with ID {known.id} not found"):
        await app.secrets.get(known.id)
