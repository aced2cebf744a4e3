"""What people decide about a trigger, and what its state allows them. Each answers with the next trigger."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import evolve

from teckochecker.domain import events
from teckochecker.domain.errors import InvalidTransition, JobIsBusy
from teckochecker.domain.job import PollingJob
from teckochecker.domain.protocol import TriggerState
from teckochecker.domain.run import KeboolaRun
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.weighing import merged

_FROZEN_ANEW: Final = ("state", "hold", "reason", "payload", "target", "secret_id", "failures", "looks")


def withdraw(trigger: Trigger, *, at: datetime) -> Trigger:
    """Call it off.

    Raises:
        JobIsBusy: something was sent, so a run may exist.
    """
    if trigger.state not in (TriggerState.INTENT, TriggerState.HELD) or not trigger.surely_unsent:
        raise JobIsBusy(
            f"The Keboola run of this job is {trigger.state.value} and may exist already; wait until it is settled"
        )
    return abandon(trigger, at=at)


def abandon(trigger: Trigger, *, at: datetime) -> Trigger:
    """The job was deleted: nothing is sent any more."""
    return evolve(trigger, state=TriggerState.WITHDRAWN, hold=None, reason=None, due_at=None, settled_at=at).tell(
        events.TriggerWithdrawn, at, trigger_id=str(trigger.id)
    )


def renewed(trigger: Trigger, job: PollingJob, *, at: datetime) -> Trigger:
    """After a refusal or a withdrawal: the same trigger with payload and target frozen anew.

    Raises:
        InvalidTransition: it was neither refused nor withdrawn.
    """
    if trigger.state not in (TriggerState.REFUSED, TriggerState.WITHDRAWN):
        raise InvalidTransition(f"Trigger {trigger.id} is {trigger.state.value}, so it cannot be renewed")
    fresh = Trigger.intend(job, trigger.id, at=at)
    anew = {name: getattr(fresh, name) for name in _FROZEN_ANEW}
    events = trigger.events + fresh.events
    return evolve(trigger, **anew, last_error=None, due_at=at, settled_at=None, events=events)


def nudged(trigger: Trigger, *, at: datetime) -> Trigger:
    """Take the next step now."""
    return evolve(trigger, due_at=at) if trigger.due_at else trigger


def sent_again(trigger: Trigger, *, at: datetime) -> Trigger:
    """A person looked in Keboola, found no run, and wants it sent again (with the delay).

    Raises:
        InvalidTransition: it is not held.
    """
    if trigger.state is not TriggerState.HELD:
        raise InvalidTransition(f"The Keboola run of this job is {trigger.state.value}, not held")
    return trigger.back_to_sending(at)


def adopt(trigger: Trigger, run: KeboolaRun, *, at: datetime) -> Trigger:
    """A person names the run that came of it.

    Raises:
        InvalidTransition: it is not held or looked for.
    """
    if trigger.state not in (TriggerState.HELD, TriggerState.UNKNOWN):
        raise InvalidTransition(f"The Keboola run of this job is {trigger.state.value}, not held")
    return evolve(trigger, runs=merged(trigger.runs, (run,))).settle(run, at)
