"""The files that deploy the service: each line of them does something, and no engine or service manager is at hand."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from attrs import fields

from teckochecker import Settings
from teckochecker.adapters.cipher import new_key
from teckochecker.application.service import Service
from teckochecker.entrypoints.cli.start import FAULTY_SETTINGS
from teckochecker.entrypoints.http.events import KEEP_ALIVE
from teckochecker.entrypoints.http.server import GRACE
from tests.architecture.source import PROJECT
from tests.doors.test_image import stages

UNIT = PROJECT / "docs" / "deploy" / "teckochecker.service"
NGINX = PROJECT / "docs" / "deploy" / "nginx.conf"
KEY = new_key()


def settings(environ: Mapping[str, str]) -> Settings:
    return Settings.load({"SECRET_KEY": KEY, **environ})


def longest_stop() -> float:
    """How many seconds the service takes at most to finish what is in hand."""
    patience = fields(Service).patience.default
    assert patience
    return (GRACE + patience).total_seconds()


# compose.yaml


def composed(**environ: str) -> Any:
    """The services that start with these variables; a variable that has to be there and is not is a KeyError."""

    def value(found: re.Match[str]) -> str:
        name, how, rest = found.groups()
        if given := environ.get(name):
            return given
        if how == ":?":
            raise KeyError(name)
        return rest

    text = (PROJECT / "compose.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(re.sub(r"\$\{(\w+)(:[-?])([^}]*)\}", value, text))


def test_composed_it_keeps_an_sqlite_file_in_a_volume_and_asks_everybody_for_a_token() -> None:
    found = composed(SECRET_KEY=KEY)
    service = found["services"]["teckochecker"]
    known = settings(service["environment"])
    (volume, folder) = service["volumes"][0].split(":")
    assert PurePosixPath(known.database_url.removeprefix("sqlite:///")).parent == PurePosixPath(folder)
    used = {mount.split(":")[0] for one in found["services"].values() for mount in one["volumes"]}
    assert volume in used == found["volumes"].keys()
    assert (known.api_auth, known.log_file) == ("always", None)  # no file could be written but in the volume
    assert [name for name, one in found["services"].items() if not one.get("profiles")] == ["teckochecker"]


def test_composed_without_a_key_nothing_starts() -> None:
    with pytest.raises(KeyError, match="SECRET_KEY"):
        composed()


def test_composed_it_is_reached_from_its_own_machine_alone_and_can_harm_little() -> None:
    service = composed(SECRET_KEY=KEY)["services"]["teckochecker"]
    port = dict(words("ENV"))["API_PORT"]
    assert service["build"] == "."
    assert service["ports"] == [f"127.0.0.1:8000:{port}"]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert seconds(service["stop_grace_period"]) > longest_stop()


def test_composed_with_postgresql_both_mean_the_same_database_and_the_first_waits_for_the_second() -> None:
    header = (PROJECT / "compose.yaml").read_text(encoding="utf-8").partition("services:")[0]
    (url,) = re.findall(r"DATABASE_URL=(\S+)", header)
    found = composed(SECRET_KEY=KEY, POSTGRES_PASSWORD="…", DATABASE_URL=url)["services"]
    service, server = found["teckochecker"], found["postgres"]
    assert "--profile postgres up" in header
    assert server["profiles"] == ["postgres"]
    made = server["environment"]
    user, database = made["POSTGRES_USER"], made["POSTGRES_DB"]
    assert (
        settings(service["environment"]).database_url
        == f"postgresql://{user}:{made['POSTGRES_PASSWORD']}@postgres/{database}"
    )
    assert service["depends_on"] == {"postgres": {"condition": "service_healthy", "required": False}}
    assert server["healthcheck"] == {
        "test": ["CMD", "pg_isready", "--username", user],
        "interval": "5s",
        "retries": 12,
    }
    assert server["volumes"] == ["postgres:/var/lib/postgresql/data"]
    assert server["image"].startswith("postgres:")
    assert (server["restart"], "ports" in server) == ("unless-stopped", False)


# Dockerfile


def words(instruction: str, stage: int = 1) -> Sequence[tuple[str, str]]:
    """The NAME=value pairs of an instruction."""
    (rest,) = [rest for word, rest in stages()[stage] if word == instruction]
    return [(name, value) for name, _, value in (pair.partition("=") for pair in rest.split())]


def test_the_image_serves_on_all_its_addresses_and_finds_the_guides_files() -> None:
    instructions = dict(stages()[1])
    environ = dict(words("ENV"))
    known = settings({name: value for name, value in environ.items() if name.startswith("API_")})
    assert (known.api_host, known.api_auth) == ("0.0.0.0", "always")
    assert instructions["EXPOSE"] == str(known.api_port) == "8000"
    assert instructions["WORKDIR"] == "/app"
    assert instructions["USER"] == "1000:1000"
    assert instructions["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(instructions["CMD"]) == ["start"]
    assert instructions["COPY"] == "--from=build /opt/teckochecker /opt/teckochecker"
    assert environ["PATH"].partition(":") == ("/opt/teckochecker/bin", ":", "$PATH")
    # its root may be read-only, and what it says is seen at once
    assert (environ["PYTHONDONTWRITEBYTECODE"], environ["PYTHONUNBUFFERED"]) == ("1", "1")


def test_the_image_is_small_and_built_of_two_stages_on_one_python() -> None:
    first, second = stages()
    (base, _, name), only = first[0][1].partition(" AS "), second[0][1]
    assert (base, name) == (only, "build")
    assert re.fullmatch(r"python:3\.\d+-slim", only)
    assert dict(words("ENV", 0)) == {"PIP_NO_CACHE_DIR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    assert dict(first)["WORKDIR"] == "/src"
    copied = [rest.split()[:-1] for word, rest in first if word == "COPY"]
    assert copied == [
        ["requirements.txt", "requirements-build.txt"],
        ["pyproject.toml", "hatch_build.py", "README.md", "LICENSE"],
        ["src"],
    ]


def test_the_image_is_asked_often_whether_it_is_well_and_has_time_to_start() -> None:
    asked = dict(stages()[1])["HEALTHCHECK"]
    found = dict(re.findall(r"--([\w-]+)=(\w+)", asked))
    patience = int(re.findall(r"timeout=(\d+)\)", asked)[0])
    assert seconds(found["interval"]) <= 30
    assert patience < seconds(found["timeout"]) < seconds(found["interval"])
    assert seconds(found["start-period"]) >= 10


# systemd


def directives() -> Mapping[str, Mapping[str, str]]:
    """The unit's lines by section; a name that comes twice has its values in order."""
    found: dict[str, dict[str, str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            section[name] = f"{section[name]} {value}" if name in section else value
    return found


def test_the_unit_starts_what_tells_systemd_of_itself_and_stops_it_in_good_order() -> None:
    unit = directives()
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert service["ExecStart"].endswith("/bin/teckochecker start")
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert int(service["TimeoutStopSec"]) > longest_stop()
    assert int(service["WatchdogSec"]) == 60
    assert (service["Restart"], int(service["RestartSec"])) == ("always", 2)
    assert int(service["RestartPreventExitStatus"]) == FAULTY_SETTINGS
    assert unit["Unit"]["After"] == unit["Unit"]["Wants"] == "network-online.target"
    assert unit["Unit"]["Description"].startswith("TeckoChecker")
    assert unit["Install"] == {"WantedBy": "multi-user.target"}


def test_the_unit_runs_as_a_user_of_its_own_in_a_folder_of_its_own() -> None:
    service = directives()["Service"]
    name, _, value = service["Environment"].partition("=")
    assert settings({name: value}).api_auth == "always"
    assert service["User"] == "teckochecker"
    assert service["WorkingDirectory"] == f"/var/lib/{service['StateDirectory']}"
    assert service["StateDirectoryMode"] == "0700"
    made = re.search(r"useradd --system --home-dir (\S+) (\S+)", UNIT.read_text(encoding="utf-8"))
    assert made
    assert made.groups() == (service["WorkingDirectory"], service["User"])


KEPT_FROM_IT = {
    "UMask": "0077",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectClock": "yes",
    "ProtectHostname": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes",
    "ProtectProc": "invisible",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "@system-service ~@privileged @resources",
}


def test_the_unit_gives_the_service_little_to_do_harm_with(tmp_path: Path) -> None:
    assert KEPT_FROM_IT.items() <= directives()["Service"].items()
    analyze = shutil.which("systemd-analyze")
    if analyze is None:  # nothing more can be told of it on this machine
        return
    text = UNIT.read_text(encoding="utf-8")
    unit = tmp_path / "teckochecker.service"
    unit.write_text(text.replace("/opt/teckochecker/venv/bin/teckochecker", "/bin/true"))
    verified = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True)
    assert (verified.returncode, verified.stderr) == (0, "")
    exposure = subprocess.run([analyze, "security", "--offline=true", "--threshold=20", str(unit)], capture_output=True)
    assert exposure.returncode == 0


# nginx


def test_the_proxy_tells_the_service_who_asks_and_holds_no_event_back() -> None:
    text = NGINX.read_text(encoding="utf-8")
    places = dict(re.findall(r"location (.+?) \{\n(.+?)\n    \}", text, re.DOTALL))
    assert places.keys() == {"/", "= /api/events"}
    for lines in places.values():
        assert "proxy_pass http://127.0.0.1:8000;" in lines
        assert dict(re.findall(r"proxy_set_header (\S+) (\S+);", lines)) == {
            "Host": "$host",
            "X-Forwarded-For": "$proxy_add_x_forwarded_for",
            "X-Forwarded-Proto": "$scheme",
        }
    assert "proxy_buffering off;" in places["= /api/events"]
    (hours,) = re.findall(r"proxy_read_timeout (\d+)h;", places["= /api/events"])
    assert timedelta(hours=int(hours)) > KEEP_ALIVE
    assert "listen 443 ssl;" in text
    assert text.count("{") == text.count("}")
    assert {"ssl_certificate", "ssl_certificate_key", "server_name"} <= {line.split(" ")[0] for line in lined(text)}


def test_behind_the_proxy_the_service_believes_it_and_asks_everybody_for_a_token() -> None:
    advised = dict(re.findall(r"(API_AUTH|TRUSTED_PROXIES)=(\S+)", NGINX.read_text(encoding="utf-8")))
    known = settings(advised)
    assert known.api_auth == "always"
    assert [str(network) for network in known.trusted_proxies] == ["127.0.0.1/32"]


def lined(text: str) -> Sequence[str]:
    return [line.strip() for line in text.splitlines()]


def seconds(span: str) -> int:
    """Docker's 45s."""
    return int(span.removesuffix("s"))
