"""teckochecker doctor: what is set up, what is not, and the cure for it."""

from __future__ import annotations

import os
import platform
import stat
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from attrs import asdict, frozen
from rich.text import Text

from teckochecker.domain.errors import TeckoCheckerError
from teckochecker.domain.findings import Level
from teckochecker.domain.secret import Secret, SecretType
from teckochecker.domain.values import StackUrl
from teckochecker.entrypoints.cli.answer import Answer
from teckochecker.entrypoints.cli.options import Flag
from teckochecker.entrypoints.cli.place import database_file, dotenv, parts, settings
from teckochecker.entrypoints.cli.screen import Screen, plain
from teckochecker.entrypoints.settings import Settings, SettingsError

if TYPE_CHECKING:
    from teckochecker.entrypoints.container import Container

_SIGNS: Final = {"ok": ("✓", "OK", "green"), "note": ("·", "--", "dim"), "fault": ("✗", "FAULT", "red")}
_MAIN: Final = ("key", "token")
_STATES: Final[dict[Level, Literal["ok", "note", "fault"]]] = {
    Level.FINE: "ok",
    Level.WARNING: "note",
    Level.UNCHECKED: "note",
    Level.ERROR: "fault",
}


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
        Ask OpenAI and Keboola too, changing nothing: whether they take the stored secrets, what these may do, and which
        settings their answers bear out
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


def valueless(secrets: Sequence[Secret]) -> Iterator[Finding]:
    """The secrets that came without their values."""
    for secret in (one for one in secrets if one.empty):
        cure = f"give it one with: teckochecker secret replace '{plain(secret.name)}'"
        yield Finding(f"Secret '{plain(secret.name)}'", "fault", f"came without its value; {cure}")


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
                yield Finding("Key and secrets", "ok", "the key opens every stored value")
                for finding in valueless(secrets):
                    yield finding
                opening = [one for one in secrets if one.type is not SecretType.WEBHOOK and not one.empty]
                for secret in opening if live else ():
                    async with aclosing(_asked(container, secret)) as told:
                        async for one in told:
                            yield one
    except TeckoCheckerError as error:
        yield Finding("Database and secrets", "fault", plain(str(error)))


async def _asked(container: Container, secret: Secret) -> AsyncGenerator[Finding]:
    """What the service says of a secret. A service that does not answer is no fault of the secret."""
    name = f"Secret '{plain(secret.name)}'"
    credential = container.cipher().open(secret.sealed, secret.type)
    inquiry = container.inquiry()
    if secret.type is SecretType.OPENAI:
        found = inquiry.openai(credential, secret.base_url)
    elif secret.base_url:
        found = inquiry.keboola(credential, StackUrl.trusted(secret.base_url))
    else:
        yield Finding(name, "note", "is bound to no stack yet, so it cannot be asked about; its first run binds it")
        return
    async with aclosing(found):
        async for one in found:
            about = name if one.about in _MAIN else f"{name}, {one.about}"
            says = f"could not be checked: {one.says}" if one.level is Level.UNCHECKED else one.says
            cure = f"; teckochecker secret replace {secret.name}" if one.level is Level.ERROR else ""
            yield Finding(about, _STATES[one.level], plain(says + cure))


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
