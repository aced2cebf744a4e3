"""Definitions of jobs as files: TOML for people, JSON for programs."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import NOTHING, field, fields, frozen

from teckochecker.application.errors import FaultyDefinitions
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.spec import JobSpec
from teckochecker.domain.values import cleaned

_STANDARD_INPUT: Final = Path("-")
_TEXTS: Final = "a list of texts"
_KINDS: Final = {
    "key": "a text",
    "name": "a text",
    "batch_ids": _TEXTS,
    "openai_secret": "a text",
    "keboola_secret": "a text",
    "keboola_stack_url": "a text",
    "keboola_component_id": "a text",
    "keboola_configuration_id": "a text",
    "poll_interval_seconds": "a whole number",
    "branch_id": "a text",
    "row_ids": _TEXTS,
    "variables": "a table of texts",
}
"""The fields of a definition, in the order in which they are written, and what each holds."""

_NEEDED: Final = {one.name for one in fields(JobSpec) if one.default is NOTHING}


@frozen
class Definitions:
    """What a file says: specs by their place, and the faults of those that cannot be read."""

    specs: Mapping[str, JobSpec] = field(factory=dict)
    faults: Sequence[str] = ()


def read(file: Path) -> Definitions:
    """The definitions in a file, which is JSON when its name ends so, else TOML. `-` is standard input, of either kind.

    Raises:
        FaultyDefinitions: it cannot be read at all.
    """
    piped = file == _STANDARD_INPUT
    source = "Standard input" if piped else str(file)
    try:
        text = (sys.stdin.buffer.read() if piped else file.read_bytes()).decode("utf-8-sig")
        is_json = text.lstrip().startswith("{") if piped else file.suffix.lower() == ".json"
        given = json.loads(text) if is_json else tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise FaultyDefinitions([f"{source} is not UTF-8 text"]) from error
    except OSError as error:
        raise FaultyDefinitions([f"{source} cannot be read: {error.strerror}"]) from error
    except ValueError as error:
        raise FaultyDefinitions([f"{source} cannot be read: {cleaned(str(error), 200)}"]) from error
    jobs = given.get("jobs") if isinstance(given, dict) else None
    if not isinstance(jobs, list) or set(given) != {"jobs"}:
        raise FaultyDefinitions([f"{source} must hold a list `jobs` and nothing beside it"])
    specs: dict[str, JobSpec] = {}
    faults: list[str] = []
    for number, job in enumerate(jobs, start=1):
        place = _place(number, job)
        wrong = _faults(job)
        try:
            if not wrong:
                specs[place] = JobSpec(**{**job, "row_ids": tuple(job.get("row_ids", ()))})
        except InvalidValue as error:
            wrong = [str(error)]
        faults += [f"{place}: {fault}" for fault in wrong]
    return Definitions(specs, faults)


def body(specs: Sequence[JobSpec]) -> dict[str, list[dict[str, Any]]]:
    """The same as JSON; what is empty is left out."""
    return {"jobs": [{name: value for name in _KINDS if (value := _plain(getattr(spec, name)))} for spec in specs]}


def toml(specs: Sequence[JobSpec]) -> str:
    """The same as TOML."""
    import tomli_w

    return tomli_w.dumps(body(specs))


def _place(number: int, job: Any) -> str:
    named = job.get("key", job.get("name")) if isinstance(job, dict) else None
    return f"job {number} '{cleaned(named, 80)}'" if isinstance(named, str) else f"job {number}"


def _faults(job: Any) -> list[str]:
    """Everything that is wrong with the shape of a definition."""
    if not isinstance(job, dict):
        return ["it must be a table"]
    missing = [f"`{name}` is missing" for name in _KINDS if name in _NEEDED and name not in job]
    unknown = [f"there is no field `{cleaned(name, 80)}`" for name in job if name not in _KINDS]
    wrong = [f"`{name}` must be {_KINDS[name]}" for name in _KINDS if name in job and not _is(job[name], _KINDS[name])]
    return missing + unknown + wrong


def _is(value: Any, kind: str) -> bool:
    match kind:
        case "a whole number":
            return isinstance(value, int) and not isinstance(value, bool)
        case "a list of texts":
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
        case "a table of texts":
            return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    return isinstance(value, str)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [str(one) for one in value]
    return str(value) if isinstance(value, str) else value
