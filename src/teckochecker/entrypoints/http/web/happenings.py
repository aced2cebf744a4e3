"""Which colour and sign the kinds of events have in a history."""

from __future__ import annotations

from typing import Final

_KINDS: Final = {
    "JobCreated": ("info", "plus"),
    "JobEdited": ("active", "edit"),
    "JobPaused": ("paused", "paused"),
    "JobResumed": ("active", "play"),
    "JobRetried": ("active", "refresh"),
    "JobCompleted": ("completed", "completed"),
    "JobFailed": ("failed", "failed"),
    "BatchEnded": ("completed", "check"),
    "BatchNotFound": ("held", "held"),
    "ChecksFailing": ("warning", "warning"),
    "ChecksRecovered": ("fine", "fine"),
    "CredentialHeld": ("held", "held"),
    "TriggerIntended": ("triggering", "triggering"),
    "TriggerSent": ("triggering", "triggering"),
    "TriggerUnknown": ("unknown", "unknown"),
    "TriggerNotProcessed": ("warning", "warning"),
    "TriggerHeld": ("held", "held"),
    "TriggerRefused": ("refused", "refused"),
    "TriggerAccepted": ("success", "success"),
    "TestFired": ("info", "play"),
    "DuplicateRun": ("warning", "warning"),
    "RunMoved": ("processing", "processing"),
    "RunEnded": ("info", "check"),
    "RunLost": ("warning", "warning"),
}


def status(kind: str) -> str:
    """The class whose colours an event has."""
    return _KINDS.get(kind, ("info", "info"))[0]


def sign(kind: str) -> str:
    """The drawing beside an event."""
    return _KINDS.get(kind, ("info", "info"))[1]
