"""Kinds of options: switches, how many of a list, and those that may be given several times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from cyclopts import Parameter, validators

from teckochecker.domain.errors import InvalidValue

Limit = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=1000))]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]
BatchIds = Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)]
Rows = Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)]
Variables = Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)]


def pairs(given: Sequence[str]) -> Mapping[str, str]:
    """`NAME=VALUE` texts as a mapping.

    Raises:
        InvalidValue: one has no `=`, or a name comes twice.
    """
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise InvalidValue("A variable is given as NAME=VALUE", field="variables")
        if name in found:
            raise InvalidValue(f"The variable '{name}' is given twice", field="variables")
        found[name] = value
    return found
