"""teckochecker start, status and stop as real processes, on both databases."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

from teckochecker.adapters.cipher import new_key
from teckochecker.entrypoints.cli.answer import Refused
from teckochecker.entrypoints.cli.stop import stopped
from tests.doors.cli.daemons import ask, rows, started, until
from tests.doors.cli.shell import TARGET, Done, Shell


def test_a_service_is_started_asked_and_stopped_as_in_the_guide(home: Shell) -> None:
    daemon = started(home)
    health = ask(daemon["address"])
    assert (health["status"], health["watching"], health["database"]) == ("healthy", "on", "connected")
    assert ask(daemon["address"], "/api/jobs")["total"] == 0
    shown = home.run("status")
    port = daemon["address"].rpartition(":")[2]
    assert shown.code == 0
    assert "System Status" in shown.out
    panel = rows(shown)
    assert panel.pop("Uptime").split()[1].startswith("second")
    assert panel == {
        "Service": "🟢 Running",
        "Active Jobs": "0",
        "Completed Jobs": "0",
        "Failed Jobs": "0",
        "API Server": f"http://127.0.0.1:{port}",
        "Database": "Connected",
    }
    assert home.run("stop") == Done(0, "✓ TeckoChecker daemon stopped\n")
    gone = home.run("status")
    assert (gone.code, rows(gone)["Service"]) == (3, "🔴 Stopped")
    assert home.run("stop").code == 1
    with pytest.raises(OSError, match="refused"):
        ask(daemon["address"])


def test_status_tells_programs_all_it_knows(one: Shell) -> None:
    daemon = started(one)
    body = one.run("status", "--json").body
    assert (body["service"], body["database"], body["active_jobs"]) == ("running", "connected", 0)
    (instance,) = body["instances"]
    assert (instance["pid"], instance["watching"], instance["stopping"]) == (daemon["pid"], "on", False)
    assert instance["host"] == socket.gethostname()


def test_a_service_that_does_not_stop_is_named_with_what_ends_it(one: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = started(one)["pid"]
    monkeypatch.chdir(one.folder)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(Refused, match=f"Not stopped within 0.5 seconds: pid {pid} on .*; end it there with: kill"):
        asyncio.run(stopped(all=False, patience=timedelta(seconds=0.5)))
    os.kill(pid, signal.SIGCONT)
    until(lambda: one.run("status").code == 3)


def test_a_daemon_keeps_its_files_private_and_takes_its_pid_file_away(one: Shell) -> None:
    daemon = started(one, LOG_FILE="")
    port = daemon["address"].rpartition(":")[2]
    pid_file, log = one.folder / f"teckochecker-{port}.pid", one.folder / "teckochecker.log"
    assert pid_file.read_text() == f"{daemon['pid']}\n"
    assert daemon["log_file"] == str(log)
    assert [file.stat().st_mode & 0o777 for file in (pid_file, log)] == [0o600, 0o600]
    assert os.getsid(daemon["pid"]) not in (os.getsid(0), daemon["pid"])
    assert os.readlink(f"/proc/{daemon['pid']}/cwd") == "/"
    one.run("stop")
    assert not pid_file.exists()
    assert "Serving at" in log.read_text()


def test_relative_paths_are_those_of_the_folder_it_was_started_in(empty: Shell) -> None:
    settings = {"SECRET_KEY": new_key(), "DATABASE_URL": "sqlite:///./own.db", "LOG_FILE": "own.log"}
    try:
        started(empty, **settings)
        assert (empty.folder / "own.db").exists()
        assert (empty.folder / "own.log").exists()
    finally:
        assert empty.run("stop", **settings).code == 0


def test_a_second_start_on_the_same_port_says_who_holds_it(one: Shell) -> None:
    daemon = started(one)
    port = daemon["address"].rpartition(":")[2]
    for options in (("--daemon",), (), ("--daemon", "--host", "127.0.0.2")):
        done = one.run("start", "--port", port, *options)
        assert done.code == 1
        assert str(daemon["pid"]) in done.err
        assert "stop it first with: teckochecker stop" in done.err


@pytest.mark.parametrize("options", [(), ("--daemon",)])
def test_a_port_that_another_program_uses_is_said_in_one_sentence(one: Shell, options: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = one.run("start", "--host", "127.0.0.1", "--port", port, *options)
    sentence = f"Port {port} is in use on 127.0.0.1; stop what uses it, or name another in --port or API_PORT\n"
    assert done == Done(1, "", sentence)


def test_a_pid_file_that_a_dead_daemon_left_is_ignored(one: Shell) -> None:
    first = started(one)
    port = first["address"].rpartition(":")[2]
    os.kill(first["pid"], signal.SIGKILL)
    until(lambda: not Path(f"/proc/{first['pid']}").exists())
    assert (one.folder / f"teckochecker-{port}.pid").exists()
    assert one.run("status").code == 3
    assert one.run("stop").code == 1
    second = one.run("start", "--daemon", "--port", port, "--json").body
    assert second["pid"] != first["pid"]
    assert [found["pid"] for found in one.run("status", "--json").body["instances"]] == [second["pid"]]


def test_a_daemon_whose_key_does_not_fit_says_so_and_leaves_nothing_behind(one: Shell) -> None:
    done = one.run("start", "--daemon", "--port", "0", SECRET_KEY=new_key())
    assert done.code == 78
    assert "SECRET_KEY" in done.err
    assert "Traceback" not in (one.folder / "teckochecker.log").read_text()
    assert not list(one.folder.glob("*.pid"))
    assert one.run("status").code == 3


@pytest.mark.parametrize("options", [(), ("--daemon",)])
def test_faulty_settings_are_told_all_at_once_with_an_exit_code_of_their_own(
    empty: Shell, options: tuple[str, ...]
) -> None:
    done = empty.run("start", *options, API_PORT="x", LOG_LEVEL="LOUD", SECRET_KEY=new_key())
    assert done.code == 78
    assert len(done.err.splitlines()) == 2
    unwritable = empty.run("start", *options, "--port", "0", LOG_FILE="nowhere/a.log", SECRET_KEY=new_key())
    assert unwritable.code == 78
    assert unwritable.err.startswith("LOG_FILE: ")


def test_a_fresh_folder_is_told_what_to_run_and_made_ready_when_asked(empty: Shell) -> None:
    done = empty.run("start", "--daemon", "--port", "0")
    assert done.code == 78
    assert "teckochecker init --create-env" in done.err
    assert "teckochecker start --init" in done.err
    assert not list(empty.folder.iterdir())
    try:
        assert ask(started(empty, "--init")["address"])["status"] == "healthy"
    finally:
        assert empty.run("stop").code == 0


def test_two_services_on_one_database_are_shown_and_stopped_together(home: Shell) -> None:
    first = started(home, API_HOST="127.0.0.2")
    second = started(home, "--no-watch", "--host", "127.0.0.3", API_HOST="127.0.0.2")
    assert [one["address"].rpartition(":")[0] for one in (first, second)] == ["http://127.0.0.2", "http://127.0.0.3"]
    assert ask(second["address"])["watching"] == "off"
    body = home.run("status", "--json").body
    assert [(found["pid"], found["watching"]) for found in body["instances"]] == [
        (first["pid"], "on"),
        (second["pid"], "off"),
    ]
    shown = home.run("status").out
    assert "Instances" in shown
    assert str(second["pid"]) in shown
    assert home.run("stop").out == "✓ 2 TeckoChecker services stopped\n"
    assert home.run("status").code == 3


def test_a_moved_log_is_opened_anew_on_sighup(one: Shell) -> None:
    daemon = started(one)
    log = Path(daemon["log_file"])
    log.rename(moved := log.with_suffix(".old"))
    os.kill(daemon["pid"], signal.SIGHUP)
    until(log.exists)
    assert "Serving at" in moved.read_text()
    assert ask(daemon["address"])["status"] == "healthy"
    assert log.stat().st_mode & 0o777 == 0o600


def test_an_idle_service_keeps_the_database_from_being_emptied(one: Shell) -> None:
    started(one)
    done = one.run("init", "--reset", "--force")
    assert done.code == 1
    assert "stop it first" in done.err
    one.run("stop")
    assert one.run("init", "--reset", "--force").code == 0


@pytest.mark.parametrize("abstract", [False, True])
def test_a_supervisor_is_told_of_readiness_life_and_the_end(one: Shell, tmp_path: Path, abstract: bool) -> None:
    name = f"@teckochecker-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name[1:]}" if abstract else name)
        manager.settimeout(30)
        service = one.start("start", "--port", "0", NOTIFY_SOCKET=name, WATCHDOG_USEC="300000")
        told = [manager.recv(1000).decode() for _ in range(3)]
        service.send_signal(signal.SIGTERM)
        while told[-1] != "STOPPING=1":
            told.append(manager.recv(1000).decode())
        out, err = service.communicate(timeout=30)
    assert service.returncode == 0, err
    assert sorted(set(told)) == sorted({"WATCHDOG=1", f"READY=1\nMAINPID={service.pid}", "STOPPING=1"})
    assert "TeckoChecker runs at http://127.0.0.1:" in out


def test_a_second_signal_ends_at_once_what_the_first_would_finish(one: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes a call and never answers
        openai = {"OPENAI_BASE_URL": f"http://127.0.0.1:{silent.getsockname()[1]}/v1"}
        assert one.run("job", "create", "--name", "slow", "--batch-id", "batch_1", *TARGET, **openai).code == 0
        service = one.start("start", "--port", "0", **openai)
        call, _ = silent.accept()
        service.send_signal(signal.SIGTERM)
        with call, pytest.raises(subprocess.TimeoutExpired):
            service.wait(1)
        service.send_signal(signal.SIGTERM)
        _, err = service.communicate(timeout=5)
    assert (service.returncode, "Traceback" in err) == (128 + signal.SIGTERM, False)


def test_an_open_event_stream_ends_when_the_service_stops_and_holds_nothing_up(one: Shell) -> None:
    token = one.run("token", "create", "reader", "--role", "viewer", "--json").body["token"]
    daemon = started(one)
    asking = urllib.request.Request(f"{daemon['address']}/api/events", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asking, timeout=10) as stream:
        begun = time.monotonic()
        assert one.run("stop").code == 0
        assert time.monotonic() - begun < 8
        stream.read()


def test_a_reloading_service_starts_anew_after_a_change(one: Shell) -> None:
    supervisor = one.start("start", "--reload", "--host", "127.0.0.1", "--port", "0")
    try:
        (first,) = until(lambda: one.run("status", "--json").body["instances"])
        assert first["pid"] != supervisor.pid
        with (one.folder / ".env").open("a") as env:
            env.write("\n")
        second = until(
            lambda: [found for found in one.run("status", "--json").body["instances"] if found["pid"] != first["pid"]]
        )
        assert len(second) == 1
        assert one.run("stop").code == 0
        assert supervisor.wait(30) == 0
    finally:
        supervisor.terminate()
        supervisor.communicate(timeout=30)


def test_the_log_hides_what_the_addresses_of_notices_hold(one: Shell) -> None:
    log = one.folder / "service.log"
    urls = json.dumps(["json://user:correct-horse@127.0.0.1:9/hook/T0123456789abcdef"])
    address = started(one, NOTIFY_URLS=urls, LOG_FILE=str(log))["address"]
    for part in ("correct-horse", "T0123456789abcdef"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            ask(address, f"/{part}")
    text = until(lambda: log.read_text() if log.read_text().count("/*** 404") == 2 else "")
    assert not any(part in text for part in ("correct-horse", "T0123456789abcdef"))
