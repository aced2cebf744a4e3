"""When runs begin and end. Runs of one configuration go one after the other: the configuration lock."""

from __future__ import annotations

import heapq
import itertools
from enum import IntEnum

from attrs import define, field

from teckochecker.entrypoints.simulator.project import Stack
from teckochecker.entrypoints.simulator.runs import Run
from teckochecker.entrypoints.simulator.variables import VariablesUnresolved, resolve


class _What(IntEnum):
    """What is due; of things due at one moment the smaller comes first."""

    KILL = 0
    END = 1
    WAITS = 2
    READY = 3


@define(eq=False)
class _Lane:
    current: Run | None = None
    ready: list[tuple[int, Run]] = field(factory=list)


@define(eq=False)
class Schedule:
    """Time passes only when `advance` is told of it; then all that was due happens in its order."""

    stack: Stack
    _lanes: dict[tuple[str, ...], _Lane] = field(factory=dict, init=False)
    _due: list[tuple[float, _What, int, Run]] = field(factory=list, init=False)
    _numbers: itertools.count[int] = field(factory=itertools.count, init=False)

    def add(self, run: Run) -> None:
        if run.script.waiting_for:
            self._plan(run.ready_at, _What.WAITS, run)
        self._plan(run.ready_at + run.script.waiting_for, _What.READY, run)

    def kill(self, run: Run, at: float) -> None:
        self._plan(at, _What.KILL, run)

    def advance(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            at, what, _, run = heapq.heappop(self._due)
            if run.finished:
                continue
            lane = self._lanes.setdefault(run.lane, _Lane())
            match what:
                case _What.WAITS:
                    run.enter("waiting", at)
                case _What.READY:
                    heapq.heappush(lane.ready, (int(run.id), run))
                case _What.END | _What.KILL if run is lane.current:
                    run.enter("terminated" if what is _What.KILL else run.outcome, at)
                    lane.current = None
                case _What.KILL:
                    run.enter("cancelled", at)
            self._begin_next(lane, at)
            if what is _What.READY and run.status == "created":
                run.enter("waiting", at)

    def _plan(self, at: float, what: _What, run: Run) -> None:
        heapq.heappush(self._due, (at, what, next(self._numbers), run))

    def _begin_next(self, lane: _Lane, at: float) -> None:
        while lane.current is None and lane.ready:
            _, run = heapq.heappop(lane.ready)
            if not run.finished:
                lane.current = run
                self._begin(run, at)

    def _begin(self, run: Run, at: float) -> None:
        run.enter("processing", at)
        run.begun_at = at
        run.outcome, run.message = run.script.outcome, run.script.message
        takes = run.script.processing_for
        stored = self.stack.find(run.project_id, run.component, run.config) if run.config else None
        configuration = run.asked.get("configData") or (stored.configuration if stored else {})
        run.config_version = stored.version if stored else None
        try:
            row = run.asked.get("variableValuesId")
            run.configuration = resolve(self.stack, run.project_id, configuration, run.variables, row)
        except VariablesUnresolved as reason:
            run.outcome, run.message = "error", str(reason)
            takes = min(1.0, takes)
        self._plan(at + takes, _What.END, run)
