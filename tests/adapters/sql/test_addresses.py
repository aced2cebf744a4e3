"""DATABASE_URL as people write it."""

from __future__ import annotations

import pytest

from teckochecker.adapters.sql.engine import database_url, open_engine
from teckochecker.application.errors import StorageUnavailable
from teckochecker.domain.errors import InvalidValue
from tests.adapters.sql.stores import names, opened


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:///teckochecker.db", "sqlite+aiosqlite"),
        (" sqlite:////var/lib/teckochecker.db\n", "sqlite+aiosqlite"),
        ("postgresql://user:password@db/teckochecker?sslmode=require", "postgresql+psycopg"),
        ("postgres://user@db/teckochecker", "postgresql+psycopg"),
        ("postgresql+psycopg2://user@db/teckochecker", "postgresql+psycopg"),
    ],
)
def test_each_usual_spelling_finds_its_driver(given: str, driver: str) -> None:
    assert database_url(given).drivername == driver


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("teckochecker.db", "is no database address"),
        ("mysql://user:hush@db/teckochecker", "begins with 'mysql', which is not supported"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_what_cannot_be_used_is_refused_without_telling_passwords(given: str, sentence: str) -> None:
    with pytest.raises(InvalidValue, match=sentence) as refused:
        database_url(given)
    assert "hush" not in str(refused.value)
    assert refused.value.field == "DATABASE_URL"


async def test_opening_asks_nobody() -> None:
    engine = open_engine("postgresql://user:password@192.0.2.1/teckochecker")
    assert engine.url.host == "192.0.2.1"
    assert "password" not in str(engine.url)
    await engine.dispose()


async def test_a_server_that_does_not_answer_is_told_without_its_password() -> None:
    async with opened("postgresql://user:hush@127.0.0.1:1/teckochecker") as store:
        with pytest.raises(StorageUnavailable, match="The database does not answer") as told:
            await names(store)
    assert "127.0.0.1, database teckochecker" in str(told.value)
    assert "hush" not in str(told.value)
