"""SQLAlchemy's asyncio package without the ORM that it loads along: 6 MiB of an idle service, of no use here."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any, Final

_PACKAGE: Final = "sqlalchemy.ext.asyncio"
_OURS: Final = ("AsyncConnection", "AsyncEngine", "create_async_engine")


def without_orm() -> None:
    """Give the package its connections alone. Whoever asks it for more, in this process, gets all of it."""
    spec = find_spec(_PACKAGE)
    if _PACKAGE in sys.modules or spec is None or spec.loader is None:
        return
    package, loader = module_from_spec(spec), spec.loader

    def all_of_it(name: str) -> Any:
        del vars(package)["__getattr__"]
        loader.exec_module(package)
        return getattr(package, name)

    sys.modules[_PACKAGE] = package
    connections = import_module(f"{_PACKAGE}.engine")
    vars(package).update({name: getattr(connections, name) for name in _OURS}, __getattr__=all_of_it)
