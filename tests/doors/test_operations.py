"""The page for whoever runs the service, and the files that deploy it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import PROJECT
from tests.doors.cli.shell import Shell, clean

UNIT = PROJECT / "docs" / "deploy" / "teckochecker.service"


def test_the_commands_of_the_page_work_in_their_order(tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.+?)^```", page, re.MULTILINE | re.DOTALL)
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    script = "set -e\ntrap 'teckochecker stop >/dev/null 2>&1 || true' EXIT\n" + "".join(blocks)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=clean({"PATH": path, "API_PORT": "0"}),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "🟢 Running" in done.stdout
    assert ":8000" not in done.stdout  # API_PORT says otherwise
    assert "✓ TeckoChecker daemon stopped" in done.stdout
    assert len(blocks) == 4


def test_whatever_deploys_the_service_asks_everybody_for_a_token() -> None:
    for file in (UNIT, PROJECT / "Dockerfile", PROJECT / "compose.yaml", PROJECT / "docs" / "deploy" / "nginx.conf"):
        assert re.search(r"API_AUTH[=:] ?always", file.read_text(encoding="utf-8")), file


def test_the_image_is_built_from_locked_requirements_and_runs_as_nobody_special() -> None:
    text = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    installs = [line for line in text.splitlines() if "pip install" in line]
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 1000:1000$", last, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", last, re.MULTILINE)


def test_the_images_health_check_follows_the_port(tmp_path: Path) -> None:
    text = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    said = re.search(r"^HEALTHCHECK .+?CMD (\[.+?\])$", text, re.MULTILINE | re.DOTALL)
    assert said
    shell, check = Shell(tmp_path), [sys.executable, *json.loads(said[1])[1:]]
    try:
        daemon = shell.run("start", "--init", "--daemon", "--port", "0", "--json").body
        port = daemon["address"].rpartition(":")[2]
        beside = {"http_proxy": "http://127.0.0.1:9"}
        assert subprocess.run(check, env=clean({"API_PORT": port, **beside})).returncode == 0
    finally:
        assert shell.run("stop").code == 0
    assert subprocess.run(check, env=clean({"API_PORT": port}), stderr=subprocess.DEVNULL).returncode == 1
