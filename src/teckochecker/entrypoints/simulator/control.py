"""The `/_simulator/...` endpoints: the same operations as in the process, for other processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import attrs

from teckochecker.entrypoints.simulator.batches import Batch, BatchScript, Ending, Stage
from teckochecker.entrypoints.simulator.keboola import SimulatedKeboola
from teckochecker.entrypoints.simulator.openai import SimulatedOpenAI
from teckochecker.entrypoints.simulator.queue import Post
from teckochecker.entrypoints.simulator.runs import Run, RunScript
from teckochecker.entrypoints.simulator.server import LoopbackServer, control_prefix
from teckochecker.entrypoints.simulator.wire import Answer, Call

_presets: dict[str, Callable[..., BatchScript]] = {
    "succeeds": BatchScript.succeeds,
    "all_requests_failed": BatchScript.all_requests_failed,
    "fails": BatchScript.fails,
    "expires": BatchScript.expires,
    "cancelled": BatchScript.cancelled,
    "stays": BatchScript.stays,
}


def control_openai(openai: SimulatedOpenAI, call: Call) -> Answer:
    """keys, batches, faults, requests. Bodies are JSON; a list of batches may be added at once."""
    return _guarded(lambda: _openai(openai, call))


def control_keboola(keboola: SimulatedKeboola, call: Call) -> Answer:
    """tokens, components, configurations, settings, faults, runs, posts, requests."""
    return _guarded(lambda: _keboola(keboola, call))


def _guarded(operation: Callable[[], Answer]) -> Answer:
    try:
        return operation()
    except KeyError as reason:
        return Answer.of({"error": f"Not found: {reason}"}, 404)
    except (TypeError, ValueError) as reason:
        return Answer.of({"error": str(reason)}, 400)


def _openai(openai: SimulatedOpenAI, call: Call) -> Answer:
    match call.method, _parts(call):
        case "POST", ["batches"]:
            given = _json(call)
            many = given if isinstance(given, list) else [given]
            made = [_add_batch(openai, **entry) for entry in many]
            return Answer.of({"ids": [batch.id for batch in made]}, 201)
        case "GET", ["batches"]:
            now = openai.clock()
            return Answer.of([_batch(batch, now) for batch in openai.batches()])
        case "PATCH", ["batches", batch_id]:
            batch = _set_batch(openai, batch_id, **_json(call))
            return Answer.of(_batch(batch, openai.clock()))
        case "DELETE", ["batches", batch_id]:
            openai.remove_batch(batch_id)
            return Answer.of({"removed": batch_id})
        case "POST", ["keys"]:
            return Answer.of({"key": openai.add_key(**_json(call))}, 201)
        case "DELETE", ["keys", key]:
            openai.remove_key(key)
            return Answer.of({"removed": key})
        case _:
            return _shared(openai.server, openai.fault, call)


def _keboola(keboola: SimulatedKeboola, call: Call) -> Answer:
    match call.method, _parts(call):
        case "POST", ["tokens"]:
            return Answer.of({"token": keboola.add_token(**_json(call)).value}, 201)
        case "DELETE", ["tokens", value]:
            keboola.remove_token(value)
            return Answer.of({"removed": value})
        case "POST", ["components"]:
            return Answer.of({"id": keboola.add_component(**_json(call)).id}, 201)
        case "POST", ["configurations"]:
            given = _json(call)
            script = RunScript(**given.pop("script")) if "script" in given else None
            return Answer.of({"id": keboola.add_configuration(**given, script=script).id}, 201)
        case "PATCH", ["settings"]:
            return _settings(keboola, **_json(call))
        case "GET", ["runs"]:
            return Answer.of([_run(run) for run in keboola.runs])
        case "GET", ["posts"]:
            return Answer.of([_post(post) for post in keboola.posts])
        case _:
            return _shared(keboola.server, keboola.fault, call)


def _shared(server: LoopbackServer, add_fault: Callable[..., Any], call: Call) -> Answer:
    match call.method, _parts(call):
        case "POST", ["faults"]:
            add_fault(**_json(call))
            return Answer.of(server.faults.describe(), 201)
        case "GET", ["faults"]:
            return Answer.of(server.faults.describe())
        case "DELETE", ["faults"]:
            server.faults.clear()
            return Answer.of([])
        case "GET", ["requests"]:
            counts = [
                {"operation": operation, "credential": credential, "count": count}
                for (operation, credential), count in server.requests.items()
            ]
            return Answer.of({"counts": counts, "peak_in_flight": server.peak_in_flight})
        case "DELETE", ["requests"]:
            server.requests.clear()
            server.peak_in_flight = server.in_flight
            return Answer.of({"counts": [], "peak_in_flight": server.peak_in_flight})
    return Answer.of({"error": f"The simulator has no {call.method} {call.path}."}, 404)


def _parts(call: Call) -> list[str]:
    return [unquote(part) for part in call.path.removeprefix(control_prefix).split("/") if part]


def _json(call: Call) -> Any:
    found = call.json_value()
    if not isinstance(found, dict | list):
        raise TypeError("the body must be a JSON object")
    return found


def _script(given: Any) -> BatchScript | None:
    """A script from `{"preset": "succeeds", "after": 5}` or from `{"stages": [...], "ending": {...}}`."""
    if given is None:
        return None
    rest = dict(given)
    if "preset" in rest:
        name = rest.pop("preset")
        if name not in _presets:
            raise ValueError(f"preset must be one of {', '.join(_presets)}; it is {name!r}")
        return _presets[name](**rest)
    stages = tuple(Stage(**stage) for stage in rest.pop("stages", ()))
    end = rest.pop("ending", None)
    if end is not None:
        end = Ending(**{**end, "errors": tuple(end.get("errors", ()))})
    return BatchScript(stages, end, **rest)


def _add_batch(
    openai: SimulatedOpenAI, *, id: str | None = None, script: Any = None, fields: Any = None, **rest: Any
) -> Batch:
    return openai.add_batch(id, _script(script), **rest, **(fields or {}))


def _set_batch(openai: SimulatedOpenAI, batch_id: str, *, script: Any = None, fields: Any = None, **rest: Any) -> Batch:
    return openai.set_batch(batch_id, _script(script), **rest, **(fields or {}))


def _settings(keboola: SimulatedKeboola, **given: Any) -> Answer:
    queue = keboola.queue
    if "run_script" in given:
        queue.script = RunScript(**given.pop("run_script"))
    for name, value in given.items():
        if name not in ("search_lag", "kill_takes", "kill_of_finished_answers_500"):
            raise ValueError(f"the simulator has no setting {name!r}")
        setattr(queue, name, value)
    return Answer.of(
        {
            "search_lag": queue.search_lag,
            "kill_takes": queue.kill_takes,
            "kill_of_finished_answers_500": queue.kill_of_finished_answers_500,
            "run_script": attrs.asdict(queue.script),
        }
    )


def _batch(batch: Batch, now: float) -> dict[str, Any]:
    return {**batch.view(now), "_project": batch.project, "_end_shown_at": batch.end_shown_at}


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "component": run.component,
        "config": run.config,
        "token": run.token,
        "status": run.status,
        "begun": run.begun,
        "finished": run.finished,
        "killed": run.killed,
        "created_at": run.created_at,
        "begun_at": run.begun_at,
        "ended_at": run.ended_at,
        "variables": run.variables,
        "message": run.message,
        "history": run.history,
    }


def _post(post: Post) -> dict[str, Any]:
    return {
        "at": post.at,
        "token": post.token,
        "complete": post.complete,
        "fault": post.fault,
        "run_id": post.run_id,
        "refused": post.refused,
        "body": post.body,
    }
