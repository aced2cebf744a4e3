"""A database as a whole: backed up while it is used, restored and copied between both kinds, whole or not at all."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import stat
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from attrs import evolve
from sqlalchemy.ext.asyncio import AsyncEngine

from teckochecker.adapters.clock import ManualClock, SystemClock
from teckochecker.adapters.sql.backup import back_up, copy, read_backup, restore, rows_of
from teckochecker.adapters.sql.engine import open_engine
from teckochecker.adapters.sql.migrations import upgrade
from teckochecker.adapters.sql.soundness import examine
from teckochecker.adapters.sql.tables import metadata
from teckochecker.adapters.sql.wakeups import SqlWakeups
from teckochecker.application.errors import Conflict, StorageUnavailable
from teckochecker.domain.events import CredentialReleased
from teckochecker.domain.secret import SecretType
from tests.adapters.sql.stores import add_secret, names, store_on
from tests.builders import AT, HOUR, a_run, some_batches
from tests.contracts.instances import LEASE, Instance
from tests.databases import postgresql_server

Open = Callable[[str], AsyncEngine]
NOW = datetime.now(UTC)
_LEASES = [
    sa.select(table.c.owner, table.c.until, table.c.epoch).where(table.c.epoch > 0)
    for table in (metadata.tables["poll_groups"], metadata.tables["triggers"])
]


def on_sqlite(folder: Path, name: str) -> str:
    return f"sqlite:///{folder / name}.db"


def on_postgresql(folder: Path, name: str) -> str:
    return postgresql_server().database()


KINDS = [on_sqlite, on_postgresql]


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncGenerator[Callable[[Any, str], Any]]:
    async with AsyncExitStack() as stack:

        async def open_one(kind: Callable[[Path, str], str], name: str) -> AsyncEngine:
            engine = open_engine(kind(tmp_path, name))
            stack.push_async_callback(engine.dispose)
            await upgrade(engine)
            return engine

        yield open_one


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
async def engine(request: pytest.FixtureRequest, opened: Any) -> AsyncEngine:
    return await opened(request.param, "ours")  # type: ignore[no-any-return]


@pytest.fixture(params=KINDS, ids=lambda kind: f"to_{kind.__name__}")
async def other(request: pytest.FixtureRequest, opened: Any) -> AsyncEngine:
    return await opened(request.param, "other")  # type: ignore[no-any-return]


def an_instance(engine: AsyncEngine) -> Instance:
    return Instance("one", ManualClock(AT), store_on(engine), SqlWakeups(engine, SystemClock()))


async def fill(engine: AsyncEngine) -> Instance:
    """A bit of everything, with a trigger in hand, and numbers given out beyond those that are left."""
    one = an_instance(engine)
    job = await one.add_job(status="triggering", batches=some_batches("completed", "expired"), name="Größe ✓")
    trigger = await one.add_trigger(job=job)
    await one.save_trigger(evolve(trigger, runs=(a_run(of=trigger),), run_id="1001", kills=frozenset({"1002"})))
    await one.add_job(due=AT + timedelta(days=9999))
    async with one.store.work() as work:
        await work.jobs.next_id()
        await work.history.add([CredentialReleased(at=AT, secret="openai")])
        await work.commit()
    return one


async def contents(engine: AsyncEngine) -> dict[str, list[Any]]:
    """Every row of every table, but for what is of the one database alone."""
    async with engine.connect() as connection:
        return {
            table.name: sorted(
                (
                    {name: value for name, value in row.items() if name not in ("doubted_since", "owner", "until")}
                    for row in (await connection.execute(sa.select(table))).mappings()
                ),
                key=str,
            )
            for table in metadata.sorted_tables
        }


async def test_a_backup_restores_into_either_kind_with_every_row(
    engine: AsyncEngine, other: AsyncEngine, tmp_path: Path
) -> None:
    await fill(engine)
    file = tmp_path / "backup"
    held = await back_up(engine, file)
    assert (held["jobs"], held["triggers"], held["runs"]) == (2, 1, 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes()[18:20] == b"\1\1"  # no journal written ahead, which would need files beside it
    await add_secret(store_on(other), "replaced by the backup")
    async with read_backup(file) as saved:
        assert await restore(saved, other, at=NOW) == held
    assert await contents(other) == await contents(engine)


async def test_a_copy_goes_on_with_the_numbers_given_out(engine: AsyncEngine, other: AsyncEngine) -> None:
    one = await fill(engine)
    gone = await one.add_secret("gone", SecretType.KEBOOLA)
    async with engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM secrets WHERE name = 'gone'"))
    await copy(engine, other, at=NOW)
    assert await contents(other) == await contents(engine)
    two = an_instance(other)
    assert (await two.add_job()).id == (await one.add_job()).id == 4
    assert (await two.add_secret("new")).id == gone.id + 1


async def test_what_was_in_hand_is_nobodys_in_a_copy(opened: Any) -> None:
    ours, theirs = await opened(on_sqlite, "ours"), await opened(on_sqlite, "theirs")
    one = await fill(ours)
    await one.add_job()
    await one.claim_triggers()
    await one.claim_groups()
    async with ours.connect() as connection:
        held = [(await connection.execute(statement)).all() for statement in _LEASES]
    assert [[row[0] for row in rows] for rows in held] == [["one"], ["one"]]
    await copy(ours, theirs, at=NOW + HOUR)
    async with theirs.connect() as connection:
        free = [(await connection.execute(statement)).all() for statement in _LEASES]
    assert free == [[(None, None, row[2]) for row in rows] for rows in held]
    (claim,) = await an_instance(theirs).claim_triggers()
    assert claim.epoch == held[1][0][2] + 1


async def test_a_copy_needs_an_empty_place(engine: AsyncEngine, other: AsyncEngine) -> None:
    await fill(engine)
    await add_secret(store_on(other), "mine")
    with pytest.raises(Conflict, match=r"^(sqlite:///|postgresql://).* is not empty; name an empty database"):
        await copy(engine, other, at=NOW)
    assert await names(store_on(other)) == ["mine"]


async def seen(engine: AsyncEngine, at: datetime) -> None:
    """A service was on this database at that time."""
    row = {"owner": "one", "host": "h", "pid": 1, "version": "1", "started_at": at, "seen_at": at, "told": {}}
    async with engine.begin() as connection:
        await connection.execute(sa.insert(metadata.tables["services"]).values(row))


@pytest.mark.parametrize("busy", ["ours", "theirs"])
async def test_nothing_is_copied_while_a_service_is_at_work_on_either(opened: Any, busy: str) -> None:
    known = {name: await opened(on_sqlite, name) for name in ("ours", "theirs")}
    await fill(known["ours"])
    await seen(known[busy], NOW)
    with pytest.raises(Conflict, match=rf"A service is at work on .*{busy}\.db; stop it first"):
        await copy(known["ours"], known["theirs"], at=NOW)


async def test_a_service_that_died_stays_behind_when_its_database_is_copied(opened: Any) -> None:
    ours, theirs = await opened(on_sqlite, "ours"), await opened(on_sqlite, "theirs")
    await fill(ours)
    await seen(ours, NOW - timedelta(hours=1))
    assert (await copy(ours, theirs, at=NOW))["services"] == 0


async def test_nothing_is_replaced_under_a_service_at_work(engine: AsyncEngine, tmp_path: Path) -> None:
    one = await fill(engine)
    await back_up(engine, tmp_path / "backup")
    claim = await one.claim_triggers()
    if engine.dialect.name == "sqlite":
        async with engine.begin() as connection:
            await connection.execute(sa.update(metadata.tables["triggers"]).values(until=NOW + LEASE))
    async with read_backup(tmp_path / "backup") as saved:
        with pytest.raises(Conflict, match=r"A service is at work on .*; stop it first"):
            await restore(saved, engine, at=NOW)
    assert claim[0].owner == "one"


async def test_every_restored_job_is_in_doubt(engine: AsyncEngine, tmp_path: Path) -> None:
    one = await fill(engine)
    await back_up(engine, tmp_path / "backup")
    async with read_backup(tmp_path / "backup") as saved:
        await restore(saved, engine, at=NOW)
    async with one.store.view() as view:
        assert [job.doubted_since for job in await view.jobs.get_many([1, 2])] == [AT, AT]  # type: ignore[list-item]


async def test_ids_of_what_came_after_the_backup_are_not_used_again(engine: AsyncEngine, tmp_path: Path) -> None:
    one = await fill(engine)
    await back_up(engine, tmp_path / "backup")
    lost = await one.add_job()
    async with read_backup(tmp_path / "backup") as saved:
        await restore(saved, engine, at=NOW)
    assert (await one.add_job()).id > lost.id


async def test_a_restore_that_fails_leaves_all_as_it_was(engine: AsyncEngine, tmp_path: Path) -> None:
    await fill(engine)
    await back_up(engine, tmp_path / "backup")
    before = await contents(engine)
    async with read_backup(tmp_path / "backup") as saved:
        async with saved.begin() as connection:
            await connection.exec_driver_sql("DROP TABLE sessions")  # one of the last to be read
        with pytest.raises(StorageUnavailable):
            await restore(saved, engine, at=NOW)
    assert await contents(engine) == before


async def test_a_backup_takes_no_other_files_place_and_leaves_nothing_beside(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    await back_up(engine, folder / "one")
    with pytest.raises(Conflict, match="is there already; name another file"):
        await back_up(engine, folder / "one")
    with pytest.raises(StorageUnavailable, match="cannot be written: No such file or directory"):
        await back_up(engine, folder / "missing" / "one")
    assert [file.name for file in folder.iterdir()] == ["one"]


@pytest.mark.parametrize("beside", ["-wal", "-shm", "-journal"])
async def test_a_backup_is_not_laid_beside_what_another_file_of_its_name_left(
    opened: Any, tmp_path: Path, beside: str
) -> None:
    """SQLite would take it for changes of the backup."""
    engine = await opened(on_sqlite, "ours")
    left = tmp_path / f"backup{beside}"
    left.write_bytes(b"left")
    with pytest.raises(Conflict, match=f"{left} is there already; name another file"):
        await back_up(engine, tmp_path / "backup")
    assert (left.read_bytes(), (tmp_path / "backup").exists()) == (b"left", False)


async def test_a_copied_database_is_restored_with_what_was_written_ahead_and_stays_as_it_is(
    opened: Any, tmp_path: Path
) -> None:
    ours, theirs = await opened(on_sqlite, "ours"), await opened(on_sqlite, "theirs")
    await fill(ours)
    (folder := tmp_path / "copied").mkdir()
    for part in ("ours.db", "ours.db-wal"):
        shutil.copy(tmp_path / part, folder)
    before = [(folder / part).read_bytes() for part in ("ours.db", "ours.db-wal")]
    assert before[1]
    async with read_backup(folder / "ours.db") as saved:
        await restore(saved, theirs, at=NOW)
    assert await contents(theirs) == await contents(ours)
    assert [(folder / part).read_bytes() for part in ("ours.db", "ours.db-wal")] == before


async def test_a_backup_made_under_writers_is_of_one_moment(engine: AsyncEngine, tmp_path: Path) -> None:
    store = store_on(engine)

    async def write() -> None:
        for number in range(60):
            async with store.work() as work:  # two events in each transaction
                await work.history.add([CredentialReleased(at=AT, secret=f"{number}")] * 2)
                await work.commit()

    writing = asyncio.create_task(write())
    counted = []
    for number in range(3):
        await asyncio.sleep(0.02)
        counted.append((await back_up(engine, tmp_path / f"backup {number}"))["events"])
    await writing
    assert all(count % 2 == 0 for count in counted)
    assert counted == sorted(counted)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda file: file.unlink(), "there is no such file"),
        (lambda file: file.write_text("my holiday plans\n" * 99), "file is not a database"),
        (lambda file: _damage(file), "is no sound backup"),
        (lambda file: _said(file, "DROP TABLE alembic_version"), "it holds no TeckoChecker tables"),
        (lambda file: _said(file, "UPDATE alembic_version SET version_num = '9999'"), "newer version"),
        (lambda file: _said(file, "DELETE FROM secrets"), "rows of .* belong to nothing"),
    ],
    ids=["missing", "text", "damaged", "another program's", "newer", "torn"],
)
async def test_what_is_no_sound_backup_is_refused(
    opened: Any, tmp_path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    engine = await opened(on_sqlite, "ours")
    await fill(engine)
    file = tmp_path / "backup"
    await back_up(engine, file)
    spoil(file)
    with pytest.raises(StorageUnavailable, match=sentence):
        async with read_backup(file):
            pass


def _damage(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[4096 * 3 : 4096 * 9] = b"\xff" * 4096 * 6
    file.write_bytes(data)


_OFF_ITS_RULES = """PRAGMA writable_schema=ON;
    UPDATE sqlite_master SET sql = replace(sql, 'owner TEXT', 'owner TEXT NOT NULL')
    WHERE name = 'triggers'"""


def _said(file: Path, statements: str) -> None:
    with sqlite3.connect(file) as connection:
        connection.executescript(statements)
    connection.close()


async def test_a_sound_database_is_found_sound(engine: AsyncEngine) -> None:
    await fill(engine)
    assert [wrong for _, wrong in await examine(engine, at=NOW) if wrong] == []


@pytest.mark.parametrize(
    ("change", "name", "sentence"),
    [
        ("DELETE FROM poll_groups", "Poll groups", "openai: these secrets have no poll group"),
        ("DELETE FROM triggers", "Triggering jobs", "1: these jobs wait for a run that nobody starts"),
        ("UPDATE jobs SET openai_secret_id = NULL", "Watched jobs", "2: these jobs have no OpenAI secret"),
        ("UPDATE triggers SET due_at = NULL", "Triggers", "1: the runs of these jobs are open"),
        ("UPDATE triggers SET owner = 'x', until = '2999-01-01 00:00:00.000000+00:00'", "Leases", "1 end more than an"),
        ("ALTER TABLE runs DROP COLUMN link", "Schema", "misses runs.link"),
    ],
)
async def test_what_is_not_sound_is_named(engine: AsyncEngine, change: str, name: str, sentence: str) -> None:
    await fill(engine)
    async with engine.begin() as connection:
        await connection.execute(sa.text(change))
    found = dict(await examine(engine, at=NOW))
    assert (found[name] or "").startswith(sentence)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda file: _said(file, "DELETE FROM secrets"), "rows of .* belong to nothing; restore a backup"),
        (lambda file: _said(file, _OFF_ITS_RULES), "damaged: NULL value in triggers.owner; stop the service .*"),
    ],
    ids=["torn", "damaged"],
)
async def test_a_torn_or_damaged_file_is_named(
    opened: Any, tmp_path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    engine = await opened(on_sqlite, "ours")
    await fill(engine)
    await back_up(engine, file := tmp_path / "spoilt")
    spoil(file)
    spoilt = open_engine(f"sqlite:///{file}")
    try:
        pages = dict(await examine(spoilt, at=NOW))["Pages"]
    finally:
        await spoilt.dispose()
    assert re.fullmatch(sentence, pages or "")


async def test_rows_are_counted(engine: AsyncEngine) -> None:
    await fill(engine)
    assert (await rows_of(engine))["secrets"] == 2
