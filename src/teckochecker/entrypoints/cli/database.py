"""teckochecker db schema and check."""

from __future__ import annotations

from datetime import UTC, datetime

from teckochecker.application.errors import WrongKey
from teckochecker.entrypoints.cli.answer import Answer
from teckochecker.entrypoints.cli.doctor import Finding, answer, valueless
from teckochecker.entrypoints.cli.place import parts, settings
from teckochecker.entrypoints.cli.screen import plain


async def schema() -> Answer:
    """Show the tables of the database, as it spells them."""
    from teckochecker.adapters.sql.schema import schema_text

    text = schema_text(settings().database_url)
    return Answer({"schema": text}, lambda screen: screen.say(text.rstrip().expandtabs(4)))


async def check() -> Answer:
    """Check pages, schema, leases, what belongs to what, and that SECRET_KEY opens every secret.

    Exit code 1 if something is at fault.
    """
    from teckochecker.adapters.sql.soundness import examine

    known = settings()
    async with parts() as container:
        said = await examine(container.engine(), at=datetime.now(UTC))
        findings = [Finding(name, "fault" if wrong else "ok", plain(wrong or "sound")) for name, wrong in said]
        if known.secret_key:
            try:
                await container.secrets().check()
                findings.append(Finding("Secrets", "ok", "the key opens every one"))
                findings += valueless(await container.secrets().all())
            except WrongKey as wrong:
                findings.append(Finding("Secrets", "fault", plain(str(wrong))))
        else:
            findings.append(Finding("Secrets", "note", "SECRET_KEY is not set, so it was not tried on them"))
    return answer(findings)
