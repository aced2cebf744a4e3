"""The stand-in for Keboola's Queue: jobs are created, looked up, searched for and killed."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from attrs import define, field

from teckochecker.entrypoints.simulator.demand import Demand, InvalidDemand
from teckochecker.entrypoints.simulator.project import Stack, Token
from teckochecker.entrypoints.simulator.runs import Run, RunScript, finished, killable
from teckochecker.entrypoints.simulator.schedule import Schedule
from teckochecker.entrypoints.simulator.search import Search
from teckochecker.entrypoints.simulator.wire import Answer, Call

queue_prefix = "/queue"
_exceptions = itertools.count(1)


def queue_error(status: int, message: str, code: int | None = None) -> Answer:
    exception = f"job-queue-api-{next(_exceptions):032x}"
    body = {"error": message, "code": code or status, "status": "error", "exceptionId": exception}
    return Answer.of(body, status)


class Refused(Exception):
    """The Queue says no, with a status and a sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = queue_error(status, message)


@define(eq=False)
class Post:
    """One attempt to create a run, whatever became of it.

    `fault` names the mishap it met; `run_id` is set when a run was created, also when the caller never
    heard of it; `refused` is the status of a refusal; `complete` is False when the body did not arrive.
    """

    at: float
    token: str
    call: Call
    run_id: str | None = None
    refused: int | None = None

    @property
    def fault(self) -> str | None:
        return self.call.fault

    @property
    def complete(self) -> bool:
        return self.call.body is not None

    @property
    def body(self) -> dict[str, Any] | None:
        return self.call.json_object()


@define(eq=False)
class Queue:
    """`kill_takes` is how many seconds pass between a kill and its effect."""

    stack: Stack
    clock: Callable[[], float]
    address: Callable[[], str]
    search_lag: float = 0.0
    kill_takes: float = 0.5
    kill_of_finished_answers_500: bool = False
    script: RunScript = field(factory=RunScript)
    scripts: dict[tuple[str, str], RunScript] = field(factory=dict)
    posts: list[Post] = field(factory=list)
    _runs: dict[str, Run] = field(factory=dict, init=False)
    _schedule: Schedule = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._schedule = Schedule(self.stack)

    def runs(self) -> list[Run]:
        """Every run in the order of creation, as things stand now."""
        self._schedule.advance(self.clock())
        return list(self._runs.values())

    def arrived(self, call: Call) -> None:
        self.posts.append(Post(self.clock(), call.credential, call))

    def answer(self, call: Call, token: Token | None) -> Answer:
        if call.operation == "jobs":
            return queue_error(410, "This endpoint is gone. Use /search/jobs.")
        post = next((post for post in reversed(self.posts) if post.call is call), None)
        try:
            return self._answer(call, _allowed(token), post)
        except Refused as refusal:
            if post is not None:
                post.refused = refusal.answer.status
            return refusal.answer

    def _answer(self, call: Call, token: Token, post: Post | None) -> Answer:
        self._schedule.advance(self.clock())
        segments = call.path.removeprefix(queue_prefix).strip("/").split("/")
        match call.operation:
            case "create":
                run = self._create(call, token)
                if post is not None:
                    post.run_id = run.id
                return Answer.of(run.view(self.clock()), 201)
            case "get":
                return Answer.of(self._find(segments[1], token).view(self.clock()))
            case "search":
                return self._search(call, token)
            case "kill":
                return self._kill(segments[1], token)
        return queue_error(404, f'No route found for "{call.method} {call.path}"')

    def _create(self, call: Call, token: Token) -> Run:
        now = self.clock()
        try:
            demand = Demand.read(call.json_object(), now)
        except InvalidDemand as reason:
            raise Refused(400, str(reason)) from reason
        self._check(demand, token)
        run = self._new_run(demand, token, call.headers.get("X-KBC-RunId", ""), now)
        self._runs[run.id] = run
        self._schedule.add(run)
        return run

    def _check(self, demand: Demand, token: Token) -> None:
        component = self.stack.components.get(demand.component)
        if component is None:
            raise Refused(400, f'Cannot resolve job parameters: Component "{demand.component}" not found')
        if not token.may_run(component.id):
            raise Refused(403, f'Token is not allowed to run component "{component.id}"')
        if not component.runnable:
            raise Refused(400, f'The component "{component.id}" is not runnable.')
        if demand.branch is not None and not self.stack.has_branch(demand.branch):
            raise Refused(400, f'Cannot resolve job parameters: Branch "{demand.branch}" not found')
        if demand.config is None or demand.body.get("configData"):
            return
        stored = self.stack.find(token.project_id, component.id, demand.config)
        if stored is None:
            raise Refused(400, f'Cannot resolve job parameters: Configuration "{demand.config}" not found')
        if stored.is_disabled and demand.mode != "forceRun":
            raise Refused(400, f'Configuration "{stored.id}" of component "{component.id}" is disabled.')
        for row in demand.body.get("configRowIds", []):
            if row not in stored.rows:
                raise Refused(400, f'Cannot resolve job parameters: Row "{row}" not found')

    def _new_run(self, demand: Demand, token: Token, parent: str, now: float) -> Run:
        script = self.scripts.get((demand.component, demand.config or ""), self.script)
        run_id = self.stack.new_id()
        branch = demand.branch if demand.branch not in (None, "default") else self.stack.main_branch
        return Run(
            id=run_id,
            component=demand.component,
            config=demand.config,
            project_id=token.project_id,
            project_name=token.project_name,
            token=token.value,
            token_id=token.id,
            token_description=token.description,
            created_at=now,
            ready_at=max(now + script.created_for, demand.not_before or now),
            script=script,
            asked=demand.body,
            branch=branch or self.stack.main_branch,
            url=f"{self.address()}{queue_prefix}/jobs/{run_id}",
            variables=demand.variables,
            parent_run_id=parent,
            delayed_until=demand.not_before,
        )

    def _find(self, run_id: str, token: Token) -> Run:
        run = self._runs.get(run_id)
        if run is None or run.project_id != token.project_id:
            raise Refused(404, f'Job "{run_id}" not found')
        return run

    def _search(self, call: Call, token: Token) -> Answer:
        """Answers from the index, which is `search_lag` seconds behind."""
        now = self.clock()
        try:
            search = Search.read(call.query, now)
        except ValueError as reason:
            raise Refused(400, str(reason)) from reason
        indexed = now - self.search_lag
        known = [run for run in self._runs.values() if run.project_id == token.project_id and run.created_at <= indexed]
        if search.kinds:
            known = [run for run in known if self.stack.kind(run.component) in search.kinds]
        page = search.page(known, indexed, self.stack.main_branch)
        return Answer.of([run.view(indexed) for run in page])

    def _kill(self, run_id: str, token: Token) -> Answer:
        known = self._runs.get(run_id)
        odd = self.kill_of_finished_answers_500 and (known is None or known.status in finished)
        if odd:
            return queue_error(500, f'Job "{run_id}" not found', 404)
        run = self._find(run_id, token)
        if run.status not in killable:
            raise Refused(400, f'Job "{run_id}" is not in one of killable states.')
        now = self.clock()
        if run.kill_asked_at is None:
            run.kill_asked_at = now
            self._schedule.kill(run, now + self.kill_takes)
            if run.status == "processing":
                run.enter("terminating", now)
        return Answer.of(run.view(now), 202)


def _allowed(token: Token | None) -> Token:
    if token is None or token.is_disabled or token.is_expired:
        raise Refused(401, "Invalid access token")
    if "queuev2" not in token.features:
        raise Refused(403, "The project does not use this Queue.")
    return token
