"""How the fields of bodies are read: by the same rules as everywhere, telling all that is wrong at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from litestar.params import PathParameter, QueryParameter

from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.values import BatchId, check_distinct, variables
from teckochecker.entrypoints.http.reading import Fault, InvalidBody, Read, step

LARGEST: Final = 2**63 - 1
"""The largest number that every database holds."""

PathId = Annotated[int, PathParameter(ge=1, le=LARGEST)]
"""An id in an address."""

Cursor = Annotated[
    int, QueryParameter(ge=0, le=LARGEST, description="The `next_cursor` of the page before; 0 for the first page")
]
"""Where a list goes on. It takes no null, or whoever sent the last page's would go round in circles."""


def text(rule: Callable[[str], Any] = str) -> Read:
    """A text that also obeys `rule`."""

    def read(value: Any, name: str) -> Any:
        if not isinstance(value, str):
            raise InvalidValue(f"'{name}' must be text")
        return rule(value)

    return read


def whole(rule: Callable[[int], Any] = int) -> Read:
    """A whole number that also obeys `rule`."""

    def read(value: Any, name: str) -> Any:
        if type(value) is float and value.is_integer():  # JSON knows one kind of number
            value = int(value)
        if type(value) is not int or abs(value) > LARGEST:
            raise InvalidValue(f"'{name}' must be a whole number")
        return rule(value)

    return read


def truth(value: Any, name: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise InvalidValue(f"'{name}' must be true or false")
    return value


def moment(value: Any, name: str) -> datetime:
    """A time with its offset, as UTC."""
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo:
            return found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise InvalidValue(f"'{name}' must be a time with its offset, such as 2026-01-05T12:00:00Z")


def several(rule: Callable[[str], Any], of_all: Callable[[list[str]], Any]) -> Read:
    """A list of texts that obey `rule` each, and `of_all` together."""

    def read(value: Any, name: str) -> Any:
        if not isinstance(value, list):
            raise InvalidValue(f"'{name}' must be a list")
        faults = [fault for place, entry in enumerate(value) for fault in _wrong(text(rule), entry, name, step(place))]
        texts = [entry for entry in value if isinstance(entry, str)]
        faults += _wrong(lambda given, _: of_all(given), texts, name, "")
        if faults:
            raise InvalidBody(*faults)
        return tuple(rule(entry) for entry in value)

    return read


batch_ids: Final = several(BatchId, check_distinct)
"""The ids of a job's batches."""


def pairs(value: Any, name: str) -> Mapping[str, str]:
    """Extra variables."""
    if not isinstance(value, dict):
        raise InvalidValue(f"'{name}' must be an object")
    faults = [
        fault
        for key, entry in value.items()
        for fault in _wrong(lambda given, _: variables(given), {key: entry}, name, step(key))
    ]
    if faults:
        raise InvalidBody(*faults)
    return variables(value)


def _wrong(read: Read, value: Any, name: str, pointer: str) -> list[Fault]:
    try:
        read(value, name)
    except InvalidValue as wrong:
        return [Fault(pointer, str(wrong))]
    return []
