"""Where the service runs, and what that means for whoever wants to come in."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from teckochecker.entrypoints.http.access.surroundings import contained, in_container, who_comes_in
from teckochecker.entrypoints.settings import Settings


def test_a_machine_without_marks_is_no_container(tmp_path: Path) -> None:
    assert not in_container(tmp_path, {})
    cgroup = tmp_path / "proc/1/cgroup"
    cgroup.parent.mkdir(parents=True)
    cgroup.write_text("0::/init.scope\n")
    assert not in_container(tmp_path, {"container": ""})


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_docker_and_podman_leave_a_file(tmp_path: Path, mark: str) -> None:
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).touch()
    assert in_container(tmp_path, {})


@pytest.mark.parametrize("name", ["container", "KUBERNETES_SERVICE_HOST"])
def test_others_leave_a_variable(tmp_path: Path, name: str) -> None:
    assert in_container(tmp_path, {name: "x"})


@pytest.mark.parametrize(
    "line",
    [
        "12:cpu:/docker/0123456789ab",
        "0::/kubepods/besteffort/pod1/ab",
        "0::/system.slice/containerd.service",
        "1:name=systemd:/machine.slice/libpod-ab.scope",
        "4:memory:/lxc/web",
    ],
)
def test_the_first_process_is_in_a_group_of_its_own(tmp_path: Path, line: str) -> None:
    cgroup = tmp_path / "proc/1/cgroup"
    cgroup.parent.mkdir(parents=True)
    cgroup.write_text(line)
    assert in_container(tmp_path, {})


def test_the_operators_word_counts_more_than_any_mark() -> None:
    assert contained(Settings(api_in_container="yes"))
    assert not contained(Settings(api_in_container="no"))
    assert contained(Settings()) == in_container()


LOCAL: dict[str, Any] = {"api_auth": "local"}
MAKE_ONE = "make one with: teckochecker token create NAME --role operator"
PROXIES = (ip_network("10.0.0.0/8"),)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            Settings(**LOCAL, api_in_container="no"),
            "Whoever works on this machine is let in without a token; a reverse proxy needs API_AUTH=always",
        ),
        (
            Settings(**LOCAL, api_in_container="yes"),
            f"Everybody needs a token in a container, where API_AUTH=local lets nobody in; {MAKE_ONE}",
        ),
        (
            Settings(**LOCAL, api_in_container="no", trusted_proxies=PROXIES),
            f"Everybody needs a token behind TRUSTED_PROXIES, where API_AUTH=local lets nobody in; {MAKE_ONE}",
        ),
        (Settings(), f"Everybody needs a token; {MAKE_ONE}"),
        (Settings(api_auth="off"), "Nobody is asked for a token (API_AUTH=off)"),
    ],
)
def test_who_comes_in_is_told_in_a_sentence(settings: Settings, sentence: str) -> None:
    assert who_comes_in(settings) == sentence
