"""teckochecker doctor: what is set up, what is not, and the cure for it."""

from __future__ import annotations

import os
import platform
import stat
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final, Literal

from attrs import asdict, frozen
from rich.text import Text

from teckochecker.application.errors import CredentialRejected, GatewayError
from teckochecker.domain.batch import BatchMissing, LookUpFailed
from teckochecker.domain.errors import InvalidValue, TeckoCheckerError
from teckochecker.domain.secret import Secret, SecretType
from teckochecker.domain.values import BatchId, StackUrl
from teckochecker.entrypoints.cli.answer import Answer
from teckochecker.entrypoints.cli.options import Flag
from teckochecker.entrypoints.cli.place import database_file, dotenv, parts, settings
from teckochecker.entrypoints.cli.screen import Screen, plain
from teckochecker.entrypoints.settings import Settings, SettingsError

_SIGNS: Final = {"ok": ("✓", "OK", "green"), "note": ("·", "--", "dim"), "fault": ("✗", "FAULT", "red")}
_NOBODYS: Final = BatchId("batch_doctor_asks_whether_this_key_works")


@frozen
class Finding:
    """One thing that was looked at, and what to do where it is at fault."""

    name: str
    state: Literal["ok", "note", "fault"]
    detail: str


async def doctor(*, live: Flag = False) -> Answer:
    """Check settings, key, database and files. Exit code 1 if something is at fault.

    Parameters
    ----------
    live
        Ask OpenAI and Keboola too whether they take the stored secrets
    """
    findings = [Finding("Python", "ok", platform.python_version()), *_env_file()]
    try:
        known = settings()
    except SettingsError as error:
        findings += [Finding("Settings", "fault", fault) for fault in error.faults]
    else:
        findings.append(Finding("Settings", "ok", "every one can be read"))
        findings += [*_key(known), *_files(known)]
        findings += [one async for one in _database(known, live=live)]
    return answer(findings)


def answer(findings: Sequence[Finding]) -> Answer:
    """What was found, and exit code 1 if something is at fault."""
    good = not any(finding.state == "fault" for finding in findings)
    body = {"ok": good, "checks": [asdict(finding) for finding in findings]}
    return Answer(body, lambda screen: _show(screen, findings, good=good), 0 if good else 1)


def _env_file() -> Iterator[Finding]:
    file = dotenv()
    if not file.exists():
        yield Finding(".env", "note", f"there is none in {file.parent}; the environment and the defaults are used")
    else:
        yield _private(".env", file)


def _key(known: Settings) -> Iterator[Finding]:
    try:
        known.keys()
    except SettingsError as error:
        yield Finding("SECRET_KEY", "fault", str(error))
    else:
        yield Finding("SECRET_KEY", "ok", "is set")


def _files(known: Settings) -> Iterator[Finding]:
    if known.log_file:
        if os.access(known.log_file if known.log_file.exists() else known.log_file.parent, os.W_OK):
            yield Finding("Log file", "ok", str(known.log_file))
        else:
            yield Finding("Log file", "fault", f"{known.log_file} cannot be written; look at the rights of its folder")


async def _database(known: Settings, *, live: bool) -> AsyncGenerator[Finding]:
    file = database_file(known)
    if file and not file.exists():
        yield Finding("Database", "fault", f"{file} does not exist yet; make it with: teckochecker init")
        return
    try:
        async with parts() as container:
            secrets = await container.secrets().all()
            yield Finding("Database", "ok", plain(known.database_shown))
            if file:
                yield _private("Database file", file)
            yield Finding("Secrets", "ok" if secrets else "note", f"{len(secrets)} stored")
            if secrets and known.secret_key:
                await container.secrets().check()
                yield Finding("Key and secrets", "ok", "the key opens every secret")
                for secret in secrets if live else ():
                    yield await _asked(container, secret)
    except TeckoCheckerError as error:
        yield Finding("Database and secrets", "fault", plain(str(error)))


async def _asked(container: Any, secret: Secret) -> Finding:
    """What the service says of a secret. A service that does not answer is no fault of the secret."""
    name = f"Secret '{plain(secret.name)}'"
    credential = container.cipher().open(secret.sealed, secret.type)
    if secret.type is SecretType.KEBOOLA and not secret.base_url:
        return Finding(name, "note", "is bound to no stack yet, so it cannot be asked about; its first run binds it")
    try:
        if secret.type is SecretType.KEBOOLA:
            project = await container.workflows().identify(StackUrl.trusted(secret.base_url or ""), credential)
            return Finding(name, "ok", f"Keboola takes it: project {plain(project.name)}")
        answers = container.batches().look_up({_NOBODYS: None}, credential, base_url=secret.base_url)
        async with aclosing(answers):
            async for portion in answers:
                return _judged(name, portion[0])
    except CredentialRejected as error:
        return Finding(name, "fault", f"{plain(str(error))}; teckochecker secret replace {plain(secret.name)}")
    except (GatewayError, InvalidValue) as error:
        return Finding(name, "note", f"could not be checked: {plain(str(error))}")
    return Finding(name, "note", "could not be checked: no answer")


def _judged(name: str, answer: Any) -> Finding:
    match answer:
        case LookUpFailed(credential_rejected=True):
            return Finding(name, "fault", f"OpenAI refuses it: {plain(answer.error)}")
        case LookUpFailed():
            return Finding(name, "note", f"could not be checked: {plain(answer.error)}")
        case BatchMissing() | _:
            return Finding(name, "ok", "OpenAI takes it")


def _private(name: str, file: Path) -> Finding:
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        return Finding(name, "fault", f"{file} can be read by others ({mode:o}); cure: chmod 600 {file}")
    return Finding(name, "ok", f"{file} is for its owner alone")


def _show(screen: Screen, findings: Sequence[Finding], *, good: bool) -> None:
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        sign, word, style = _SIGNS[finding.state]
        screen.say(Text.assemble((screen.sign(sign, f"{word:5}"), style), f" {finding.name:{width}}  {finding.detail}"))
    if good:
        screen.done("Everything is in order")
    else:
        screen.say("Something is at fault; the lines above say what helps", "red")
