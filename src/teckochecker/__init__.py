"""Watches OpenAI batches and starts one Keboola run when the last of them has ended.

    async with TeckoChecker.in_memory() as tecko: ...   # to try it, and for your tests
    async with TeckoChecker.open() as tecko: ...        # on the database that the settings name

Names are resolved when they are first used, so that importing one part does not load the others.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from teckochecker.application.change import JobChange
    from teckochecker.application.errors import (
        Conflict,
        GatewayError,
        JobNotFound,
        NotFound,
        SecretExists,
        SecretInUse,
        SecretNotFound,
        StorageUnavailable,
        WrongKey,
    )
    from teckochecker.application.ports import JobQuery
    from teckochecker.application.views import JobView, JobViews
    from teckochecker.domain.batch import Batch, BatchStatus
    from teckochecker.domain.errors import InvalidTransition, InvalidValue, TeckoCheckerError
    from teckochecker.domain.events import Event
    from teckochecker.domain.secret import Credential, Secret, SecretType
    from teckochecker.domain.spec import JobSpec
    from teckochecker.domain.status import JobStatus
    from teckochecker.entrypoints.library import Rehearsal, TeckoChecker
    from teckochecker.entrypoints.settings import Settings, SettingsError

    __version__: str

_NAMES = {
    "application.errors": (
        "Conflict",
        "GatewayError",
        "JobNotFound",
        "NotFound",
        "SecretExists",
        "SecretInUse",
        "SecretNotFound",
        "StorageUnavailable",
        "WrongKey",
    ),
    "application.change": ("JobChange",),
    "application.ports": ("JobQuery",),
    "application.views": ("JobView", "JobViews"),
    "domain.batch": ("Batch", "BatchStatus"),
    "domain.errors": ("InvalidTransition", "InvalidValue", "TeckoCheckerError"),
    "domain.events": ("Event",),
    "domain.secret": ("Credential", "Secret", "SecretType"),
    "domain.spec": ("JobSpec",),
    "domain.status": ("JobStatus",),
    "entrypoints.library": ("Rehearsal", "TeckoChecker"),
    "entrypoints.settings": ("Settings", "SettingsError"),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}

__all__ = [
    "Batch",
    "BatchStatus",
    "Conflict",
    "Credential",
    "Event",
    "GatewayError",
    "InvalidTransition",
    "InvalidValue",
    "JobChange",
    "JobNotFound",
    "JobQuery",
    "JobSpec",
    "JobStatus",
    "JobView",
    "JobViews",
    "NotFound",
    "Rehearsal",
    "Secret",
    "SecretExists",
    "SecretInUse",
    "SecretNotFound",
    "SecretType",
    "Settings",
    "SettingsError",
    "StorageUnavailable",
    "TeckoChecker",
    "TeckoCheckerError",
    "WrongKey",
    "__version__",
]

if not TYPE_CHECKING:  # type checkers are to see the names above and no others

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            return import_module("importlib.metadata").version(__name__)
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
