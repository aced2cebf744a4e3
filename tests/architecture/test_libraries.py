"""Each foreign library lives in one room, so that it can be replaced there."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from tests.architecture.source import PACKAGE, SRC, Module, package, plant

EVERYWHERE = ("attr", "attrs")
DATABASE = ("adapters.sql", "entrypoints.opening")

# A library that is not listed may be imported nowhere: give it its room first.
ROOMS = {
    "aiohttp": ("adapters.transport", "entrypoints.simulator"),
    "aiosqlite": DATABASE,
    "alembic": DATABASE,
    "apprise": ("adapters.notifier",),
    "cattrs": (
        "adapters.converter",
        "adapters.keboola",
        "adapters.openai",
        "adapters.sql",
        "entrypoints.http",
        "entrypoints.settings",
    ),
    "cryptography": ("adapters.cipher",),
    "cyclopts": ("entrypoints.cli",),
    "dependency_injector": ("entrypoints.container",),
    "dotenv": ("entrypoints.settings",),
    "jinja2": ("entrypoints.http.web",),
    "litestar": ("entrypoints.http",),
    "markupsafe": ("entrypoints.http.web",),
    "opentelemetry": ("adapters.tracing",),
    "prometheus_client": ("adapters.metrics",),
    "msgspec": ("entrypoints.http",),
    "psycopg": DATABASE,
    "rich": ("entrypoints.cli",),
    "sqlalchemy": DATABASE,
    "tomli_w": ("entrypoints.definitions",),
    "structlog": ("adapters.logs",),
    "uvicorn": ("entrypoints.http",),
    "uvloop": ("entrypoints.cli",),
    "yarl": ("adapters.transport",),
}


def libraries_out_of_their_room(source: Iterable[Module]) -> list[str]:
    """Every import of a foreign library where it does not belong."""
    home = {*sys.stdlib_module_names, *EVERYWHERE, PACKAGE}
    return [
        f"{module.name}:{line} imports {library}"
        for module in source
        for line, name in module.imports
        if (library := name.partition(".")[0]) not in home and not module.is_in(ROOMS.get(library, ()))
    ]


def test_each_library_stays_in_its_room() -> None:
    assert libraries_out_of_their_room(package(SRC)) == []


def test_a_library_out_of_its_room_is_found(tmp_path: Path) -> None:
    plant(tmp_path / PACKAGE, "adapters/sql/work.py", "import sqlalchemy as sa\n")
    plant(tmp_path / PACKAGE, "adapters/sqlite.py", "def late():\n    from sqlalchemy.engine import Engine\n")
    assert libraries_out_of_their_room(package(tmp_path)) == ["adapters.sqlite:2 imports sqlalchemy"]


def test_a_library_without_a_room_is_found(tmp_path: Path) -> None:
    plant(tmp_path / PACKAGE, "adapters/transport.py", "import requests\n")
    assert libraries_out_of_their_room(package(tmp_path)) == ["adapters.transport:1 imports requests"]
