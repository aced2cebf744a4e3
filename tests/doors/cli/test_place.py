"""What is said about the place that the database is in."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from teckochecker.entrypoints.cli.place import mount_advice
from teckochecker.entrypoints.settings import Settings
from tests.doors.cli.shell import Shell, clean
from tests.processes import watch_over


def on(address: str, folder: Path) -> Settings:
    return Settings.load({"DATABASE_URL": address}, folder / ".env")


@pytest.mark.parametrize(("mounted", "advised"), [("data/jobs.db", True), ("data", False)])
def test_who_mounts_the_database_file_alone_is_advised_to_mount_its_folder(
    tmp_path: Path, mounted: str, advised: bool
) -> None:
    file = tmp_path / "data" / "jobs.db"
    told = tmp_path / "mountinfo"
    told.write_text(f"63 43 254:0 /jobs {tmp_path / mounted} rw,relatime - ext4 /dev/vda rw\n")
    advice = f"{file} is mounted by itself; mount its folder instead, so that SQLite can keep its files together"
    assert mount_advice(on(f"sqlite:///{file}", tmp_path), told) == (advice if advised else None)


def test_a_database_on_a_server_has_no_file_to_be_mounted(tmp_path: Path) -> None:
    assert mount_advice(on("postgresql://somebody@localhost/jobs", tmp_path)) is None


COMMAND = """
import sys
from pathlib import Path
from teckochecker.adapters.sql import file
file.MOUNTS = Path("mountinfo")
from teckochecker.entrypoints.cli.app import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("words", "how"), [(("run",), signal.SIGTERM), (("start", "--port", "0"), signal.SIGINT)], ids=["run", "start"]
)
def test_run_and_start_give_that_advice(shell: Shell, words: tuple[str, ...], how: signal.Signals) -> None:
    file = shell.folder / "teckochecker.db"
    (shell.folder / "mountinfo").write_text(f"63 43 254:0 /t.db {file} rw,relatime - ext4 /dev/vda rw\n")
    command = [sys.executable, "-c", COMMAND, *words]
    process = subprocess.Popen(
        command, cwd=shell.folder, env=clean({}), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    watch_over(process.pid)
    assert process.stdout is not None
    advice = f"{file} is mounted by itself; mount its folder instead"
    assert any(advice in line for line in iter(process.stdout.readline, ""))
    process.send_signal(how)
    process.communicate(timeout=30)
    assert process.returncode == 0


REMEMBERING = """
import sys
from teckochecker.entrypoints.cli.app import main
code = main(sys.argv[1:])
print("migrations are" if "alembic" in sys.modules else "nothing is", "kept in memory")
sys.exit(code)
"""


def test_a_service_keeps_nothing_of_what_made_its_database(shell: Shell) -> None:
    assert shell.run("init", "--create-env").code == 0
    (shell.folder / "teckochecker.db").unlink()
    command = [sys.executable, "-c", REMEMBERING, "start", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=shell.folder, env=clean({}), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    watch_over(process.pid)
    with process:
        assert process.stdout is not None
        assert "TeckoChecker runs at" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read().endswith("nothing is kept in memory\n")
    assert (process.returncode, shell.run("doctor").code) == (0, 0)
