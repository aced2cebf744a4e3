"""A batch object as OpenAI and its look-alikes send it, read leniently: the status alone is needed."""

from __future__ import annotations

from typing import Any, Final

from teckochecker.adapters.converter import mapping, moment, sequence, text, whole
from teckochecker.adapters.transport import Malformed
from teckochecker.domain.batch import BatchError, BatchReport, BatchStatus, RequestCounts
from teckochecker.domain.values import BatchId

_MOST_ERRORS: Final = 20


def read_report(found: Any, batch_id: BatchId, host: str) -> BatchReport:
    """What the answer says of this batch. Unknown fields are ignored, missing and odd ones are None.

    Raises:
        Malformed: it is no batch, or another one, or it says no status.
    """
    if not isinstance(found, dict) or found.get("object", "batch") != "batch":
        raise Malformed(f"{host} answered with something that is no batch")
    if found.get("id") != batch_id:
        raise Malformed(f"{host} answered about another batch than '{batch_id}'")
    status = found.get("status")
    if not isinstance(status, str) or not status.strip():
        raise Malformed(f"{host} did not say the status of batch '{batch_id}'")
    errors = found.get("errors")
    return BatchReport(
        batch_id=batch_id,
        status=BatchStatus(status),
        counts=_counts(found.get("request_counts")),
        output_file_id=text(found.get("output_file_id")),
        error_file_id=text(found.get("error_file_id")),
        errors=_errors(errors) if errors else (),
        created_at=moment(found.get("created_at")),
        in_progress_at=moment(found.get("in_progress_at")),
        finalizing_at=moment(found.get("finalizing_at")),
        expires_at=moment(found.get("expires_at")),
    )


def _counts(found: Any) -> RequestCounts | None:
    if not isinstance(found, dict):
        return None
    total, completed, failed = whole(found.get("total")), whole(found.get("completed")), whole(found.get("failed"))
    if total is completed is failed is None:
        return None
    return RequestCounts(total or 0, completed or 0, failed or 0)


def _errors(found: Any) -> tuple[BatchError, ...]:
    if isinstance(found, str):
        return (BatchError(message=text(found, 2000)),)
    entries = found if isinstance(found, list) else sequence(mapping(found).get("data"))
    return tuple(
        BatchError(
            code=text(entry.get("code")),
            message=text(entry.get("message"), 2000),
            param=text(entry.get("param")),
            line=whole(entry.get("line")),
        )
        for entry in entries[:_MOST_ERRORS]
        if isinstance(entry, dict)
    )
