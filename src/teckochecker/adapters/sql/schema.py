"""The schema as text, for people."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from teckochecker.adapters.sql.engine import database_url
from teckochecker.adapters.sql.tables import metadata


def schema_text(text: str) -> str:
    """The CREATE statements of this program's tables, as the database of this address spells them."""
    dialect: sa.Dialect = database_url(text).get_dialect()()
    made: list[CreateTable | CreateIndex] = []
    for table in metadata.sorted_tables:
        made.append(CreateTable(table))
        made += [CreateIndex(index) for index in sorted(table.indexes, key=lambda index: str(index.name))]
    return "\n\n".join(f"{str(one.compile(dialect=dialect)).strip()};" for one in made) + "\n"
