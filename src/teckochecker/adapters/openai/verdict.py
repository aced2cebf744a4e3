"""What one answer means, for its batch and for the others that wait behind it."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto
from typing import Final

from attrs import frozen

from teckochecker.adapters.converter import mapping, text
from teckochecker.adapters.openai.report import read_report
from teckochecker.adapters.transport import Answer, Malformed
from teckochecker.domain.batch import BatchMissing, Looked, LookUpFailed
from teckochecker.domain.values import BatchId

_BILLING: Final = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
    }
)


class Reach(Enum):
    """Whom an answer is about."""

    FINE = auto()
    """The service works."""
    BATCH = auto()
    """This batch alone could not be read."""
    SERVICE = auto()
    """The service may be down or busy; several such answers in a row mean that it is."""
    CREDENTIAL = auto()
    """Every other batch of the credential would be answered alike."""


@frozen
class Verdict:
    """What to say of one batch, and how far that reaches."""

    looked: Looked
    reach: Reach


@frozen
class _Problem:
    """OpenAI's error object."""

    message: str
    code: str
    told: bool

    @classmethod
    def of(cls, answer: Answer) -> _Problem:
        error = answer.problem().get("error")
        if isinstance(error, str):
            return cls(answer.word(error), "", True)
        found = mapping(error)
        message = text(found.get("message"), 300) or ""
        return cls(message, text(found.get("code"), 80) or "", bool(found))


def judge(answer: Answer, batch_id: BatchId, now: datetime) -> Verdict:
    """Read one answer of a retrieve."""
    if answer.status == 200:
        try:
            return Verdict(read_report(answer.json(), batch_id, answer.host), Reach.FINE)
        except Malformed as error:
            return Verdict(LookUpFailed(batch_id=batch_id, error=str(error)), Reach.BATCH)
    problem = _Problem.of(answer)
    if _missing(answer.status, problem):
        return Verdict(BatchMissing(batch_id=batch_id), Reach.FINE)
    sentence, reach = _refusal(answer, problem)
    failed = LookUpFailed(
        batch_id=batch_id,
        error=sentence,
        retry_at=answer.retry_at(now) if answer.status in (429, 503) else None,
        credential_rejected=answer.status in (401, 403),
    )
    return Verdict(failed, reach)


def _missing(status: int, problem: _Problem) -> bool:
    """A 404 that OpenAI did not word (a proxy's page, a wrong path) says nothing about a batch."""
    if status == 404:
        return problem.told and not problem.message.startswith("Invalid URL")
    return status == 400 and problem.message.startswith("No such Batch")


def _refusal(answer: Answer, problem: _Problem) -> tuple[str, Reach]:
    host, status = answer.host, answer.status
    said = f": {problem.message}" if problem.message else ""
    match status:
        case 401 | 403:
            return _credential_refusal(host, status, problem, said), Reach.CREDENTIAL
        case 404:
            return f"{host} has no batch API at this address (404){said}; check the base URL", Reach.BATCH
        case 429 if problem.code in _BILLING:
            sentence = f"{host} refuses because of billing ({problem.code}){said}; settle it with the provider"
            return sentence, Reach.CREDENTIAL
        case 429:
            return f"{host} asks to slow down (429){said}", Reach.SERVICE
        case 408 | 409:
            return f"{host} could not answer just now ({status}){said}", Reach.SERVICE
        case _ if status >= 500:
            return f"{host} has an error of its own ({status}){said}", Reach.SERVICE
        case _ if 300 <= status < 400:
            return (
                f"{host} points to another address ({status}), which is not followed; check the base URL",
                Reach.BATCH,
            )
        case _:
            return f"{host} refused the question ({status}){said}", Reach.BATCH


def _credential_refusal(host: str, status: int, problem: _Problem, said: str) -> str:
    """A key may be wrong, or right without the permission, or used from the wrong place; each has its own cure."""
    told = f"{problem.code} {problem.message}".lower()
    if "scope" in told or "insufficient permissions" in told:
        return f"The API key is valid but may not read batches{said}; give it the permission or use another key"
    if "region" in told or "country" in told:
        return f"{host} does not serve this country or region{said}; the key itself may be fine"
    if status == 401 and ("your ip" in told or "ip_not" in told or "ip address" in told):
        return f"{host} does not take this API key from this machine's address{said}; add it to the key's allow-list"
    if status == 401:
        return f"{host} does not accept the API key (401){said}; replace the secret with a valid key"
    return f"{host} forbids the API key to read batches (403){said}; check the key's project and permissions"
