"""Why jobs are held, one line for each cause, with the one thing that cures it."""

from __future__ import annotations

from teckochecker.application.views import Cause
from teckochecker.entrypoints.http.web.row import Trouble
from teckochecker.entrypoints.http.web.words import plural, sentence


def told(cause: Cause) -> Trouble:
    """A cause as it stands above the list."""
    job = cause.newest.job
    held = f"Holds “{job.name}”" if cause.jobs == 1 else f"Holds {plural(cause.jobs, 'job')}"
    if cause.secret:
        return Trouble(
            kind="held",
            title=f"{cause.secret.name}: {cause.reason}",
            detail=f"{held}. Tried again by itself, and at once when the secret is replaced.",
            href=f"/web/secrets/{cause.secret.id}",
            cure="Replace secret",
        )
    if job.missing:
        href = f"/web/jobs/{job.id}/edit" if cause.jobs == 1 else "/web?status=held"
        detail = f"{held}. Nothing has been started."
        return Trouble(
            kind="held",
            title="Batches not found with this key",
            detail=detail,
            href=href,
            cure="Edit job" if cause.jobs == 1 else "Show",
        )
    return Trouble(
        kind="held", title=sentence(cause.reason), detail=f"{held}.", href=f"/web/jobs/{job.id}", cure="Open job"
    )
