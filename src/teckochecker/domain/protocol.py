"""The trigger protocol's states and moves, and the operator's word on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

from attrs import frozen


class TriggerState(StrEnum):
    """Where a trigger stands."""

    INTENT = "intent"
    SENT = "sent"
    UNKNOWN = "unknown"
    CONFIRMING = "confirming"
    ACCEPTED = "accepted"
    HELD = "held"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"

    @property
    def words(self) -> str:
        """What the Keboola run of a job is then, as a sentence goes on."""
        return _WORDS.get(self.value, self.value)


_WORDS: Final = {
    "intent": "still to be started",
    "sent": "being started",
    "unknown": "being looked for",
    "confirming": "being confirmed",
    "accepted": "under way",
    "withdrawn": "called off",
    "ended": "over",
}


TRIGGER_MOVES: Final[Mapping[TriggerState, frozenset[TriggerState]]] = {
    TriggerState.INTENT: frozenset({TriggerState.SENT, TriggerState.HELD, TriggerState.WITHDRAWN}),
    TriggerState.SENT: frozenset(
        {
            TriggerState.ACCEPTED,
            TriggerState.REFUSED,
            TriggerState.INTENT,
            TriggerState.UNKNOWN,
            TriggerState.CONFIRMING,
            TriggerState.HELD,
        }
    ),
    TriggerState.UNKNOWN: frozenset(
        {
            TriggerState.CONFIRMING,
            TriggerState.ACCEPTED,
            TriggerState.INTENT,
            TriggerState.REFUSED,
            TriggerState.HELD,
            TriggerState.WITHDRAWN,
        }
    ),
    TriggerState.CONFIRMING: frozenset({TriggerState.ACCEPTED, TriggerState.HELD}),
    TriggerState.HELD: frozenset(
        {
            TriggerState.INTENT,
            TriggerState.UNKNOWN,
            TriggerState.CONFIRMING,
            TriggerState.ACCEPTED,
            TriggerState.REFUSED,
            TriggerState.WITHDRAWN,
        }
    ),
    TriggerState.ACCEPTED: frozenset({TriggerState.ENDED}),
    TriggerState.REFUSED: frozenset({TriggerState.INTENT}),
    TriggerState.WITHDRAWN: frozenset({TriggerState.INTENT}),
    TriggerState.ENDED: frozenset(),
}
"""Every move that a trigger can make."""

OPEN: Final = frozenset(
    {
        TriggerState.INTENT,
        TriggerState.SENT,
        TriggerState.UNKNOWN,
        TriggerState.CONFIRMING,
        TriggerState.HELD,
    }
)
"""States in which nothing is settled yet; a job has at most one trigger in them."""


class Hold(StrEnum):
    """Why a trigger waits for a person or a secret."""

    CREDENTIAL = "credential"
    UNKNOWN_OUTCOME = "unknown_outcome"
    SEARCH_REFUSED = "search_refused"
    OTHER_PROJECT = "other_project"


@frozen(kw_only=True)
class TriggerPolicy:
    """The operator's word on how triggers are handled.

    Exactly one run is promised while Keboola's search shows a run within `grace` of its creation. A request
    sent again begins `resend_delay` later, so that an earlier run that surfaces late can still be told apart.
    """

    grace: timedelta = timedelta(seconds=120)
    resend_delay: timedelta = timedelta(seconds=360)
    resend: bool = True
    tell_after: int = 3
    retry_delay: timedelta = timedelta(seconds=60)
