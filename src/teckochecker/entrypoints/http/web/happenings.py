"""How events stand in a history: their words, their colour and their sign."""

from __future__ import annotations

from typing import Final

from teckochecker.domain.events import Event
from teckochecker.entrypoints.http.web import standing
from teckochecker.entrypoints.http.web.words import ending, spaced

_STATES: Final = {"BatchMoved": "after", "BatchEnded": "status", "RunMoved": "status", "RunEnded": "status"}
"""Events that look like the state they tell of."""

_KINDS: Final = {
    "JobCreated": ("info", "plus"),
    "JobEdited": ("active", "edit"),
    "JobPaused": ("paused", "paused"),
    "JobResumed": ("active", "play"),
    "JobRetried": ("active", "refresh"),
    "JobCompleted": ("completed", "completed"),
    "JobFailed": ("failed", "failed"),
    "JobOverdue": ("warning", "warning"),
    "BatchNotFound": ("held", "held"),
    "ChecksFailing": ("warning", "warning"),
    "ChecksRecovered": ("fine", "fine"),
    "CredentialHeld": ("held", "held"),
    "CredentialReleased": ("fine", "fine"),
    "TriggerIntended": ("triggering", "triggering"),
    "TriggerSent": ("triggering", "triggering"),
    "TriggerUnknown": ("unknown", "unknown"),
    "TriggerNotProcessed": ("warning", "warning"),
    "SendsFailing": ("warning", "warning"),
    "TriggerHeld": ("held", "held"),
    "TriggerRefused": ("refused", "refused"),
    "TriggerWithdrawn": ("withdrawn", "none"),
    "TriggerDoubted": ("unknown", "unknown"),
    "TriggerAccepted": ("success", "success"),
    "TestFired": ("info", "play"),
    "RunCancelAsked": ("none", "cancelled"),
    "RunKilled": ("warning", "warning"),
    "DuplicateRun": ("warning", "warning"),
    "RunLost": ("warning", "warning"),
    "NoticeGivenUp": ("warning", "warning"),
}


def status(event: Event) -> str:
    """The class whose colours an event has."""
    state = _state(event)
    return standing.css(state) if state else _KINDS.get(event.kind, ("info", "info"))[0]


def sign(event: Event) -> str:
    """The drawing beside an event."""
    state = _state(event)
    return standing.icon(state) if state else _KINDS.get(event.kind, ("info", "info"))[1]


def told(event: Event) -> str:
    """Its sentence, with states in words, and batches by the end of their ids."""
    said, told = str(event), event.data
    if batch_id := told.get("batch_id"):
        said = said.replace(batch_id, ending(batch_id))
    for state in (told[name] for name in ("before", "after", "status") if name in told):
        said = said.replace(state, spaced(state))
    return said


def _state(event: Event) -> str | None:
    return event.data[_STATES[event.kind]] if event.kind in _STATES else None
