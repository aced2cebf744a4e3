"""teckochecker db schema."""

from __future__ import annotations

from teckochecker.entrypoints.cli.answer import Answer
from teckochecker.entrypoints.cli.place import settings


async def schema() -> Answer:
    """Show the tables of the database, as it spells them."""
    from teckochecker.adapters.sql.schema import schema_text

    text = schema_text(settings().database_url)
    return Answer({"schema": text}, lambda screen: screen.say(text.rstrip().expandtabs(4)))
