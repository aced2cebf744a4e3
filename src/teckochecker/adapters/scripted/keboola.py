"""Keboola's queue in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

from attrs import define, field, frozen

from teckochecker.adapters.scripted.runs import Queue, ScriptedRun
from teckochecker.application.errors import CredentialRejected, GatewayError, LeaseLost, Rejected
from teckochecker.application.ports import Clock, Lease, QueueAddress, RunRequest, RunSearch
from teckochecker.domain.run import KeboolaRun, Runs
from teckochecker.domain.secret import Credential, Project
from teckochecker.domain.values import StackUrl

_AT_ONCE: Final = timedelta(0)
_FIRST_ID: Final = 1001


class Operation(StrEnum):
    """What can be asked of Keboola, and so what can fail or take its time."""

    IDENTIFY = "identify"
    START = "start"
    FIND = "find"
    GET = "get"
    KILL = "kill"
    STORAGE = "storage"


@define
class _Trouble:
    operation: Operation
    error: GatewayError
    after_effect: bool
    left: int | None


@frozen
class _Pace:
    """How long an operation takes, before it has its effect and after."""

    before: timedelta = _AT_ONCE
    after: timedelta = _AT_ONCE


@define(eq=False)
class ScriptedKeboola:
    """A `WorkflowGateway` that keeps the truth about every run it was asked for.

    Every credential is accepted until it is revoked, as a token of its own of one project, unless `knows` told
    otherwise. A run takes from here, when it is created, how long it is prepared (`startup`), how long it is under
    way (`duration`), how it ends (`ending`: success, warning or error; `message`) and how late the search shows it
    (`index_lag`). A kill takes effect after `kill_takes`.
    """

    clock: Clock
    startup: timedelta = field(default=_AT_ONCE, kw_only=True)
    duration: timedelta = field(default=timedelta(minutes=1), kw_only=True)
    ending: str = field(default="success", kw_only=True)
    message: str | None = field(default=None, kw_only=True)
    index_lag: timedelta = field(default=_AT_ONCE, kw_only=True)
    kill_takes: timedelta = field(default=_AT_ONCE, kw_only=True)
    _runs: dict[str, ScriptedRun] = field(factory=dict, init=False, repr=False)
    _queue: Queue = field(factory=Queue, init=False, repr=False)
    _projects: dict[str, Project] = field(factory=dict, init=False, repr=False)
    _revoked: list[str] = field(factory=list, init=False, repr=False)
    _troubles: list[_Trouble] = field(factory=list, init=False, repr=False)
    _paces: dict[Operation, _Pace] = field(factory=dict, init=False, repr=False)

    # What will happen

    def knows(self, credential: Credential | str, project: Project) -> None:
        """The credential is a token of this project."""
        self._projects[_plain(credential)] = project

    def revoke(self, credential: Credential | str) -> None:
        """The credential is refused from now on."""
        self._revoked.append(_plain(credential))

    def accept(self, credential: Credential | str) -> None:
        """The credential is taken again."""
        self._revoked = [refused for refused in self._revoked if refused != _plain(credential)]

    def fail(
        self, operation: Operation, error: GatewayError, *, times: int | None = None, after_effect: bool = False
    ) -> None:
        """The operation fails with this error, so many times or until `recover`, before or after its effect.

        `fail(Operation.START, OutcomeUnknown(...), times=1, after_effect=True)` is an answer that gets lost.
        """
        self._troubles.append(_Trouble(operation, error, after_effect, times))

    def recover(self) -> None:
        """Nothing fails any more, and nothing is slow. Revoked credentials stay revoked."""
        self._troubles.clear()
        self._paces.clear()

    def slow(self, operation: Operation, *, before: timedelta = _AT_ONCE, after: timedelta = _AT_ONCE) -> None:
        """The operation takes so long, before it has its effect and after."""
        self._paces[operation] = _Pace(before, after)

    def by_hand(self, request: RunRequest, *, token_id: str, project_id: str = "1") -> ScriptedRun:
        """A person starts a run in Keboola's pages."""
        return self._create(request, Project(id=project_id, name="", token_id=token_id))

    def rerun(self, run_id: str, *, token_id: str) -> ScriptedRun:
        """A person runs it once more in Keboola's pages, which copies all its variables.

        Raises:
            KeyError: there is no such run.
        """
        run = self._runs[run_id]
        request = RunRequest(target=run.target, variables=run.variables)
        return self.by_hand(request, token_id=token_id, project_id=run.project_id)

    # What has happened

    @property
    def runs(self) -> Sequence[ScriptedRun]:
        """Every run there ever was, in the order of creation, as things truly stand now."""
        self._queue.settle(self.clock.now())
        return tuple(self._runs.values())

    # What is asked

    async def identify(self, stack_url: StackUrl, credential: Credential) -> Project:
        """The project and token behind a credential."""
        return await self.admit(Operation.IDENTIFY, credential)

    async def queue(self, stack_url: StackUrl) -> QueueAddress:
        """Where the stack's queue is: index and rule agree."""
        queue = stack_url.replace("//connection.", "//queue.", 1)
        return QueueAddress(used=queue, told=queue, named=queue)

    async def start(self, request: RunRequest, credential: Credential, *, lease: Lease) -> KeboolaRun:
        """Ask for a run, once."""
        await self._arrive(Operation.START)
        if lease.lost:
            raise LeaseLost("The lease ran out before the request was sent; nothing was sent")
        project = self._admit(Operation.START, credential)
        empty = [name for name, value in request.variables.items() if not value]
        if empty:
            raise Rejected(f"Keboola refuses the empty variable '{empty[0]}'", http=400)
        run = self._create(request, project)
        await self._answer(Operation.START)
        return run.seen_at(run.created_at)

    async def find(self, search: RunSearch, credential: Credential) -> Runs:
        """Every run that matches, as the lagging index knows it."""
        await self._arrive(Operation.FIND)
        project = self._admit(Operation.FIND, credential)
        now = self.clock.now()
        found = tuple(
            run.seen_at(now - run.index_lag)
            for run in self.runs
            if run.project_id == project.id
            and run.created_at + run.index_lag <= now
            and run.created_at >= search.since
            and run.variables.get("trigger_id") == str(search.trigger_id)
            and (run.target.stack_url, run.target.component_id, run.target.configuration_id)
            == (search.target.stack_url, search.target.component_id, search.target.configuration_id)
        )
        await self._answer(Operation.FIND)
        return Runs(runs=found, as_of=now)

    async def get(self, stack_url: StackUrl, run_id: str, credential: Credential) -> KeboolaRun:
        """One run, as it truly stands."""
        await self._arrive(Operation.GET)
        run = self._run(stack_url, run_id, self._admit(Operation.GET, credential))
        seen = run.seen_at(self.clock.now())
        await self._answer(Operation.GET)
        return seen

    async def kill(self, stack_url: StackUrl, run_id: str, credential: Credential) -> KeboolaRun:
        """Ask a run to end. One that has not begun by the time the kill takes effect is cancelled."""
        await self._arrive(Operation.KILL)
        run = self._run(stack_url, run_id, self._admit(Operation.KILL, credential))
        now = self.clock.now()
        if run.kill_at is None and not run.seen_at(now).finished:
            run.kill_asked_at, run.kill_at = now, now + self.kill_takes
        await self._answer(Operation.KILL)
        self._queue.settle(self.clock.now())
        return run.seen_at(self.clock.now())

    async def admit(self, operation: Operation, credential: Credential) -> Project:
        """Whose credential it is, where an operation has no other effect."""
        await self._arrive(operation)
        project = self._admit(operation, credential)
        await self._answer(operation)
        return project

    # How

    async def _arrive(self, operation: Operation) -> None:
        await self.clock.sleep(self._paces.get(operation, _Pace()).before)

    def _admit(self, operation: Operation, credential: Credential) -> Project:
        self._stumble(operation, after_effect=False)
        plain = credential.reveal()
        if plain in self._revoked:
            raise CredentialRejected("Keboola refuses this token (401)", http=401)
        newcomer = Project(id="1", name="Scripted project", token_id=str(len(self._projects) + 1))
        return self._projects.setdefault(plain, newcomer)

    async def _answer(self, operation: Operation) -> None:
        await self.clock.sleep(self._paces.get(operation, _Pace()).after)
        self._stumble(operation, after_effect=True)

    def _stumble(self, operation: Operation, *, after_effect: bool) -> None:
        for trouble in self._troubles:
            if (trouble.operation, trouble.after_effect) == (operation, after_effect):
                if trouble.left is not None:
                    trouble.left -= 1
                    if not trouble.left:
                        self._troubles.remove(trouble)
                raise trouble.error

    def _create(self, request: RunRequest, project: Project) -> ScriptedRun:
        now = self.clock.now()
        self._queue.settle(now)
        run = ScriptedRun(
            id=str(_FIRST_ID + len(self._runs)),
            target=request.target,
            variables=dict(request.variables),
            project_id=project.id,
            token_id=project.token_id,
            created_at=now,
            not_before=now + request.delay if request.delay else None,
            ready_at=now + max(self.startup, request.delay),
            duration=self.duration,
            ending=self.ending,
            message=self.message,
            index_lag=self.index_lag,
        )
        self._runs[run.id] = run
        self._queue.join(run)
        return run

    def _run(self, stack_url: StackUrl, run_id: str, project: Project) -> ScriptedRun:
        self._queue.settle(self.clock.now())
        run = self._runs.get(run_id)
        if run is None or (run.target.stack_url, run.project_id) != (stack_url, project.id):
            raise Rejected(f"Keboola knows no run {run_id} in project {project.id}", http=404)
        return run


def _plain(credential: Credential | str) -> str:
    return credential.reveal() if isinstance(credential, Credential) else credential.strip()
