"""Whether the service runs in a container."""

from __future__ import annotations

from pathlib import Path

import pytest

from teckochecker.entrypoints.http.access.surroundings import in_container


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
