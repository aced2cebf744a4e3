"""What Keboola's answers mean: created, refused, not processed, or open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from teckochecker.adapters.converter import mapping, moment, sequence, text, whole
from teckochecker.adapters.transport import Answer, Malformed
from teckochecker.application.errors import (
    CredentialRejected,
    GatewayError,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from teckochecker.domain.run import KeboolaRun
from teckochecker.domain.secret import Project
from teckochecker.domain.token import QUEUE, Token
from teckochecker.domain.values import StackUrl

_OPEN: Final = frozenset({408, 409, 423})


def asked_for(answer: Answer, stack_url: StackUrl, now: datetime) -> KeboolaRun:
    """The run that a request for one made.

    Raises:
        CredentialRejected: 401 or 403. Rejected: refused for good. Unavailable: surely not processed.
        OutcomeUnknown: it may exist.
    """
    if 200 <= answer.status < 300:
        try:
            return run_of(mapping(answer.json()), stack_url, answer)
        except Malformed as error:
            raise OutcomeUnknown(f"Keboola took the request, but its answer cannot be read: {error}") from error
    if answer.status in _OPEN or (answer.status >= 500 and not _maintenance(answer)):
        raise OutcomeUnknown(_said(answer))
    raise _refusal(answer, now)


def read(answer: Answer, now: datetime) -> Any:
    """The JSON of something that was only read: whatever failed had no effect.

    Raises:
        CredentialRejected: 401 or 403. Rejected: there is no such thing. Unavailable: it may work later.
    """
    if 200 <= answer.status < 300:
        try:
            return answer.json()
        except Malformed as error:
            raise Unavailable(str(error)) from error
    if answer.status in _OPEN or answer.status >= 500:
        raise Unavailable(_said(answer), retry_at=answer.retry_at(now))
    raise _refusal(answer, now)


def written(answer: Answer, now: datetime) -> Any:
    """The JSON of something that was written.

    Raises:
        CredentialRejected, Rejected, Unavailable: nothing was. OutcomeUnknown: it may have been.
    """
    if answer.status in _OPEN or (answer.status >= 500 and not _maintenance(answer)):
        raise OutcomeUnknown(_said(answer))
    return read(answer, now)


def run_of(job: Mapping[str, Any], stack_url: StackUrl, answer: Answer) -> KeboolaRun:
    """A run from Keboola's job object, with the way into Keboola's own pages. PHP writes empty objects as lists.

    Raises:
        Malformed: it has no id.
    """
    run_id = text(job.get("id"))
    if run_id is None:
        raise Malformed(f"{answer.host} told of a job without an id")
    message = text(mapping(job.get("result")).get("message"), 2000)
    project = text(mapping(job.get("project")).get("id"))
    return KeboolaRun(
        id=run_id,
        status=text(job.get("status"), 64) or "unknown",
        component_id=text(job.get("component")) or "",
        configuration_id=text(job.get("config")) or "",
        project_id=project,
        trigger_id=trigger_id_of(job),
        token_id=text(mapping(job.get("token")).get("id")),
        created_at=moment(job.get("createdTime")),
        not_before=moment(job.get("delayedStartTime")),
        started_at=moment(job.get("startTime")),
        ended_at=moment(job.get("endTime")),
        duration_s=whole(job.get("durationSeconds")),
        message=message and answer.word(message, 2000),
        link=f"{stack_url}/admin/projects/{project}/queue/{run_id}" if project else None,
    )


def trigger_id_of(job: Mapping[str, Any]) -> str | None:
    """Which trigger a run came of, as its variables tell."""
    values = mapping(job.get("variableValuesData")).get("values")
    for value in values if isinstance(values, list) else ():
        if mapping(value).get("name") == "trigger_id":
            return text(mapping(value).get("value"))
    return None


def token_of(found: Any, answer: Answer) -> Token:
    """Who a token is. The answer echoes it, so nothing but these fields is kept.

    Raises:
        CredentialRejected: the token has expired or was switched off.
        Unavailable: the answer does not say.
    """
    token = mapping(found)
    owner = mapping(token.get("owner"))
    if True in (token.get("isExpired"), token.get("isDisabled"), owner.get("isDisabled")):
        raise CredentialRejected(
            "The Keboola token or its project has expired or was disabled; replace the secret", http=401
        )
    token_id, project_id = text(token.get("id")), text(owner.get("id"))
    if token_id is None or project_id is None:
        raise Unavailable(f"{answer.host} verified the token without naming its project")
    components, admin = sequence(token.get("componentAccess")), mapping(token.get("admin"))
    features = sequence(owner.get("features"))
    limited = isinstance(token.get("componentAccess"), list) and (components or not admin)
    return Token(
        project=Project(id=project_id, name=text(owner.get("name")) or f"project {project_id}", token_id=token_id),
        components=frozenset(map(str, components)) if limited else None,
        role=text(admin.get("role"), 64),
        features=frozenset(map(str, features)) or frozenset({QUEUE}),
        creates_jobs=token.get("canCreateJobs") is True,
        expires_at=moment(token.get("expires")),
    )


def _refusal(answer: Answer, now: datetime) -> GatewayError:
    if answer.status in (401, 403):
        cure = "replace the secret" if answer.status == 401 else "give the token access to this component"
        return CredentialRejected(f"{_said(answer)}; {cure}", http=answer.status)
    if answer.status == 429 or answer.status >= 500:
        return Unavailable(_said(answer), retry_at=answer.retry_at(now))
    exception_id = text(answer.problem().get("exceptionId"))
    return Rejected(_said(answer), http=answer.status, exception_id=exception_id and answer.word(exception_id))


def _maintenance(answer: Answer) -> bool:
    return answer.status == 503 and answer.problem().get("status") == "maintenance"


def _said(answer: Answer) -> str:
    problem = answer.problem()
    told = next((found for name in ("error", "message", "reason") if (found := text(problem.get(name), 500))), None)
    said = f"Keboola answered {answer.status}" + (f": {answer.word(told, 500)}" if told else "")
    if answer.status < 500:
        return said
    exception_id = text(problem.get("exceptionId"))  # the one handle that Keboola's support can use
    return f"{said} ({answer.word(exception_id)})" if exception_id else said
