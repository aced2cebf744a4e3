"""What is checked in builds on any machine, the same each time."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.source import PROJECT, plant

LOCKS = ("requirements.txt", "requirements-build.txt", "requirements-dev.txt")

# Spelled in two halves, so that this file does not find itself.
OF_ONE_MACHINE = re.compile(
    "|".join(
        re.escape(first + second)
        for first, second in [
            ("pypi", ".org"),
            ("python", "hosted.org"),
            ("npm", "js.org"),
            ("npm", "js.com"),
            ("debian", ".org"),
            ("--index", "-url"),
            ("--extra-index", "-url"),
            ("--find", "-links"),
            ("/wo", "rk/"),
            ("/ro", "ot/"),
            ("/Us", "ers/"),
        ]
    )
)


def tracked_texts(project: Path) -> dict[str, str]:
    """Path and text of every file that git tracks (or is about to), pictures and the like left out."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=project, capture_output=True, text=True, check=True)
    files = {name: project / name for name in listed.stdout.split("\0") if name}
    contents = {name: file.read_bytes() for name, file in files.items() if file.is_file()}
    return {name: content.decode() for name, content in contents.items() if b"\0" not in content}


def named_machines(texts: dict[str, str]) -> list[str]:
    """Each line that names a package registry or a path of somebody's machine."""
    return [
        f"{name}:{number} names {found.group()}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if (found := OF_ONE_MACHINE.search(line))
    ]


def unfinished_lines(texts: dict[str, str]) -> list[str]:
    """Files whose last line is cut off."""
    return [name for name, text in texts.items() if text and not text.endswith("\n")]


def loose_requirements(lock: str) -> list[str]:
    """Lines of a lock file that are no exact version with at least one hash."""
    exact = re.compile(r"[\w.-]+(\[[\w,.-]+\])?==\S+( ; .+?)?( +--hash=sha256:[0-9a-f]{64})+")
    return [line for line in _lines_of(lock) if not exact.fullmatch(line)]


def unmet_requirements(pyproject: str, lock: str, group: str | None) -> list[str]:
    """What the project and one dependency group ask for and the lock file does not give. `build` stands alone."""
    project = tomllib.loads(pyproject)
    asked = [
        *(project["project"]["dependencies"] if group != "build" else ()),
        *(_group(project["dependency-groups"], group) if group else ()),
    ]
    pins = _pins(lock)
    return [
        text
        for text in asked
        if not (needed := Requirement(text)).specifier.contains(pins.get(canonicalize_name(needed.name), "0"))
    ]


def test_no_registry_and_no_machine_is_named() -> None:
    assert named_machines(tracked_texts(PROJECT)) == []


def test_a_registry_or_a_machine_path_is_found() -> None:
    host = "https://" + "pypi" + ".org/simple"
    assert named_machines({"a.txt": f"first\n{host}\n"}) == ["a.txt:2 names " + "pypi" + ".org"]
    assert named_machines({"b.md": "cd /ro" + "ot/app\n"}) == ["b.md:1 names /ro" + "ot/"]


def test_each_text_ends_with_its_last_line() -> None:
    assert unfinished_lines(tracked_texts(PROJECT)) == []


def test_a_line_that_is_cut_off_is_found(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    plant(tmp_path, "whole.txt", "a\n")
    plant(tmp_path, "cut.txt", "a")
    plant(tmp_path, "picture.png", "\0")
    plant(tmp_path, "untracked.txt", "a")
    subprocess.run(["git", "add", "whole.txt", "cut.txt", "picture.png"], cwd=tmp_path, check=True)
    assert unfinished_lines(tracked_texts(tmp_path)) == ["cut.txt"]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_has_its_hashes(lock: str) -> None:
    assert loose_requirements((PROJECT / lock).read_text()) == []


@pytest.mark.parametrize(
    "loose", ["attrs>=26", "attrs==26.1.0", "--index" + "-url somewhere", "git+https://example.com/attrs"]
)
def test_a_loose_requirement_is_found(loose: str) -> None:
    held = "cffi==2.1.1 ; platform_python_implementation != 'PyPy' \\\n    --hash=sha256:" + "0" * 64
    assert loose_requirements(f"{held}\n    # via attrs\n{loose}\n") == [loose]


@pytest.mark.parametrize(("lock", "group"), list(zip(LOCKS, (None, "build", "dev"), strict=True)))
def test_the_locks_give_what_the_project_asks_for(lock: str, group: str | None) -> None:
    pyproject = (PROJECT / "pyproject.toml").read_text()
    assert unmet_requirements(pyproject, (PROJECT / lock).read_text(), group) == []


def test_a_lock_that_fell_behind_is_found() -> None:
    pyproject = (
        '[project]\ndependencies = ["attrs>=26"]\n'
        '[dependency-groups]\nbuild = ["hatchling"]\ndev = [{ include-group = "build" }, "ruff>=0.17"]\n'
    )
    lock = "attrs==25.1\nhatchling==1.33\n"
    assert unmet_requirements(pyproject, lock, "dev") == ["attrs>=26", "ruff>=0.17"]


def test_the_tests_run_with_what_the_user_installs() -> None:
    users, builders, ours = (_pins((PROJECT / lock).read_text()) for lock in LOCKS)
    assert users | builders == {name: ours[name] for name in users | builders}


def test_the_locked_packages_agree_with_one_another() -> None:
    """No line of a lock was changed by hand: what a package needs is locked in a version that it takes."""
    pins = _pins((PROJECT / "requirements-dev.txt").read_text())
    installed = [dist for dist in distributions() if canonicalize_name(dist.name) in pins]
    needed = [(dist, Requirement(text)) for dist in installed for text in dist.requires or ()]
    assert {canonicalize_name(dist.name): dist.version for dist in installed}.items() <= pins.items()
    assert [
        f"{dist.name} needs {need}"
        for dist, need in needed
        if (need.marker is None or need.marker.evaluate({"extra": ""}))
        and not need.specifier.contains(pins.get(canonicalize_name(need.name), "0"), prereleases=True)
    ] == []


def _lines_of(lock: str) -> list[str]:
    """The entries of a lock file, continuation lines joined, comments left out."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n?", "", lock, flags=re.MULTILINE))
    return [line.strip() for line in joined.splitlines() if line.strip()]


def _pins(lock: str) -> dict[str, str]:
    """Name and version of what a lock file gives this Python."""
    given = [Requirement(line.partition(" --hash")[0]) for line in _lines_of(lock)]
    return {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in given
        if pin.marker is None or pin.marker.evaluate()
    }


def _group(groups: dict[str, list[str | dict[str, str]]], name: str) -> Iterator[str]:
    for entry in groups[name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from _group(groups, entry["include-group"])
