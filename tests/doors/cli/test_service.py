"""A service that was really started: the guide's calls, its end while it is at work, and the places it runs in."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from teckochecker.adapters.processes import born
from tests.doors.cli.daemons import ask, rows, started, until
from tests.doors.cli.shell import PROGRAM, Done, Shell
from tests.processes import watch_over

JOB = {
    "name": "Test job",
    "batch_ids": ["batch_123"],
    "openai_secret_id": 1,
    "keboola_secret_id": 2,
    "keboola_stack_url": "https://connection.eu-central-1.keboola.com",
    "keboola_component_id": "kds-team.app-custom-python",
    "keboola_configuration_id": "123456",
    "poll_interval_seconds": 120,
    "check": False,
}


def call(address: str, method: str, path: str, body: Any = None) -> Any:
    """What `curl -X METHOD -H "Content-Type: application/json" -d BODY` prints."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}{path}", data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_the_calls_of_the_guide_work_without_a_token_on_this_machine(home: Shell) -> None:
    address = started(home, "--no-watch", "--host", "localhost")["address"]
    assert address.startswith("http://localhost:")
    assert call(address, "GET", "/api/health")["status"] == "healthy"
    secrets = {
        name: call(address, "POST", "/api/admin/secrets", {"name": name, "type": kind, "value": f"{kind}-0123456789"})
        for name, kind in (("openai-test", "openai"), ("keboola-test", "keboola"), ("spare", "openai"))
    }
    assert call(address, "DELETE", f"/api/admin/secrets/{secrets.pop('spare')['id']}")["success"]
    assert set(secrets) <= {one["name"] for one in call(address, "GET", "/api/admin/secrets")["secrets"]}
    ids = {f"{one['type']}_secret_id": one["id"] for one in secrets.values()}
    assert call(address, "POST", "/api/jobs", {**JOB, **ids})["status"] == "active"
    several = {**JOB, **ids, "name": "Multi-batch job", "batch_ids": ["batch_abc123", "batch_def456", "batch_ghi789"]}
    assert call(address, "POST", "/api/jobs", several)["batch_count"] == 3
    assert call(address, "POST", "/api/jobs/1/pause")["status"] == "paused"
    assert call(address, "GET", "/api/stats")["paused_jobs"] == 1
    assert call(address, "POST", "/api/jobs/1/resume")["status"] == "active"
    assert call(address, "GET", "/api/jobs/1")["name"] == "Test job"
    assert [job["id"] for job in call(address, "GET", "/api/jobs")["jobs"]] == [2, 1]
    assert rows(home.run("status"))["Active Jobs"] == "2"


def test_a_request_under_way_is_answered_before_the_service_ends(one: Shell) -> None:
    daemon = started(one, "--host", "127.0.0.1")
    host, _, port = daemon["address"].removeprefix("http://").rpartition(":")
    body = json.dumps(JOB).encode()
    head = f"POST /api/jobs HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as asking:
        asking.sendall(f"{head}Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode())
        assert asking.recv(1000).startswith(b"HTTP/1.1 100 ")
        os.kill(daemon["pid"], signal.SIGTERM)
        until(lambda: refuses(host, int(port)))
        asking.sendall(body)
        assert asking.recv(1000).startswith(b"HTTP/1.1 201 ")
    until(lambda: born(daemon["pid"]) is None)
    assert one.run("job", "list", "--json").body["total"] == 1


def refuses(host: str, port: int) -> bool:
    """Whether nobody listens there any more."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return True
    return False


@contextmanager
def elsewhere(shell: Shell, pid: int) -> Iterator[None]:
    """The service of this pid as others see it who share the database, but not its machine."""
    with closing(sqlite3.connect(shell.folder / "teckochecker.db", isolation_level=None)) as database:
        far = f"UPDATE services SET host = 'far', born = 'far/1:1' WHERE pid = {pid}"
        database.execute(
            f"CREATE TRIGGER far AFTER UPDATE OF born ON services WHEN NEW.born <> 'far/1:1' BEGIN {far}; END"
        )
        database.execute(far)
        try:
            yield
        finally:
            database.execute("DROP TRIGGER far")


def test_services_of_other_machines_are_stopped_when_asked_for_and_by_the_databases_word(one: Shell) -> None:
    near, far = started(one), started(one, "--no-watch")
    with elsewhere(one, far["pid"]):
        assert one.run("stop") == Done(0, "✓ TeckoChecker daemon stopped\n")
        (left,) = one.run("status", "--json").body["instances"]
        assert (left["pid"], left["host"]) == (far["pid"], "far")
        until(lambda: born(near["pid"]) is None)
        refused = one.run("stop")
        assert (refused.code, refused.out) == (1, "")
        assert refused.err.endswith("run on other machines (far); to stop them add --all\n")
        assert one.run("stop", "--all") == Done(0, "✓ TeckoChecker daemon stopped\n")
        until(lambda: born(far["pid"]) is None)
    assert "Traceback" not in Path(far["log_file"]).read_text()


def test_a_unit_of_type_simple_runs_with_nothing_but_a_path(one: Shell) -> None:
    service = subprocess.Popen(
        [*PROGRAM, "start", "--port", "0"],
        cwd=one.folder,
        env={"PATH": str(Path(sys.executable).parent)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watch_over(service.pid)
    assert service.stdout is not None
    lines = iter(service.stdout.readline, "")
    said = next(line for line in lines if "TeckoChecker runs at " in line)
    address = said.partition(" at ")[2].partition(";")[0]
    assert ask(address)["status"] == "healthy"
    service.send_signal(signal.SIGTERM)
    with service:  # communicate would forget what has been read ahead
        rest = service.stdout.read()
    assert (service.returncode, "Traceback" in rest) == (0, False)


def test_a_container_over_the_guides_files_watches_and_asks_for_a_token(one: Shell) -> None:
    image = {"API_HOST": "0.0.0.0", "API_AUTH": "always", "API_IN_CONTAINER": "yes", "PYTHONUNBUFFERED": "1"}
    service = one.start("start", "--port", "0", **image)
    assert service.stdout is not None
    address = service.stdout.readline().partition(" at ")[2].partition(";")[0]
    assert ask(address)["watching"] == "on"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        ask(address, "/api/jobs")
    service.send_signal(signal.SIGTERM)
    with service:  # communicate would forget what has been read ahead of the first line
        out = service.stdout.read()
    assert service.returncode == 0
    assert "Everybody needs a token; make one with: teckochecker token create NAME --role operator\n" in out
    assert not list(one.folder.glob("*.pid"))


def test_a_reloading_services_child_ends_with_its_killed_supervisor(one: Shell) -> None:
    supervisor = one.start("start", "--reload", "--host", "127.0.0.1", "--port", "0")
    try:
        (child,) = until(lambda: one.run("status", "--json").body["instances"])
    finally:
        supervisor.kill()
        supervisor.communicate(timeout=30)
    until(lambda: born(child["pid"]) is None)
    assert one.run("status").code == 3
