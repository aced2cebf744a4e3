"""The filters of `GET /search/jobs`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from urllib.parse import parse_qsl

from attrs import frozen

from teckochecker.entrypoints.simulator.moments import read_time
from teckochecker.entrypoints.simulator.runs import Run

# What a run shows to the index, which sees it as it was at a moment.
_shown: dict[str, Callable[[Run, float], str]] = {
    "id": lambda run, _: run.id,
    "runId": lambda run, _: run.run_id,
    "parentRunId": lambda run, _: run.parent_run_id,
    "projectId": lambda run, _: run.project_id,
    "branchId": lambda run, _: run.branch,
    "componentId": lambda run, _: run.component,
    "configId": lambda run, _: run.config or "",
    "tokenId": lambda run, _: run.token_id,
    "tokenDescription": lambda run, _: run.token_description,
    "mode": lambda run, _: str(run.asked.get("mode", "run")),
    "type": lambda run, _: run.type,
    "status": lambda run, moment: run.status_at(moment) or "",
}
_measured: dict[str, Callable[[Run, float], float | None]] = {
    "createdTime": lambda run, _: int(run.created_at),
    "startTime": lambda run, moment: run.started_by(moment),
    "endTime": lambda run, moment: run.ended_by(moment),
    "durationSeconds": lambda run, moment: run.seconds_at(moment),
}
_aliases = {"component": "componentId", "config": "configId"}
_ranges = {f"{name}{end}": (name, end) for name in _measured for end in ("From", "To")}
_ranked = {**_measured, "updatedTime": Run.updated_by}
_sortable = {*_shown, *_ranked} - {"parentRunId", "tokenId", "mode", "type"}
largest_page = 1000


@frozen
class Search:
    """What was asked for: fitting texts, fitting ranges, and which page in which order.

    `kinds` are types of components, as in `componentProps[type]=application`.
    """

    wanted: Mapping[str, frozenset[str]]
    rows: frozenset[str]
    kinds: frozenset[str]
    ranges: Sequence[tuple[str, str, float]]
    offset: int
    limit: int
    sort_by: str
    descending: bool

    @classmethod
    def read(cls, query: str, now: float) -> Search:
        """Takes `name[]=v`, `name[0]=v` and plain `name=v`. Raises: ValueError with the sentence to answer."""
        wanted: dict[str, set[str]] = {}
        ranges: list[tuple[str, str, float]] = []
        single: dict[str, str] = {}
        for raw, value in parse_qsl(query, keep_blank_values=True):
            name = _aliases.get(bare := raw.partition("[")[0], bare)
            if name in _shown or name == "configRowIds":
                wanted.setdefault(name, set()).add(value)
            elif raw == "componentProps[type]":
                wanted.setdefault("kinds", set()).add(value)
            elif name in _ranges:
                ranges.append((*_ranges[name], _limit(name, value, now)))
            elif name in ("sortBy", "sortOrder", "offset", "limit"):
                single[name] = value
            else:
                raise ValueError(f'The filter "{name}" is not known.')
        sort_by, order = single.get("sortBy", "id"), single.get("sortOrder", "desc")
        if sort_by not in _sortable:
            raise ValueError(f'The value "{sort_by}" is invalid for sortBy.')
        if order not in ("asc", "desc"):
            raise ValueError(f'The value "{order}" is invalid for sortOrder.')
        rows, kinds = (frozenset(wanted.pop(name, ())) for name in ("configRowIds", "kinds"))
        return cls(
            {name: frozenset(values) for name, values in wanted.items()},
            rows,
            kinds,
            ranges,
            _whole(single, "offset", 0, 0, 10_000_000),
            _whole(single, "limit", 100, 1, largest_page),
            sort_by,
            order == "desc",
        )

    def fits(self, run: Run, moment: float, main_branch: str) -> bool:
        for name, values in self.wanted.items():
            shown = _shown[name](run, moment)
            if shown not in values and not (name == "branchId" and shown == main_branch and "null" in values):
                return False
        if self.rows and not self.rows.intersection(run.asked.get("configRowIds", ())):
            return False
        for name, end, limit in self.ranges:
            found = _measured[name](run, moment)
            if found is None or (found < limit if end == "From" else found > limit):
                return False
        return True

    def page(self, runs: Iterable[Run], moment: float, main_branch: str) -> list[Run]:
        """The runs of the page that was asked for, out of an index that knows them as they were at `moment`."""
        found = [run for run in runs if self.fits(run, moment, main_branch)]
        found.sort(key=lambda run: self._rank(run, moment), reverse=self.descending)
        return found[self.offset : self.offset + self.limit]

    def _rank(self, run: Run, moment: float) -> tuple[float, str, int]:
        number = int(run.id)
        if self.sort_by == "id":
            return 0.0, "", number
        if self.sort_by in _ranked:
            value = _ranked[self.sort_by](run, moment)
            return (-inf if value is None else value), "", number
        return 0.0, _shown[self.sort_by](run, moment), number


def _limit(name: str, value: str, now: float) -> float:
    try:
        return float(value) if name.startswith("duration") else read_time(value, now)
    except ValueError:
        raise ValueError(f'The value "{value}" is invalid for {name}.') from None


def _whole(single: Mapping[str, str], name: str, otherwise: int, low: int, high: int) -> int:
    text = single.get(name, str(otherwise))
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise ValueError(f'The value "{text}" is invalid for {name}.')
    return int(text)
