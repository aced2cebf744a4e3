"""The body of `POST /jobs`: what the Queue accepts and with which sentence it refuses."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from teckochecker.entrypoints.simulator.moments import read_time

_texts = ("component", "config", "tag", "branchId", "variableValuesId", "executor", "previousJobId")
_others = (
    "mode",
    "configData",
    "configRowIds",
    "variableValuesData",
    "backend",
    "delayedStartTime",
    "delay",
    "parallelism",
    "onlyFlowTaskIds",
    "onlyOrchestrationTaskIds",
    "orchestrationJobId",
)
_modes = ("run", "debug", "forceRun")
_parallel = frozenset(("infinity", *map(str, range(2, 101))))


class InvalidDemand(Exception):
    """The Queue refuses the body; the text is its sentence."""


@frozen
class Demand:
    """A body that is well formed; whether its configuration exists is another question."""

    component: str
    config: str | None
    branch: str | None
    mode: str
    variables: dict[str, str] | None
    not_before: float | None
    body: dict[str, Any]

    @classmethod
    def read(cls, body: dict[str, Any] | None, now: float) -> Demand:
        """Raises: InvalidDemand with the sentence to answer."""
        if body is None:
            raise InvalidDemand("The request body is not a JSON object.")
        for name in body:
            if name not in _texts and name not in _others:
                raise InvalidDemand(f'Invalid job: Unrecognized option "{name}" under "job".')
        given = {name: value for name, value in body.items() if value is not None}
        for name in _texts:
            if not isinstance(given.get(name, ""), str):
                raise InvalidDemand(f'Invalid type for path "job.{name}". Expected "string".')
        if not given.get("component"):
            raise InvalidDemand('The child config "component" under "job" must be configured.')
        _check_choices(given)
        if given.get("variableValuesId") and given.get("variableValuesData"):
            raise InvalidDemand('Provide either "variableValuesId" or "variableValuesData", but not both.')
        if not given.get("config") and not given.get("configData"):
            raise InvalidDemand('At least one of "config" and "configData" is required.')
        return cls(
            component=given["component"],
            config=given.get("config"),
            branch=given.get("branchId"),
            mode=given.get("mode", "run"),
            variables=_variables(given.get("variableValuesData")),
            not_before=_start(given, now),
            body=given,
        )


def _check_choices(given: dict[str, Any]) -> None:
    if given.get("mode", "run") not in _modes:
        raise InvalidDemand(f'The value "{given["mode"]}" is not allowed for path "job.mode".')
    rows = given.get("configRowIds", [])
    if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
        raise InvalidDemand('Invalid type for path "job.configRowIds". Expected a list of strings.')
    if "parallelism" in given and str(given["parallelism"]) not in _parallel:
        raise InvalidDemand('Invalid value for path "job.parallelism".')
    for name in ("configData", "backend"):
        if not isinstance(given.get(name, {}), dict):
            raise InvalidDemand(f'Invalid type for path "job.{name}". Expected an object.')


def _variables(data: Any) -> dict[str, str] | None:
    """Names to values. Empty text is refused; other scalars become text the way PHP casts them."""
    if data is None or data == []:
        return None
    if not isinstance(data, dict) or not isinstance(data.get("values", []), list):
        raise InvalidDemand('Invalid type for path "job.variableValuesData.values". Expected "array".')
    values: dict[str, str] = {}
    for place, entry in enumerate(data.get("values", [])):
        path = f"job.variableValuesData.values.{place}"
        if not isinstance(entry, dict):
            raise InvalidDemand(f'Invalid type for path "{path}". Expected "array".')
        for part in ("name", "value"):
            found = entry.get(part)
            if isinstance(found, dict | list):
                raise InvalidDemand(f'Invalid type for path "{path}.{part}". Expected "scalar".')
            if found is None or found == "":
                raise InvalidDemand(f'The path "{path}.{part}" cannot contain an empty value.')
        values[_php_text(entry["name"])] = _php_text(entry["value"])
    return values


def _php_text(value: str | bool | float) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    return str(value)


def _start(given: dict[str, Any], now: float) -> float | None:
    if "delay" in given and "delayedStartTime" in given:
        raise InvalidDemand('"delay" cannot be used together with "delayedStartTime".')
    if "delay" in given:
        delay = given["delay"]
        if isinstance(delay, bool) or not isinstance(delay, int) or delay < 0:
            raise InvalidDemand('Invalid value for path "job.delay". Expected a whole number of seconds, 0 or more.')
        return now + delay if delay else None
    if "delayedStartTime" in given:
        try:
            return read_time(str(given["delayedStartTime"]), now)
        except ValueError:
            raise InvalidDemand('Invalid value for path "job.delayedStartTime". Expected a date.') from None
    return None
