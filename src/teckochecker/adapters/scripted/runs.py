"""The truth about runs: when each begins and ends, under the configuration's lock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from attrs import define, field

from teckochecker.domain.run import KeboolaRun
from teckochecker.domain.values import KeboolaTarget

Lock = tuple[str, str, str, str]
"""Stack, project, component and configuration: of these, one run at a time is under way."""

_SECOND: Final = timedelta(seconds=1)


@define(eq=False, kw_only=True)
class ScriptedRun:
    """One run: what was asked, and what became of it.

    It may begin at `ready_at`. `duration`, `ending` (success, warning or error) and `message` may be changed until
    it ends; the search shows it `index_lag` late. `kill_at` is when a kill takes effect.
    """

    id: str
    target: KeboolaTarget
    variables: Mapping[str, str] = field(repr=False)
    project_id: str
    token_id: str
    created_at: datetime
    not_before: datetime | None = None
    ready_at: datetime
    duration: timedelta
    ending: str
    message: str | None = None
    index_lag: timedelta
    begun_at: datetime | None = None
    kill_asked_at: datetime | None = None
    kill_at: datetime | None = None

    @property
    def lock(self) -> Lock:
        """What it must have for itself while it is under way."""
        return self.target.stack_url, self.project_id, self.target.component_id, self.target.configuration_id

    @property
    def ends_at(self) -> datetime | None:
        """When it ends, as things stand; None while that is open."""
        if self.begun_at is None:
            return self.kill_at
        end = self.begun_at + self.duration
        return min(end, self.kill_at) if self.kill_at else end

    def status_at(self, when: datetime) -> str:
        """Its status at a moment that has passed."""
        if self.ends_at and self.ends_at <= when:
            if self.begun_at is None:
                return "cancelled"
            return "terminated" if self.ends_at == self.kill_at else self.ending
        if self.begun_at and self.begun_at <= when:
            return "terminating" if self.kill_asked_at and self.kill_asked_at <= when else "processing"
        return "created" if when <= self.ready_at else "waiting"

    def seen_at(self, when: datetime) -> KeboolaRun:
        """The run as Keboola tells of it at a moment that has passed."""
        started = self.begun_at if self.begun_at and self.begun_at <= when else None
        ended = self.ends_at if self.ends_at and self.ends_at <= when else None
        return KeboolaRun(
            id=self.id,
            status=self.status_at(when),
            component_id=self.target.component_id,
            configuration_id=self.target.configuration_id,
            project_id=self.project_id,
            trigger_id=self.variables.get("trigger_id"),
            token_id=self.token_id,
            created_at=self.created_at,
            not_before=self.not_before,
            started_at=started,
            ended_at=ended,
            duration_s=(ended - started) // _SECOND if started and ended else None,
            message=self.message if started and ended else None,
            link=f"{self.target.stack_url}/admin/projects/{self.project_id}/queue/{self.id}",
        )


@define(eq=False)
class Queue:
    """Lets runs begin, one at a time of each configuration, the first that may."""

    _lines: dict[Lock, list[ScriptedRun]] = field(factory=dict, init=False)
    _last: dict[Lock, ScriptedRun] = field(factory=dict, init=False)

    def join(self, run: ScriptedRun) -> None:
        """A new run waits for its turn."""
        self._lines.setdefault(run.lock, []).append(run)

    def settle(self, now: datetime) -> None:
        """Let everything happen that should have happened by now."""
        for lock, line in self._lines.items():
            while self._step(lock, line, now):
                pass

    def _step(self, lock: Lock, line: list[ScriptedRun], now: datetime) -> bool:
        """The next thing that happens in a line: a run is cancelled, or one begins. False: nothing by now."""
        last = self._last.get(lock)
        free_at = last.ends_at if last else None
        for run in sorted(line, key=lambda run: run.ready_at):
            begins = max(run.ready_at, free_at) if free_at else run.ready_at
            if run.kill_at and run.kill_at <= min(begins, now):
                line.remove(run)
                return True
            if begins <= now and not (run.kill_at and run.kill_at <= begins):
                line.remove(run)
                run.begun_at, self._last[lock] = begins, run
                return True
        return False
