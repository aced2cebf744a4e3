"""The filters of `GET /search/jobs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any
from urllib.parse import parse_qsl

from attrs import frozen

from teckochecker.entrypoints.simulator.moments import read_time

_lists = {
    "id": "id",
    "runId": "runId",
    "parentRunId": "parentRunId",
    "componentId": "component",
    "component": "component",
    "configId": "config",
    "config": "config",
    "mode": "mode",
    "status": "status",
    "type": "type",
    "branchId": "branchId",
    "tokenId": "token.id",
    "tokenDescription": "token.description",
    "configRowIds": "configRowIds",
}
_times = {
    f"{name}{end}": (field, end)
    for name, field in (("createdTime", "createdTime"), ("startTime", "startTime"), ("endTime", "endTime"))
    for end in ("From", "To")
}
_sortable = {
    "id": "id",
    "runId": "runId",
    "projectId": "project.id",
    "branchId": "branchId",
    "componentId": "component",
    "configId": "config",
    "tokenDescription": "token.description",
    "status": "status",
    "createdTime": "createdTime",
    "startTime": "startTime",
    "endTime": "endTime",
    "durationSeconds": "durationSeconds",
}
largest_page = 1000


@frozen
class Search:
    """What was asked for. `wanted` maps a place in the Job object to the values that fit."""

    wanted: Mapping[str, frozenset[str]]
    times: Sequence[tuple[str, str, float]]
    durations: tuple[float, float]
    offset: int
    limit: int
    sort_by: str
    descending: bool

    @classmethod
    def read(cls, query: str, now: float) -> Search:
        """Takes `name[]=v`, `name[0]=v` and plain `name=v`. Raises: ValueError with the sentence to answer."""
        wanted: dict[str, set[str]] = {}
        times: list[tuple[str, str, float]] = []
        single: dict[str, str] = {}
        for raw, value in parse_qsl(query, keep_blank_values=True):
            name = raw.partition("[")[0]
            if name in _lists:
                wanted.setdefault(_lists[name], set()).add(value)
            elif name in _times:
                times.append((*_times[name], _time(name, value, now)))
            else:
                single[name] = value
        sort_by, order = single.get("sortBy", "id"), single.get("sortOrder", "desc")
        if sort_by not in _sortable:
            raise ValueError(f'The value "{sort_by}" is invalid for sortBy.')
        if order not in ("asc", "desc"):
            raise ValueError(f'The value "{order}" is invalid for sortOrder.')
        return cls(
            {place: frozenset(values) for place, values in wanted.items()},
            times,
            (_seconds(single, "durationSecondsFrom", 0.0), _seconds(single, "durationSecondsTo", inf)),
            _whole(single, "offset", 0, 0, 10_000_000),
            _whole(single, "limit", 100, 1, largest_page),
            _sortable[sort_by],
            order == "desc",
        )

    def fits(self, job: Mapping[str, Any], main_branch: str) -> bool:
        for place, values in self.wanted.items():
            found = _at(job, place)
            have = {str(item) for item in found} if isinstance(found, list) else {str(found)}
            if place == "branchId" and found == main_branch:
                have.add("null")
            if not have & values:
                return False
        for place, end, limit in self.times:
            text = job[place]
            if text is None:
                return False
            moment = read_time(text, 0.0)
            if (moment < limit) if end == "From" else (moment > limit):
                return False
        low, high = self.durations
        return low <= float(job["durationSeconds"]) <= high

    def page(self, jobs: list[dict[str, Any]], main_branch: str) -> list[dict[str, Any]]:
        found = [job for job in jobs if self.fits(job, main_branch)]
        found.sort(key=lambda job: (self._rank(job), int(job["id"])), reverse=self.descending)
        return found[self.offset : self.offset + self.limit]

    def _rank(self, job: Mapping[str, Any]) -> tuple[float, str]:
        value = _at(job, self.sort_by)
        if self.sort_by == "id" or isinstance(value, int):
            return float(value), ""
        return 0.0, str(value or "")


def _at(job: Mapping[str, Any], place: str) -> Any:
    first, _, second = place.partition(".")
    return job[first][second] if second else job[first]


def _time(name: str, value: str, now: float) -> float:
    try:
        return read_time(value, now)
    except ValueError:
        raise ValueError(f'The value "{value}" is not a valid time for {name}.') from None


def _seconds(single: Mapping[str, str], name: str, otherwise: float) -> float:
    text = single.get(name)
    if text is None:
        return otherwise
    try:
        return float(text)
    except ValueError:
        raise ValueError(f'The value "{text}" is invalid for {name}.') from None


def _whole(single: Mapping[str, str], name: str, otherwise: int, low: int, high: int) -> int:
    text = single.get(name, str(otherwise))
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise ValueError(f'The value "{text}" is invalid for {name}.')
    return int(text)
