"""One Keboola run: what was asked, what has happened, and how it looked at any moment."""

from __future__ import annotations

from typing import Any, Literal

from attrs import define, field, frozen, validators

from teckochecker.entrypoints.simulator.moments import keboola_time

killable = ("created", "waiting", "processing")
finished = ("success", "warning", "error", "cancelled", "terminated")
_containers = ("keboola.flow", "keboola.orchestrator")


@frozen
class RunScript:
    """Seconds in each state, then how the run ends. Delays and the configuration lock come on top."""

    created_for: float = field(default=0.5, validator=validators.ge(0))
    waiting_for: float = field(default=0.0, validator=validators.ge(0))
    processing_for: float = field(default=2.0, validator=validators.ge(0))
    outcome: Literal["success", "warning", "error"] = field(
        default="success", validator=validators.in_(("success", "warning", "error"))
    )
    message: str = "Component processing finished."


@define(eq=False)
class Run:
    """A run and its history of (moment, status); moments are those of the simulator's clock.

    `configuration` is what the component saw, or None until the run began.
    """

    id: str
    component: str
    config: str | None
    project_id: str
    project_name: str
    token: str
    token_id: str
    token_description: str
    created_at: float
    ready_at: float
    script: RunScript
    asked: dict[str, Any]
    branch: str
    url: str
    variables: dict[str, str] | None = None
    parent_run_id: str = ""
    delayed_until: float | None = None
    config_version: int | None = None
    history: list[tuple[float, str]] = field(factory=list)
    begun_at: float | None = None
    ended_at: float | None = None
    outcome: str = "success"
    message: str | None = None
    configuration: dict[str, Any] | None = None
    kill_asked_at: float | None = None

    def __attrs_post_init__(self) -> None:
        self.history.append((self.created_at, "created"))

    @property
    def lane(self) -> tuple[str, ...]:
        """Runs of one lane go one after the other; a run without stored configuration is alone in its lane."""
        alone = self.config is None or bool(self.asked.get("configData"))
        return (self.project_id, self.branch, self.component, f"alone {self.id}" if alone else str(self.config))

    @property
    def status(self) -> str:
        return self.history[-1][1]

    @property
    def begun(self) -> bool:
        return self.begun_at is not None

    @property
    def finished(self) -> bool:
        return self.status in finished

    @property
    def killed(self) -> bool:
        return self.kill_asked_at is not None

    def enter(self, status: str, at: float) -> None:
        self.history.append((at, status))
        if status in finished:
            self.ended_at = at

    def status_at(self, moment: float) -> str | None:
        """The status at that moment, or None before the run was created."""
        shown = None
        for at, status in self.history:
            if at > moment:
                break
            shown = status
        return shown

    @property
    def run_id(self) -> str:
        return f"{self.parent_run_id}.{self.id}" if self.parent_run_id else self.id

    @property
    def type(self) -> str:
        return "orchestrationContainer" if self.component in _containers else "standard"

    def started_by(self, moment: float) -> float | None:
        return self.begun_at if self.begun_at is not None and self.begun_at <= moment else None

    def ended_by(self, moment: float) -> float | None:
        return self.ended_at if self.ended_at is not None and self.ended_at <= moment else None

    def updated_by(self, moment: float) -> float:
        """When its status changed last."""
        return max((at for at, _ in self.history if at <= moment), default=self.created_at)

    def seconds_at(self, moment: float) -> int:
        """How long it had been processing."""
        started, ended = self.started_by(moment), self.ended_by(moment)
        return 0 if started is None else int((moment if ended is None else ended) - started)

    def view(self, moment: float) -> dict[str, Any]:
        """The Job object of the Queue API as it was at `moment`, empty objects as `[]` as PHP sends them.

        The rows are in `configRowIds` alone: the `configRow` that the published schema still names is not answered.
        """
        status = self.status_at(moment) or "created"
        started, ended = self.started_by(moment), self.ended_by(moment)
        killed = self.kill_asked_at is not None and self.kill_asked_at <= moment
        values = self.variables
        pairs = None if values is None else [{"name": name, "value": text} for name, text in values.items()]
        asked = self.asked
        return {
            "id": self.id,
            "runId": self.run_id,
            "parentRunId": self.parent_run_id,
            "project": {"id": self.project_id, "name": self.project_name},
            "token": {"id": self.token_id, "description": self.token_description},
            "status": status,
            "desiredStatus": "terminating" if killed else "processing",
            "mode": asked.get("mode", "run"),
            "component": self.component,
            "config": self.config,
            "configData": asked.get("configData") or [],
            "configRowIds": asked.get("configRowIds") or [],
            "tag": asked.get("tag", "1.2.3"),
            "createdTime": keboola_time(self.created_at),
            "startTime": keboola_time(started),
            "endTime": keboola_time(ended),
            "delayedStartTime": keboola_time(self.delayed_until),
            "durationSeconds": self.seconds_at(moment),
            "result": self._result(status) if ended is not None else [],
            "usageData": [],
            "isFinished": status in finished,
            "url": self.url,
            "branchId": self.branch,
            "variableValuesId": asked.get("variableValuesId"),
            "variableValuesData": {"values": pairs} if pairs else [],
            "backend": asked.get("backend") or [],
            "executor": asked.get("executor", "dind"),
            "metrics": {"backend": {"size": "small"}} if ended is not None and started is not None else [],
            "behavior": {"onError": None},
            "parallelism": asked.get("parallelism"),
            "type": self.type,
            "orchestrationJobId": None,
            "orchestrationTaskId": None,
            "onlyOrchestrationTaskIds": None,
            "previousJobId": None,
        }

    def _result(self, status: str) -> dict[str, Any]:
        if status in ("cancelled", "terminated"):
            return {"message": f"Job was {status}.", "images": []}
        result: dict[str, Any] = {
            "message": self.message,
            "images": [],
            "input": {"tables": []},
            "output": {"tables": []},
        }
        if self.config_version is not None:
            result["configVersion"] = self.config_version
        if self.variables:
            pairs = [{"name": name, "value": text} for name, text in self.variables.items()]
            result["variables"] = pairs
        if status == "error":
            result["error"] = {"type": "user", "exceptionId": f"exception-{self.id}"}
        return result
