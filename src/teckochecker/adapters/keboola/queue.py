"""`KeboolaQueue`: the WorkflowGateway over HTTP."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from attrs import define, field

from teckochecker.adapters.converter import mapping
from teckochecker.adapters.keboola.address import QueueAddresses, check_stack
from teckochecker.adapters.keboola.answers import asked_for, read, run_of, token_of
from teckochecker.adapters.transport import Answer, LastWord, Malformed, Transport
from teckochecker.application.errors import Unavailable
from teckochecker.application.ports import Clock, Lease, QueueAddress, RunRequest, RunSearch
from teckochecker.domain.run import KeboolaRun, Runs
from teckochecker.domain.secret import Credential, Project
from teckochecker.domain.values import StackUrl

PAGE: Final = 500
_LARGEST_PAGE: Final = 64 * 1024 * 1024


@define(eq=False)
class KeboolaQueue:
    """Runs on Keboola. `deadline` and `start_deadline` are seconds for one call in all.

    The request for a run does several things at Keboola before it answers, so it gets more time, and a
    connection of its own: on a kept one the other side may hang up in the very moment in which it is used.
    """

    _transport: Transport
    _clock: Clock
    deadline: float = 30.0
    start_deadline: float = 90.0
    _addresses: QueueAddresses = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._addresses = QueueAddresses(self._transport, self._clock, self.deadline)

    async def identify(self, stack_url: StackUrl, credential: Credential) -> Project:
        """The project and token behind a credential."""
        check_stack(self._transport, stack_url)
        answer = await self._get(stack_url, "/v2/storage/tokens/verify", credential)
        return token_of(read(answer, self._clock.now()), answer).project

    async def queue(self, stack_url: StackUrl) -> QueueAddress:
        """Where the stack's queue is; see QueueDirectory."""
        return await self._addresses.look(stack_url)

    async def start(self, request: RunRequest, credential: Credential, *, lease: Lease) -> KeboolaRun:
        """Ask for a run, once."""
        queue = self._transport.endpoint(await self._addresses.of(request.target.stack_url), fresh=True)
        answer = await queue.call(
            "POST",
            "/jobs",
            headers=_headers(credential),
            secret=credential.reveal(),
            deadline=self.start_deadline,
            body=LastWord(json.dumps(_asked(request)).encode(), lease),
        )
        return asked_for(answer, request.target.stack_url, self._clock.now())

    async def find(self, search: RunSearch, credential: Credential) -> Runs:
        """Every run that matches, from all pages. What is true of the first page's moment is true of all."""
        queue = await self._addresses.of(search.target.stack_url)
        found: dict[str, KeboolaRun] = {}
        as_of: datetime | None = None
        offset = 0
        while True:
            query = urlencode(
                {
                    "componentId[]": search.target.component_id,
                    "configId[]": search.target.configuration_id,
                    "createdTimeFrom": search.since.isoformat(timespec="seconds"),
                    "sortBy": "id",
                    "sortOrder": "asc",
                    "limit": PAGE,
                    "offset": offset,
                }
            )
            answer = await self._get(queue, f"/search/jobs?{query}", credential)
            jobs = _listed(read(answer, self._clock.now()), answer)
            as_of = as_of or answer.date
            for job in jobs:
                run = _readable(job, search.target.stack_url, answer)
                if _is_sought(run, search):
                    found[run.id] = run
            if len(jobs) < PAGE:
                break
            offset += PAGE
        if as_of is None:
            raise Unavailable("Keboola's answer does not say its time, without which absence proves nothing")
        return Runs(runs=tuple(found.values()), as_of=as_of)

    async def get(self, stack_url: StackUrl, run_id: str, credential: Credential) -> KeboolaRun:
        """One run, read from the primary store."""
        queue = await self._addresses.of(stack_url)
        answer = await self._get(queue, f"/jobs/{quote(run_id, safe='')}", credential)
        run = _readable(read(answer, self._clock.now()), stack_url, answer)
        if run.id != run_id:
            raise Unavailable(f"{answer.host} answered about another run than {run_id}")
        return run

    async def kill(self, stack_url: StackUrl, run_id: str, credential: Credential) -> KeboolaRun:
        """Ask a run to end, and read it again: the answer to the request itself is not to be relied upon."""
        queue = self._transport.endpoint(await self._addresses.of(stack_url))
        answer = await queue.call(
            "POST",
            f"/jobs/{quote(run_id, safe='')}/kill",
            headers=_headers(credential),
            secret=credential.reveal(),
            deadline=self.deadline,
        )
        if not _past_killing(answer):
            read(answer, self._clock.now())
        return await self.get(stack_url, run_id, credential)

    async def _get(self, base_url: str, path: str, credential: Credential) -> Answer:
        endpoint = self._transport.endpoint(base_url)
        return await endpoint.call(
            "GET",
            path,
            headers=_headers(credential),
            secret=credential.reveal(),
            deadline=self.deadline,
            largest=_LARGEST_PAGE,
        )


def _is_sought(run: KeboolaRun, search: RunSearch) -> bool:
    """The tasks of a flow may carry its variables too, so its component and configuration have to match as well."""
    target = search.target
    return (run.trigger_id, run.component_id, run.configuration_id) == (
        str(search.trigger_id),
        target.component_id,
        target.configuration_id,
    )


def _past_killing(answer: Answer) -> bool:
    """The run has ended already: said by 400, or by 500 with a code of 404 in the body."""
    return answer.status == 400 or (answer.status == 500 and answer.problem().get("code") == 404)


def _headers(credential: Credential) -> dict[str, str]:
    return {"X-StorageApi-Token": credential.reveal()}


def _asked(request: RunRequest) -> dict[str, Any]:
    """The body of the request for a run. Nothing that the service does not document is sent."""
    target = request.target
    asked: dict[str, Any] = {
        "mode": "run",
        "component": target.component_id,
        "config": target.configuration_id,
        "variableValuesData": {"values": [{"name": name, "value": value} for name, value in request.variables.items()]},
    }
    if target.branch_id:
        asked["branchId"] = target.branch_id
    if target.row_ids:
        asked["configRowIds"] = list(target.row_ids)
    if request.delay:
        asked["delay"] = int(request.delay.total_seconds())
    return asked


def _listed(found: Any, answer: Answer) -> list[Any]:
    if not isinstance(found, list):
        raise Unavailable(f"{answer.host} answered the search with something that is no list")
    return found


def _readable(job: Any, stack_url: StackUrl, answer: Answer) -> KeboolaRun:
    try:
        return run_of(mapping(job), stack_url, answer)
    except Malformed as error:
        raise Unavailable(str(error)) from error
