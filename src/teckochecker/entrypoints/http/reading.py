"""JSON bodies become classes here, or all their faults are told at once, each with the place where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import cattrs
import msgspec
from attrs import frozen
from cattrs.gen import make_dict_structure_fn, override
from litestar.openapi.spec import Schema

from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.values import cleaned

T = TypeVar("T")

Read = Callable[[Any, str], Any]
"""Makes a value of what JSON gave for a field of this name. Raises InvalidValue with the whole sentence."""

Relations = Callable[[Mapping[str, Any]], Iterator["Fault"]]
"""What is wrong between the fields of a body."""

NO_OBJECT: Final = "The body must be a JSON object"
REFUSED: Final = object()
"""Where null stands for nothing."""

_MOST_FAULTS: Final = 50


@frozen
class Fault:
    """What is wrong, and where: `pointer` is a JSON pointer into the body."""

    pointer: str
    detail: str


class InvalidBody(InvalidValue):
    """A body breaks its rules; `faults` are all of them."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(dict.fromkeys(fault.detail for fault in faults)))
        self.faults = faults


class NoJson(InvalidValue):
    """A body that is no JSON."""


@frozen
class Rule:
    """A field of a body: how it is read, and how the API's description puts it.

    `null` is what null stands for, where that is allowed; `absent` says that the field is missing.
    """

    read: Read
    schema: Schema
    null: Any = REFUSED
    absent: str | None = None


@frozen
class Form:
    """The fields that a body may have, and what has to hold between them, with its description."""

    rules: Mapping[str, Rule]
    relations: Relations | None = None
    relation_schemas: Sequence[Schema] = ()


class Reader:
    """Reads the bodies of these classes."""

    def __init__(self, forms: Mapping[type, Form]) -> None:
        self.forms = forms
        self._converter = cattrs.Converter(forbid_extra_keys=True)
        for kind, form in forms.items():
            hooks: dict[str, Any] = {name: override(struct_hook=_hook(name, rule)) for name, rule in form.rules.items()}
            self._converter.register_structure_hook(kind, make_dict_structure_fn(kind, self._converter, **hooks))

    def read(self, body: bytes, kind: type[T]) -> T:
        """What the body says; an empty one names no field.

        Raises:
            NoJson: it is no JSON.
            InvalidBody: fields are missing, unknown, or break their rules.
        """
        given = _parsed(body)
        if not isinstance(given, dict):
            raise InvalidBody(Fault("", NO_OBJECT))
        form = self.forms[kind]
        faults = list(form.relations(given)) if form.relations else []
        try:
            made = self._converter.structure(given, kind)
        except cattrs.ClassValidationError as error:
            faults = [*_flat(error, form), *faults]
        if faults:
            raise InvalidBody(*faults[:_MOST_FAULTS])
        return made


def step(key: str | int) -> str:
    """One step of a JSON pointer."""
    return "/" + cleaned(str(key), 100).replace("~", "~0").replace("/", "~1")


def _parsed(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoJson(f"The body is not JSON: {cleaned(str(error), 200)}") from error


def _hook(name: str, rule: Rule) -> Callable[[Any, Any], Any]:
    if rule.null is REFUSED:
        return lambda value, _: rule.read(value, name)
    return lambda value, _: rule.null if value is None else rule.read(value, name)


def _flat(error: cattrs.ClassValidationError, form: Form) -> Iterator[Fault]:
    """What cattrs found wrong with an object, in the order of its fields."""
    known, others = error.group_exceptions()
    for wrong, note in known:
        at = step(note.name)
        match wrong:
            case InvalidBody():
                yield from (Fault(at + fault.pointer, fault.detail) for fault in wrong.faults)
            case KeyError():
                yield Fault(at, form.rules[note.name].absent or f"'{note.name}' is required")
            case _:
                yield Fault(at, str(wrong))
    for other in others:
        if isinstance(other, cattrs.ForbiddenExtraKeysError):
            for key in sorted(other.extra_fields):
                yield Fault(step(key), f"'{cleaned(key, 100)}' is unknown here")
        else:
            yield Fault("", str(other))
