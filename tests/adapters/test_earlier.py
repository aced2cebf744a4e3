"""The earlier version's file, read as it is and never touched."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import pytest

from teckochecker.adapters.cipher import EarlierKey, new_key
from teckochecker.adapters.earlier import earlier_database
from teckochecker.application.earlier import EarlierBatch
from teckochecker.application.errors import Conflict, StorageUnavailable, WrongKey
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.secret import Sealed, SecretType
from tests.earlier import AT, KEY, EarlierFile, sealed, with_secrets

THEN = datetime(2025, 10, 24, 8, 30, 0, 123456, tzinfo=UTC)


def test_secrets_jobs_batches_and_histories_are_read(tmp_path: Path) -> None:
    file = with_secrets(tmp_path / "old.db")
    file.job(
        *("batch_1", ("batch_2", "completed")),
        logs=[("checking", "one"), ("error", "No answer"), ("error", "401")],
        last_check_at=AT,
        poll_interval_seconds="often",
    )
    file.connection.execute("UPDATE job_batches SET completed_at = created_at WHERE batch_id = 'batch_2'")
    with earlier_database(file.close()) as earlier:
        assert [(secret.id, secret.name, secret.type) for secret in earlier.secrets] == [
            (1, "openai-prod", "openai"),
            (2, "keboola-prod", "keboola"),
        ]
        job = earlier.jobs[0]
        assert job.batches == (
            EarlierBatch(id="batch_1", status="in_progress"),
            EarlierBatch(id="batch_2", status="completed", ended_at=THEN),
        )
        assert (job.last_check_at, job.interval_s) == (THEN, 0)
        assert (job.mark, job.last_error, job.started_at) == (f"1 {AT}", "401", None)
        assert [entry.told for portion in earlier.entries for entry in portion] == [
            "checking: one",
            "error: No answer",
            "error: 401",
        ]


@pytest.mark.parametrize("written", ["2025-10-24 08:30:00", "2025-10-24 08:30:00+00:00", "2025-10-24T10:30:00+02:00"])
def test_times_are_utc_with_and_without_their_zone(tmp_path: Path, written: str) -> None:
    file = with_secrets(tmp_path / "old.db")
    file.job("batch_1", created_at=written, completed_at="some day")
    with earlier_database(file.close()) as earlier:
        assert earlier.jobs[0].created_at == datetime(2025, 10, 24, 8, 30, tzinfo=UTC)
        assert earlier.jobs[0].completed_at is None


@pytest.mark.parametrize("word", ["keboola_triggered", "triggered"])
def test_a_history_that_tells_of_a_run_is_told(tmp_path: Path, word: str) -> None:
    file = with_secrets(tmp_path / "old.db")
    file.job("batch_1", logs=[("checking", "one"), (word, "Action: keboola_triggered, Result: 17")])
    with earlier_database(file.close()) as earlier:
        assert earlier.jobs[0].started_at == THEN


def test_a_file_that_is_written_ahead_is_read_whole_and_left_as_it_is(tmp_path: Path) -> None:
    file = with_secrets(tmp_path / "old.db", journal="WAL")
    file.job("batch_1")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert before["old.db-wal"]
    with earlier_database(file.path) as earlier:
        assert len(earlier.jobs) == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    file.close()


@contextmanager
def meanwhile(path: Path, change: Callable[[sqlite3.Connection], object]) -> Iterator[None]:
    """Another program changes something again and again."""
    enough = Event()

    def work() -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            while not enough.is_set():
                change(connection)

    working = Thread(target=work)
    working.start()
    try:
        yield
    finally:
        enough.set()
        working.join()


def refused_as_written_to(path: Path) -> bool:
    try:
        with earlier_database(path):
            return False
    except Conflict as conflict:
        return str(conflict) == f"{path} is being written to; stop the earlier version first"


@pytest.mark.parametrize("journal", ["MEMORY", "WAL"])
def test_a_file_that_is_written_to_while_it_is_copied_is_refused(tmp_path: Path, journal: str) -> None:
    file = with_secrets(tmp_path / "old.db", journal=journal)
    file.job("batch_1", logs=[("checking", "x" * 50_000)] * 100)
    change = "UPDATE polling_logs SET created_at = random() WHERE id IN (1, 100)"
    with meanwhile(file.path, lambda connection: connection.execute(change)):
        assert any(refused_as_written_to(file.path) for _ in range(500))  # the writer has to get its turn
    with earlier_database(file.close()) as earlier:
        assert len(earlier.jobs) == 1


def test_a_journal_that_goes_while_it_is_copied_is_a_write_too(tmp_path: Path) -> None:
    path = with_secrets(tmp_path / "old.db").close()
    journal = tmp_path / "old.db-journal"

    def write(_: sqlite3.Connection) -> None:
        journal.touch()
        journal.unlink()

    with meanwhile(path, write):
        assert any(refused_as_written_to(path) for _ in range(5000))


def test_what_was_not_committed_is_taken_back(tmp_path: Path) -> None:
    file = with_secrets(tmp_path / "old.db")
    file.job("batch_1", logs=[("error", "401" + " " * 3000)] * 50)
    file.connection.executescript("PRAGMA cache_size=1; BEGIN; UPDATE polling_logs SET message = 'half written'")
    assert b"half written" in file.path.read_bytes()
    with earlier_database(file.path) as earlier:
        assert {entry.told.strip() for portion in earlier.entries for entry in portion} == {"error: 401"}
    file.close()


def test_a_file_in_a_folder_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    path = with_secrets(folder / "old.db").close()
    path.chmod(0o400)
    folder.chmod(0o500)
    with earlier_database(path) as earlier:
        assert len(earlier.secrets) == 2
    folder.chmod(0o700)


def test_what_is_no_such_database_is_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("nothing of the kind")
    for name, change in (
        ("single", "DROP TABLE job_batches"),
        ("bare", "DROP TABLE job_batches; DROP TABLE polling_jobs"),
        ("new", "DROP TABLE polling_jobs; CREATE TABLE alembic_version (v)"),
        ("older", "ALTER TABLE polling_jobs DROP COLUMN poll_interval_seconds"),
        ("foreign", "DROP TABLE secrets; CREATE TABLE secrets (key, value)"),
    ):
        file = EarlierFile(tmp_path / name)
        file.connection.executescript(change)
        file.close()
    for name, reason in (
        ("nothing", "there is no such file"),
        ("text", "file is not a database"),
        ("single", "run that version's scripts/migrate_to_multibatch.py on a copy first"),
        ("bare", "it has no table job_batches"),
        ("new", "it is of this version already"),
        ("older", "its table polling_jobs has no column poll_interval_seconds: it is of an older version"),
        ("foreign", "its table secrets has no column id: it is of an older version, or of another program"),
    ):
        with pytest.raises(StorageUnavailable, match=reason), earlier_database(tmp_path / name):
            pass


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = with_secrets(tmp_path / "old.db").close()
    raw = bytearray(path.read_bytes())
    raw[4096:12288] = b"\xff" * 8192
    path.write_bytes(raw)
    with pytest.raises(StorageUnavailable, match=r"old\.db cannot be imported"), earlier_database(path):
        pass


def test_a_file_that_breaks_its_own_rules_is_refused(tmp_path: Path) -> None:
    file = with_secrets(tmp_path / "old.db")
    file.job("batch_1")
    file.connection.executescript("""PRAGMA writable_schema=ON;
        UPDATE sqlite_master SET sql = replace(sql, 'last_check_at DATETIME', 'last_check_at DATETIME NOT NULL')""")
    wrong = r"it is damaged \(NULL value in polling_jobs.last_check_at\)"
    with pytest.raises(StorageUnavailable, match=wrong), earlier_database(file.close()):
        pass


@pytest.mark.parametrize("hashed", [True, False])
def test_both_forms_of_the_earlier_key_open(hashed: bool) -> None:
    key = new_key()
    token = Sealed(sealed("sk-1", key, hashed=hashed))
    assert EarlierKey(key).open(token, SecretType.OPENAI).reveal() == "sk-1"


def test_any_text_may_have_been_the_earlier_key_and_it_never_shows() -> None:
    assert EarlierKey(KEY).open(Sealed(sealed("sk-1")), SecretType.OPENAI).reveal() == "sk-1"
    assert KEY not in repr(EarlierKey(KEY))
    with pytest.raises(WrongKey, match="does not open the openai secret"):
        EarlierKey("another").open(Sealed(sealed("sk-1")), SecretType.OPENAI)
    with pytest.raises(InvalidValue):
        EarlierKey(KEY).open(Sealed(sealed("with a line\nbreak")), SecretType.OPENAI)
