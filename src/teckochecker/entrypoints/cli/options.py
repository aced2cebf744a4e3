"""Kinds of options: switches, bounded numbers, and those that may be given several times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated

from cyclopts import Parameter, validators

from teckochecker.domain.errors import InvalidValue


def _some(_: object, value: float) -> None:
    if not 0 <= value < math.inf:
        raise ValueError("Must be a number from 0 on.")


Number = Annotated[float, Parameter(validator=_some)]
Port = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65535))]
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
