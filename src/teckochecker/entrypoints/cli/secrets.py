"""teckochecker secret …: values come from a hidden prompt or standard input, never from an argument."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from teckochecker.application.errors import SecretNotFound
from teckochecker.domain.secret import Secret, SecretType
from teckochecker.domain.values import checked_name
from teckochecker.entrypoints.cli.answer import Answer
from teckochecker.entrypoints.cli.asking import confirm, secret_value
from teckochecker.entrypoints.cli.box import Section
from teckochecker.entrypoints.cli.options import Flag
from teckochecker.entrypoints.cli.place import library, settings
from teckochecker.entrypoints.cli.screen import Screen, plain
from teckochecker.entrypoints.wire import secret_body, secrets_body


async def add(*, name: str, type: Literal["openai", "keboola", "webhook"], base_url: str | None = None) -> Answer:
    """Store a secret; its value is asked for, or read from standard input.

    Parameters
    ----------
    name
        A name to call it by
    type
        Which service it opens; webhook: what OpenAI signs its webhooks with
    base_url
        The only address it is sent to: an OpenAI-compatible service, or the Keboola stack
    """
    settings().keys()
    checked_name(name, "secret name")
    value = secret_value()
    async with library() as checker:
        secret = await checker.secrets.add(name, SecretType(type), value, base_url=base_url)
    sentence = f"Secret '{plain(secret.name)}' added successfully (ID: {secret.id})"
    return Answer(secret_body(secret), lambda screen: screen.done(sentence))


async def show_all() -> Answer:
    """List the stored secrets, without their values."""
    async with library() as checker:
        secrets = await checker.secrets.all()
    return Answer(secrets_body(secrets), lambda screen: _table(screen, secrets))


async def replace(name: str, /) -> Answer:
    """Give a secret a new value; what waited for it goes on.

    Parameters
    ----------
    name
        The secret's name
    """
    settings().keys()
    async with library() as checker:
        _known(await checker.secrets.all(), name)
    value = secret_value()
    async with library() as checker:
        secret = await checker.secrets.replace(name, value)
    sentence = f"Secret '{plain(secret.name)}' has a new value"
    return Answer(secret_body(secret), lambda screen: screen.done(sentence))


async def rotate() -> Answer:
    """Seal all values again under the first key of SECRET_KEY."""
    settings().keys()
    async with library() as checker:
        total = len(await checker.secrets.all())
        changed = await checker.secrets.rotate()
    sentence = f"{changed} of {total} secrets sealed again under the first key"
    return Answer({"changed": changed, "total": total}, lambda screen: screen.done(sentence))


async def delete(name: str, /, *, force: Flag = False) -> Answer:
    """Delete a secret that no unfinished job needs.

    Parameters
    ----------
    name
        The secret's name
    force
        Do not ask; a secret that is used stays all the same
    """
    async with library() as checker:
        shown = plain(_known(await checker.secrets.all(), name).name)
    confirm(f"Are you sure you want to delete secret '{shown}'?", force=force)
    async with library() as checker:
        await checker.secrets.delete(name)
    body = {"message": f"Secret '{shown}' deleted successfully", "success": True}
    return Answer(body, lambda screen: screen.done("Secret deleted successfully"))


def _known(secrets: Sequence[Secret], name: str) -> Secret:
    for secret in secrets:
        if secret.name == name:
            return secret
    raise SecretNotFound.named(name)


def _table(screen: Screen, secrets: Sequence[Secret]) -> None:
    if not secrets:
        screen.say("No secrets yet; add one with: teckochecker secret add --name openai-prod --type openai")
        return
    for secret in secrets:
        if secret.held_reason:
            cure = f"teckochecker secret replace {plain(secret.name)}"
            screen.say(f"Secret '{plain(secret.name)}' is refused: {plain(secret.held_reason)}; {cure}", "dark_orange")
    screen.box(
        Section(
            "Stored Secrets",
            [
                (str(secret.id), plain(secret.name), secret.type.value, screen.time(secret.created_at))
                for secret in secrets
            ],
            ("ID", "Name", "Type", f"Created At ({screen.zone_name})"),
        )
    )
