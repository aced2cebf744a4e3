"""What stands in the pages for people: their programs, their commands, and where they lead."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def programs(page: Path) -> list[tuple[str, str]]:
    """The Python programs of a page, each with what it says that they print."""
    return re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    """The lines of a page's shell blocks, in their order, as words."""
    text = "\n".join(re.findall(r"```(?:ba)?sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
    return [shlex.split(line, comments=True) for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def links(page: Path) -> list[Path]:
    """The files that a page leads to."""
    found = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    return [page.parent / link.partition("#")[0] for link in found if "://" not in link and not link.startswith("#")]
