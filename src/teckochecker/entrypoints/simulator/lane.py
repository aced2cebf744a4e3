"""The configuration lock: runs of one configuration go one after the other."""

from __future__ import annotations

from math import inf

from attrs import define, field

from teckochecker.entrypoints.simulator.project import Stack
from teckochecker.entrypoints.simulator.runs import Run
from teckochecker.entrypoints.simulator.variables import VariablesUnresolved, resolve


@define(eq=False)
class Lane:
    """The runs of one configuration. Time passes only when `advance` is told of it."""

    stack: Stack
    waiting: list[Run] = field(factory=list)
    current: Run | None = None
    free_since: float = -inf

    def advance(self, now: float) -> None:
        """Lets everything happen that was due until now, in the order in which it was due."""
        while self._step(now):
            pass
        for run in self.waiting:
            if run.ready_at <= now and run.status == "created":
                run.enter("waiting", run.ready_at)

    @property
    def idle(self) -> bool:
        return self.current is None and not self.waiting

    def _step(self, now: float) -> bool:
        if self.current is not None:
            return self._finish(self.current, now)
        due = min(((*self._next(run), run) for run in self.waiting), key=lambda item: item[:2], default=None)
        if due is None or due[0] > now:
            return False
        at, _, run = due
        self.waiting.remove(run)
        if run.kill_at is not None and run.kill_at <= at:
            run.enter("cancelled", at)
        else:
            self._begin(run, at)
        return True

    def _next(self, run: Run) -> tuple[float, int]:
        begins = max(run.ready_at + run.script.waiting_for, self.free_since)
        return (begins if run.kill_at is None else min(begins, run.kill_at)), int(run.id)

    def _begin(self, run: Run, at: float) -> None:
        if at > run.ready_at and run.status == "created":
            run.enter("waiting", run.ready_at)
        run.enter("processing", at)
        run.begun_at = at
        run.outcome, run.message = run.script.outcome, run.script.message
        run.ends_at = at + run.script.processing_for
        self.current = run
        stored = self.stack.find(run.project_id, run.component, run.config) if run.config else None
        configuration = run.asked.get("configData") or (stored.configuration if stored else {})
        run.config_version = stored.version if stored else None
        try:
            row = run.asked.get("variableValuesId")
            run.configuration = resolve(self.stack, run.project_id, configuration, run.variables, row)
        except VariablesUnresolved as reason:
            run.outcome, run.message = "error", str(reason)
            run.ends_at = at + min(1.0, run.script.processing_for)

    def _finish(self, run: Run, now: float) -> bool:
        ends = run.ends_at if run.ends_at is not None else inf
        killed = run.kill_at is not None and run.kill_at <= ends
        at = run.kill_at if killed and run.kill_at is not None else ends
        if at > now:
            return False
        run.enter("terminated" if killed else run.outcome, at)
        self.current, self.free_since = None, at
        return True
