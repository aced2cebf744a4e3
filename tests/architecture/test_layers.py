"""Arrows point inward, and every room has its place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGE, PROJECT, SRC, plant

IMPORT_EVERY_DOMAIN_MODULE = f"""
import importlib, pkgutil, sys
before = set(sys.modules)
import {PACKAGE}.domain as domain
for module in pkgutil.walk_packages(domain.__path__, domain.__name__ + "."):
    importlib.import_module(module.name)
tops = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(*sorted(tops - sys.stdlib_module_names - {{"{PACKAGE}"}}))
"""


def broken_contracts(src: Path) -> list[str]:
    """What import-linter says of a source folder: the contracts it finds broken, or why it could not look."""
    lint = str(Path(sys.executable).with_name("lint-imports"))
    done = subprocess.run(
        [lint, "--no-logo", "--no-cache", "--config", str(PROJECT / "pyproject.toml")],
        env=_seeing(src),
        capture_output=True,
        text=True,
    )
    if done.returncode == 0:
        return []
    return [line for line in done.stdout.splitlines() if line.endswith("BROKEN")] or [done.stdout]


def unseen_folders(src: Path) -> list[str]:
    """Folders with code but no `__init__.py`: import-linter passes them by without a word."""
    folders = {file.parent for file in (src / PACKAGE).rglob("*.py")}
    return sorted(str(folder.relative_to(src)) for folder in folders if not (folder / "__init__.py").exists())


def third_parties_of_the_domain(src: Path) -> list[str]:
    """The packages beyond the standard library that come along when the domain is imported."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERY_DOMAIN_MODULE],
        env=_seeing(src),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A source folder with the four empty rooms that every contract accepts."""
    for room in ("", "domain/", "application/", "adapters/", "adapters/sql/", "entrypoints/"):
        plant(tmp_path / PACKAGE, f"{room}__init__.py", "")
    return tmp_path


def test_an_empty_house_is_in_order(house: Path) -> None:
    assert broken_contracts(house) == []


def test_every_arrow_points_inward() -> None:
    assert broken_contracts(SRC) == []


@pytest.mark.parametrize(
    ("path", "text", "contract"),
    [
        ("domain/looking_out.py", "import teckochecker.adapters.sql\n", "Arrows point inward"),
        ("application/looking_out.py", "import teckochecker.entrypoints\n", "Arrows point inward"),
        ("helpers/__init__.py", "", "Arrows point inward"),
        ("helpers.py", "", "Arrows point inward"),
        ("adapters/carrier_pigeon.py", "", "Adapters do not know one another"),
        ("entrypoints/telnet.py", "", "Doors meet in the library, and only the container knows all"),
    ],
)
def test_a_wrong_arrow_or_an_unplaced_room_is_found(house: Path, path: str, text: str, contract: str) -> None:
    plant(house / PACKAGE, path, text)
    assert broken_contracts(house) == [f"{contract} BROKEN"]


def test_two_rooms_that_lean_on_each_other_are_found(house: Path) -> None:
    plant(house / PACKAGE, "domain/chicken.py", "import teckochecker.domain.egg\n")
    plant(house / PACKAGE, "domain/egg.py", "import teckochecker.domain.chicken\n")
    assert broken_contracts(house) == ["No two rooms lean on each other BROKEN"]


def test_import_linter_sees_every_folder() -> None:
    assert unseen_folders(SRC) == []


def test_a_folder_that_import_linter_does_not_see_is_found(house: Path) -> None:
    plant(house / PACKAGE, "domain/attic/trunk.py", "import teckochecker.adapters\n")
    assert broken_contracts(house) == []
    assert unseen_folders(house) == ["teckochecker/domain/attic"]


def test_the_domain_needs_attrs_and_nothing_else() -> None:
    assert set(third_parties_of_the_domain(SRC)) <= {"attr", "attrs"}


def test_a_library_that_slips_into_the_domain_is_found(house: Path) -> None:
    plant(house / PACKAGE, "domain/job.py", "import cattrs\n")
    assert "cattrs" in third_parties_of_the_domain(house)


def _seeing(src: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(src), "PYTHONDONTWRITEBYTECODE": "1"}
