"""What `teckochecker status` tells of services and jobs that are in the database."""

from __future__ import annotations

import os
import socket
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

from teckochecker.adapters.processes import born
from tests.doors.cli.daemons import rows
from tests.doors.cli.desk import Call
from tests.doors.cli.shell import TARGET, Shell

TOLD = '{"watching": "on", "checks": 7, "lateness": 0.0, "turned_at": null}'


def run_here(shell: Shell, *addresses: str | None) -> None:
    """Services that are alive as far as the database and this machine know: this test's own process."""
    now = datetime.now(UTC)
    with closing(sqlite3.connect(shell.folder / "teckochecker.db", isolation_level=None)) as database:
        for number, address in enumerate(addresses):
            since, seen = (f"{moment:%Y-%m-%d %H:%M:%S.%f+00:00}" for moment in (now - timedelta(hours=2), now))
            told = (
                f"{address}-{number}",
                socket.gethostname(),
                os.getpid(),
                born(os.getpid()),
                address,
                "1.0.0",
                since,
                seen,
            )
            database.execute("INSERT INTO services VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)", (*told, TOLD))


def test_jobs_that_completed_with_failures_count_as_completed(call: Call, shell: Shell) -> None:
    for batch in ("batch_1", "batch_2", "batch_3"):
        call("job", "create", "--name", "x", "--batch-id", batch, *TARGET)
    with closing(sqlite3.connect(shell.folder / "teckochecker.db", isolation_level=None)) as database:
        for id, status in ((1, "completed"), (2, "completed_with_failures"), (3, "failed")):
            database.execute("UPDATE jobs SET status = ?, next_check_at = NULL WHERE id = ?", (status, id))
    counted = call("status", "--json").body
    assert (counted["active_jobs"], counted["completed_jobs"], counted["failed_jobs"]) == (0, 2, 1)


def test_several_services_are_told_one_by_one_and_one_alone_is_not(call: Call, shell: Shell) -> None:
    run_here(shell, "http://0.0.0.0:8000")
    one = call("status")
    assert (one.code, rows(one)["API Server"]) == (0, "http://127.0.0.1:8000")
    assert rows(one)["Uptime"].startswith("2 hours")
    assert "Instances" not in one.out
    run_here(shell, None)
    several = call("status").out
    assert "Instances" in several
    lines = [[cell.strip() for cell in line.split("│")] for line in several.splitlines()]
    told = [cells[3] for cells in lines if len(cells) == 7 and cells[1] == socket.gethostname()]
    assert sorted(told) == ["-", "http://127.0.0.1:8000"]


def test_a_service_that_does_not_keep_up_or_is_about_to_end_is_told_as_that(call: Call, shell: Shell) -> None:
    run_here(shell, "http://127.0.0.1:8000")
    assert "Watching" not in rows(call("status"))
    with closing(sqlite3.connect(shell.folder / "teckochecker.db", isolation_level=None)) as database:
        told = TOLD.replace('"on"', '"behind"').replace('"lateness": 0.0', '"lateness": 180.0')
        database.execute("UPDATE services SET told = ?", (told,))
        assert rows(call("status"))["Watching"] == "behind by 3 minutes"
        database.execute("UPDATE services SET stop_asked_at = seen_at")
    assert rows(call("status"))["Service"] == "🟡 Stopping"


def test_a_daemon_cannot_start_anew_after_each_change(call: Call) -> None:
    done = call("start", "--daemon", "--reload")
    assert (done.code, "--reload is for the foreground; leave out --daemon" in done.err) == (2, True)
