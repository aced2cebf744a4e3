"""Batches that live by a script: what OpenAI would show of them at any moment."""

from __future__ import annotations

from math import inf
from typing import Any

from attrs import define, field, frozen, validators

from teckochecker.entrypoints.simulator.wire import encode_json

_moment_of = {
    "in_progress": "in_progress_at",
    "finalizing": "finalizing_at",
    "completed": "completed_at",
    "failed": "failed_at",
    "expired": "expired_at",
    "cancelling": "cancelling_at",
    "cancelled": "cancelled_at",
}
_day = 86_400


@frozen
class Stage:
    """A status and how many seconds it lasts."""

    status: str
    lasts: float = field(validator=validators.ge(0))


@frozen
class Ending:
    """How a batch ends, with its final counts and what it leaves behind.

    `error_file` may be the empty string, which OpenAI really sends for a clean batch.
    """

    status: str
    completed: int = 0
    failed: int = 0
    output_file: str | None = None
    error_file: str | None = None
    errors: tuple[dict[str, Any], ...] = ()


@frozen
class BatchScript:
    """Stages in their order, then the ending; without an ending the last stage lasts for ever."""

    stages: tuple[Stage, ...]
    ending: Ending | None = None
    total: int = field(default=100, validator=validators.ge(0))
    window: float = _day

    def __attrs_post_init__(self) -> None:
        if not self.stages and self.ending is None:
            raise ValueError("a script needs a stage or an ending")

    @classmethod
    def succeeds(cls, after: float = 7.0, *, total: int = 100, failed: int = 0) -> BatchScript:
        """Completed after that many seconds; with every request failed there is no output file."""
        output = "file-{id}-output" if failed < total else None
        ending = Ending("completed", total - failed, failed, output, "file-{id}-error" if failed else "")
        return cls(_usual_way(after), ending, total)

    @classmethod
    def all_requests_failed(cls, after: float = 7.0, *, total: int = 9) -> BatchScript:
        return cls.succeeds(after, total=total, failed=total)

    @classmethod
    def fails(cls, after: float = 2.0, *, code: str = "token_limit_exceeded") -> BatchScript:
        """Failed while its input was checked."""
        message = f"The input was not accepted ({code})."
        entry = {"code": code, "message": message, "param": None, "line": None}
        return cls((Stage("validating", after),), Ending("failed", errors=(entry,)), 0)

    @classmethod
    def expires(cls, after: float = 7.0, *, total: int = 10, completed: int = 4, failed: int = 1) -> BatchScript:
        """Out of time with a part done: completed and failed together stay below the total."""
        stages = (Stage("validating", after / 7), Stage("in_progress", after * 6 / 7))
        output = "file-{id}-output" if completed else None
        return cls(stages, Ending("expired", completed, failed, output, "file-{id}-error"), total, after)

    @classmethod
    def cancelled(cls, after: float = 7.0, *, total: int = 10, completed: int = 3) -> BatchScript:
        stages = (
            Stage("validating", after / 7),
            Stage("in_progress", after * 4 / 7),
            Stage("cancelling", after * 2 / 7),
        )
        output = "file-{id}-output" if completed else None
        return cls(stages, Ending("cancelled", completed, 0, output, "file-{id}-error"), total)

    @classmethod
    def stays(cls, status: str = "in_progress", *, total: int = 100) -> BatchScript:
        """One status for ever, also one that OpenAI does not know."""
        return cls((Stage(status, inf),), None, total)


def _usual_way(after: float) -> tuple[Stage, ...]:
    return (
        Stage("validating", after / 7),
        Stage("in_progress", after * 5 / 7),
        Stage("finalizing", after / 7),
    )


@define(eq=False)
class Batch:
    """One batch. `fields` lie over what the script says, so that any oddity can be sent.

    `end_shown_at` is when an ended state was first handed out: where a judge starts its stop-watch.
    """

    id: str
    project: str
    created_at: float
    starts_at: float
    script: BatchScript
    fields: dict[str, Any] = field(factory=dict)
    end_shown_at: float | None = None
    _encoded: bytes = field(default=b"", init=False)
    _good_from: float = field(default=inf, init=False)
    _good_until: float = field(default=-inf, init=False)

    def forget_encoded(self) -> None:
        self._good_until = -inf

    def encoded(self, now: float) -> bytes:
        """The JSON of this moment; made anew only when it has changed."""
        if self._good_from <= now < self._good_until:
            return self._encoded
        view, self._good_until = self._look(now)
        self._good_from = now
        self._encoded = encode_json(view)
        if self.end_shown_at is None and view["status"] in ("completed", "failed", "expired", "cancelled"):
            self.end_shown_at = now
        return self._encoded

    def view(self, now: float) -> dict[str, Any]:
        return self._look(now)[0]

    def _look(self, now: float) -> tuple[dict[str, Any], float]:
        """What is shown now, and until when it stays true."""
        view = self._blank()
        begins = self.starts_at
        for stage in self.script.stages:
            ends = begins + stage.lasts
            self._enter(view, stage.status, begins)
            if now < ends or (ends == inf):
                until = self._count(view, stage, begins, now)
                return view | self.fields, min(ends, until)
            begins = ends
        if self.script.ending is not None:
            self._end(view, self.script.ending, begins)
        return view | self.fields, inf

    def _blank(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": "/v1/responses",
            "model": None,
            "errors": None,
            "input_file_id": f"file-{self._short}-input",
            "completion_window": "24h",
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": int(self.created_at),
            "in_progress_at": None,
            "expires_at": int(self.created_at + self.script.window),
            "finalizing_at": None,
            "completed_at": None,
            "failed_at": None,
            "expired_at": None,
            "cancelling_at": None,
            "cancelled_at": None,
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
            "usage": None,
            "metadata": None,
        }

    @property
    def _short(self) -> str:
        return self.id.removeprefix("batch_")[-22:]

    @staticmethod
    def _enter(view: dict[str, Any], status: str, at: float) -> None:
        view["status"] = status
        moment = _moment_of.get(status)
        if moment is not None:
            view[moment] = int(at)

    def _count(self, view: dict[str, Any], stage: Stage, begins: float, now: float) -> float:
        """Sets the counts of a stage; returns when they change next."""
        if stage.status == "validating":
            return inf
        ending = self.script.ending or Ending("")
        goals = {"completed": ending.completed, "failed": ending.failed}
        counts = {"total": self.script.total, **goals}
        until = inf
        if stage.status == "in_progress":
            for name, goal in goals.items():
                share = max(0.0, (now - begins) / stage.lasts) if stage.lasts < inf else 0.0
                counts[name] = int(share * goal)
                if goal and stage.lasts < inf:
                    until = min(until, begins + stage.lasts * (counts[name] + 1) / goal)
        view["request_counts"] = counts
        return until

    def _end(self, view: dict[str, Any], ending: Ending, at: float) -> None:
        self._enter(view, ending.status, at)
        counts = {"total": self.script.total, "completed": ending.completed, "failed": ending.failed}
        view["request_counts"] = counts
        view["output_file_id"] = ending.output_file and ending.output_file.format(id=self._short)
        view["error_file_id"] = ending.error_file and ending.error_file.format(id=self._short)
        if ending.errors:
            view["errors"] = {"object": "list", "data": list(ending.errors)}
        if ending.completed:
            view["usage"] = _usage(ending.completed)


def _usage(completed: int) -> dict[str, Any]:
    return {
        "input_tokens": 120 * completed,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 45 * completed,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 165 * completed,
    }
