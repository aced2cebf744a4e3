"""The file of an SQLite database: its owner's alone, and never made or harmed by mistake."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from teckochecker.adapters.clock import SystemClock
from teckochecker.adapters.sql.engine import open_engine
from teckochecker.adapters.sql.file import mounted_alone
from teckochecker.adapters.sql.migrations import upgrade
from teckochecker.adapters.sql.wakeups import SqlWakeups
from teckochecker.application.errors import StorageUnavailable
from teckochecker.application.ports import Store
from teckochecker.domain.events import JobFailed
from teckochecker.domain.secret import Sealed, SecretType
from teckochecker.domain.values import JobId
from tests.adapters.sql.stores import add_secret, names, opened, store_on
from tests.builders import AT


@pytest.fixture
def generous() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


async def test_the_files_are_their_owners_alone_from_the_start(generous: None, engine: AsyncEngine, file: Path) -> None:
    await add_secret(store_on(engine))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert modes == {file.name: 0o600, f"{file.name}-wal": 0o600, f"{file.name}-shm": 0o600}


async def test_only_an_upgrade_makes_the_file(address: str, file: Path) -> None:
    async with opened(address) as store:
        with pytest.raises(StorageUnavailable, match=r"There is no TeckoChecker database at .* yet"):
            await names(store)
    assert not file.exists()


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/missing/teckochecker.db")
    with pytest.raises(StorageUnavailable, match=r"The folder .*/missing of the database does not exist"):
        await upgrade(engine)


async def test_a_path_may_hold_any_sign(tmp_path: Path) -> None:
    file = tmp_path / "a b#c.db"
    engine = open_engine(f"sqlite:///{file}")
    assert await upgrade(engine)
    await engine.dispose()
    assert file.exists()


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(address: str, file: Path) -> None:
    file.write_text("my holiday plans, which are longer than the head of a database file: the sea, the hills\n" * 20)
    before = file.read_bytes()
    engine = open_engine(address)
    with pytest.raises(StorageUnavailable, match="is not a database; name another file in DATABASE_URL"):
        await upgrade(engine)
    await engine.dispose()
    assert file.read_bytes() == before


async def test_the_database_of_another_program_is_refused(address: str, file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE polling_jobs (id INTEGER PRIMARY KEY)")
    connection.close()
    engine = open_engine(address)
    with pytest.raises(StorageUnavailable, match="holds tables of another program \\(polling_jobs\\)"):
        await upgrade(engine)
    await engine.dispose()


async def test_a_newer_database_is_refused(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageUnavailable, match=r"newer version .* \(schema 9999\); upgrade TeckoChecker"):
        await upgrade(engine)


async def test_an_empty_file_is_no_database_yet(address: str, file: Path) -> None:
    file.touch()
    async with opened(address) as store:
        with pytest.raises(StorageUnavailable, match="make it with `teckochecker init`"):
            await names(store)


async def test_a_full_disk_is_told_and_undoes_the_work(engine: AsyncEngine, address: str) -> None:
    await add_secret(store_on(engine), "first")
    small = open_engine(address)
    sa.event.listen(small.sync_engine, "connect", lambda raw, _: raw.cursor().execute("PRAGMA max_page_count = 80"))
    with pytest.raises(StorageUnavailable, match=r"The disk of the database .* is full; make room"):
        await _add_many(store_on(small))
    await small.dispose()
    assert await names(store_on(engine)) == ["first"]


async def _add_many(store: Store) -> None:
    async with store.work() as work:
        for number in range(100):
            sealed = Sealed("x" * 9999)
            await work.secrets.add(
                name=f"secret {number}", type=SecretType.KEBOOLA, sealed=sealed, base_url=None, at=AT
            )
        await work.commit()


async def test_a_busy_database_is_told_after_the_wait(engine: AsyncEngine, address: str) -> None:
    async with opened(address, busy=timedelta(milliseconds=50)) as other, store_on(engine).work():
        with pytest.raises(StorageUnavailable, match=r"is busy: another process keeps it to itself; try again"):
            await add_secret(other)
        assert await names(other) == []
    await add_secret(store_on(engine))


MOUNTED = r"63 43 254:0 /data/teckochecker.db {file} rw,relatime - ext4 /dev/vda rw"


def mounts(folder: Path, *files: Path) -> Path:
    """What Linux would tell of these files, mounted one by one into a container."""
    told = folder / "mountinfo"
    lines = [MOUNTED.format(file=str(file).replace(" ", r"\040")) for file in files]
    told.write_text("\n".join(["27 1 254:0 / / rw,relatime - ext4 /dev/vda rw", "", *lines, ""]))
    return told


def test_a_file_that_is_mounted_alone_is_told_from_one_in_a_mounted_folder(tmp_path: Path) -> None:
    file = tmp_path / "a b.db"
    assert mounted_alone(file, mounts(tmp_path, file))
    assert not mounted_alone(file, mounts(tmp_path, tmp_path))
    assert not mounted_alone(file, tmp_path / "not Linux")


async def test_a_file_mounted_alone_holds_every_commit_itself(engine: AsyncEngine, file: Path, tmp_path: Path) -> None:
    await add_secret(store_on(engine), "before")
    await engine.dispose()
    contained = open_engine(f"sqlite:///{file}", mounts=mounts(tmp_path, file))
    await add_secret(store_on(contained), "first")
    async with contained.connect() as connection:
        assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one() == "delete"
    alone = tmp_path / "what the container leaves.db"
    alone.write_bytes(file.read_bytes())
    async with opened(f"sqlite:///{alone}") as left:
        assert await names(left) == ["before", "first"]
    await contained.dispose()


async def test_the_host_meets_the_container_on_the_file_itself(engine: AsyncEngine, file: Path, tmp_path: Path) -> None:
    await engine.dispose()
    contained = open_engine(f"sqlite:///{file}", mounts=mounts(tmp_path, file))
    await add_secret(store_on(contained), "by the container")
    async with opened(f"sqlite:///{file}", busy=timedelta(milliseconds=50)) as host:
        await add_secret(host, "by the host")
        async with store_on(contained).work() as work:
            await work.secrets.all(lock=True)
            with pytest.raises(StorageUnavailable, match="is busy"):
                await add_secret(host, "never")
        assert await names(store_on(contained)) == ["by the container", "by the host"]
    assert not file.with_name(f"{file.name}-wal").exists()
    await contained.dispose()


async def test_what_is_written_ahead_takes_no_more_room_than_a_few_commits(engine: AsyncEngine, file: Path) -> None:
    store = store_on(engine)
    async with SqlWakeups(engine, SystemClock()):  # looks into the file all the time, as a service does
        for number in range(40):
            async with store.work() as work:
                await work.history.add([JobFailed(at=AT, job_id=JobId(number), reason="x" * 400_000)])
                await work.commit()
    written = file.stat().st_size
    assert written > 15_000_000
    assert file.with_name(f"{file.name}-wal").stat().st_size < written / 2
