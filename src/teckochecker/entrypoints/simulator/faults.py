"""What can go wrong on purpose: rules that say which request meets which mishap."""

from __future__ import annotations

import random
from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from attrs import converters, define, field, frozen, validators

from teckochecker.entrypoints.simulator.wire import Call


class FaultKind(StrEnum):
    """The mishaps. The first group answers nothing of the service, the second spoils its real answer."""

    STATUS = "status"
    MAINTENANCE = "maintenance"
    HTML = "html"
    REDIRECT = "redirect"
    RESET = "reset"
    CLOSE = "close"
    HANG = "hang"

    PASS = "pass"  # noqa: S105 - a fault that only delays
    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    CONTENT_TYPE = "content_type"
    DRIP = "drip"
    HUGE = "huge"


_with_effect = frozenset(
    (
        FaultKind.PASS,
        FaultKind.MALFORMED,
        FaultKind.TRUNCATED,
        FaultKind.CONTENT_TYPE,
        FaultKind.DRIP,
        FaultKind.HUGE,
    )
)


@frozen(kw_only=True)
class Fault:
    """One rule: the requests it is for (all given conditions must hold), and what happens to them.

    `times=None` is for ever. `after_effect` says whether the service acts before the mishap (a run is
    created, its answer is lost); for the spoilt answers it always has acted. Delays, `interval` and a
    hang are seconds of real time, whatever clock the simulator was given; `retry_after_date` is seconds
    from the simulator's now, sent as an HTTP date; `retry_after` is sent as it is.
    """

    kind: FaultKind = field(converter=FaultKind)
    operation: str | None = None
    method: str | None = None
    path: str | None = None
    credential: str | None = None
    times: int | None = field(default=1)
    probability: float = field(default=1.0, validator=[validators.ge(0), validators.le(1)])
    seed: int = 0
    after_effect: bool = False
    delay_before: float = field(default=0.0, validator=validators.ge(0))
    delay_after: float = field(default=0.0, validator=validators.ge(0))
    status: int = field(default=500, validator=[validators.ge(200), validators.le(999)])
    body: Any = None
    headers: Mapping[str, str] = field(factory=dict)
    retry_after: str | None = field(default=None, converter=converters.optional(str))
    retry_after_date: float | None = None
    location: str = "/elsewhere"
    interval: float = field(default=0.1, validator=validators.ge(0))
    size: int = field(default=64 * 1024 * 1024, validator=validators.ge(1))

    @times.validator
    def _at_least_once(self, _: object, value: int | None) -> None:
        if value is not None and value < 1:
            raise ValueError(f"times must be at least 1, or None for ever; it is {value}")

    @property
    def acts(self) -> bool:
        return self.after_effect or self.kind in _with_effect

    def fits(self, call: Call) -> bool:
        return (
            (self.operation is None or self.operation == call.operation)
            and (self.method is None or self.method.upper() == call.method)
            and (self.credential is None or self.credential == call.credential)
            and (self.path is None or fnmatchcase(call.path, self.path))
        )


@define
class _Rule:
    fault: Fault
    left: int | None
    chance: random.Random
    played: int = 0

    def takes(self, call: Call) -> bool:
        if self.left == 0 or not self.fault.fits(call):
            return False
        if self.fault.probability < 1 and self.chance.random() >= self.fault.probability:
            return False
        self.played += 1
        self.left = None if self.left is None else self.left - 1
        return True


@define
class FaultRules:
    """The rules of one server in their order; the first that takes a request plays."""

    _rules: list[_Rule] = field(factory=list)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def add(self, fault: Fault) -> None:
        chance = random.Random(fault.seed)  # noqa: S311 - repeatable on purpose
        self._rules.append(_Rule(fault, fault.times, chance))

    def clear(self) -> None:
        self._rules.clear()

    def pick(self, call: Call) -> Fault | None:
        """The fault this request meets; rules that are used up are dropped, so that none cost nothing."""
        for rule in self._rules:
            if rule.takes(call):
                if rule.left == 0:
                    self._rules.remove(rule)
                return rule.fault
        return None

    def describe(self) -> list[dict[str, Any]]:
        return [
            {
                "kind": str(rule.fault.kind),
                "operation": rule.fault.operation,
                "path": rule.fault.path,
                "left": rule.left,
                "played": rule.played,
            }
            for rule in self._rules
        ]
