"""The steps that make the image, as plain commands in folders of their own: no engine is there to build it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from attrs import frozen

import teckochecker
from tests.architecture.source import PROJECT

TEXT = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
INSTALLED = next(path for path in sys.path if path.endswith("site-packages"))

# What the lock names is there already, in the tests' own environment: pip sees it in each one that a step makes, finds
# every version as it is locked, and downloads nothing.
PYTHON = f"""#!/bin/sh
{sys.executable} "$@" && if [ "$1 $2" = "-m venv" ]; then
    echo {INSTALLED} >"$(echo "$3"/lib/python*/site-packages)/installed.pth"
fi
"""


@frozen
class Image:
    """A folder that stands for the root of the image that is built."""

    root: Path

    def inside(self, text: str) -> str:
        """The same with absolute paths of the image as such of this folder."""
        return re.sub(r"(?<![\w./-])/(?=(build|opt|src|wheels|app|data)\b)", f"{self.root}/", text)

    def run(self, command: str) -> str:
        """What a step tells that has to succeed."""
        path = f"{self.root / 'bin'}:{os.environ['PATH']}"
        environment = {"PATH": path, "HOME": str(self.root), "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}
        done = subprocess.run(
            ["sh", "-ec", self.inside(command)], cwd=self.root / "src", env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, with lines that go on put together."""
    lines = re.findall(r"^([A-Z]+) (.+)$", TEXT.replace("\\\n", " "), re.MULTILINE)
    starts = [place for place, (word, _) in enumerate(lines) if word == "FROM"]
    return [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """What the first stage makes, step by step."""
    image = Image(tmp_path_factory.mktemp("image"))
    for folder in ("src", "opt", "bin"):
        (image.root / folder).mkdir()
    (image.root / "bin" / "python").write_text(PYTHON)
    (image.root / "bin" / "python").chmod(0o755)
    ignored = (PROJECT / ".dockerignore").read_text(encoding="utf-8").split()
    for word, rest in stages()[0]:
        if word == "RUN":
            image.run(rest)
        elif word == "COPY":
            *sources, target = rest.split()
            assert not set(sources) & set(ignored)
            for source in sources:
                _copy(PROJECT / source, image.root / "src" / target)
    return image


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def test_every_step_that_builds_the_image_works_with_what_it_copies(built: Image) -> None:
    (wheel,) = (built.root / "wheels").glob("teckochecker-*.whl")
    packed, source = set(zipfile.ZipFile(wheel).namelist()), built.root / "src" / "src"
    assert {str(file.relative_to(source)) for file in source.rglob("*") if file.is_file()} <= packed
    assert not (built.root / "opt/teckochecker/bin/pip").exists()


def test_what_the_image_starts_is_the_program_that_was_built(built: Image) -> None:
    second = dict(stages()[1])
    assert second["ENTRYPOINT"] == '["teckochecker"]'
    assert built.run("/opt/teckochecker/bin/teckochecker --version").strip() == teckochecker.__version__
    where = built.run("/opt/teckochecker/bin/python -c 'import teckochecker; print(teckochecker.__file__)'")
    assert where.startswith(f"{built.root}/opt/teckochecker/lib/")


def test_the_folders_that_the_image_writes_to_may_be_written_by_whom_it_runs_as(built: Image) -> None:
    steps = [rest for word, rest in stages()[1] if word == "RUN"]
    assert len(steps) == 1
    user, _, folders = steps[0].partition(" && ")
    assert re.fullmatch(r"useradd --uid 1000 --user-group --no-create-home --home-dir /app teckochecker\s*", user)
    owner = f"{os.geteuid()}:{os.getegid()}"
    built.run(folders.replace("teckochecker:teckochecker", owner))
    assert (built.root / "app").stat().st_mode & 0o7777 == 0o1777
    assert (built.root / "data").is_dir()
