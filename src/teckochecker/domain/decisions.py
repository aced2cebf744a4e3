"""What people decide about a trigger, and what its state allows them. Each answers with the next trigger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from attrs import evolve

from teckochecker.domain import backoff, events
from teckochecker.domain.errors import InvalidTransition, InvalidValue, JobIsBusy
from teckochecker.domain.job import PollingJob
from teckochecker.domain.protocol import Hold, TriggerState
from teckochecker.domain.run import Attempt, KeboolaRun, Outcome
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import KeboolaTarget
from teckochecker.domain.weighing import merged, weigh

_FROZEN_ANEW: Final = ("state", "hold", "reason", "payload", "defaults", "target", "secret_id", "failures", "looks")


def withdraw(trigger: Trigger, *, at: datetime) -> Trigger:
    """Call it off.

    Raises:
        JobIsBusy: something was sent, so a run may exist.
    """
    if trigger.state not in (TriggerState.INTENT, TriggerState.HELD) or not trigger.surely_unsent:
        raise JobIsBusy(
            f"The Keboola run of this job is {trigger.state.words} and may exist already; wait until it is settled"
        )
    return abandon(trigger, at=at)


def abandon(trigger: Trigger, *, at: datetime) -> Trigger:
    """The job was deleted: nothing is sent any more."""
    return evolve(trigger, state=TriggerState.WITHDRAWN, hold=None, reason=None, due_at=None, settled_at=at).tell(
        events.TriggerWithdrawn, at, trigger_id=str(trigger.id)
    )


def for_deleted(trigger: Trigger, *, at: datetime) -> Trigger:
    """A deleted job's run is looked after while it is not settled, never sent again and not followed.

    One that was not found is given up: there is no job any more at which a person could settle it.
    """
    not_found = trigger.state is TriggerState.HELD and trigger.hold is Hold.UNKNOWN_OUTCOME
    if trigger.state is TriggerState.INTENT or not_found:
        return abandon(trigger, at=at)
    return evolve(trigger, due_at=None) if trigger.state is TriggerState.ACCEPTED else trigger


def renewed(trigger: Trigger, job: PollingJob, *, at: datetime) -> Trigger:
    """After a refusal or a withdrawal: the same trigger with payload and target frozen anew.

    Raises:
        InvalidTransition: it was neither refused nor withdrawn.
    """
    if trigger.state not in (TriggerState.REFUSED, TriggerState.WITHDRAWN):
        raise InvalidTransition(f"Trigger {trigger.id} is {trigger.state.value}, so it cannot be renewed")
    fresh = Trigger.intend(job, trigger.id, at=at)
    anew = {name: getattr(fresh, name) for name in _FROZEN_ANEW}
    told = trigger.events + fresh.events
    return evolve(trigger, **anew, last_error=None, due_at=at, settled_at=None, events=told)


def nudged(trigger: Trigger, *, at: datetime) -> Trigger:
    """Take the next step now."""
    return evolve(trigger, due_at=at) if trigger.due_at else trigger


def sent_again(trigger: Trigger, *, at: datetime) -> Trigger:
    """A person looked in Keboola, found no run, and wants it sent again.

    Where we can look as well, it goes with the delay all the same; where we cannot, the person's word is all there is.

    Raises:
        InvalidTransition: it is not held, or a run has come of it.
    """
    if trigger.state is not TriggerState.HELD:
        raise InvalidTransition(f"The Keboola run of this job is {trigger.state.words}, not held")
    if trigger.runs:
        raise InvalidTransition(
            f"Run {trigger.run_id} has come of it already; name it instead: --adopt {trigger.run_id}"
        )
    attempts = trigger.attempts
    if trigger.hold in (Hold.SEARCH_REFUSED, Hold.OTHER_PROJECT):
        attempts = tuple(_found_none(attempt) for attempt in attempts)
    again = evolve(trigger, attempts=attempts).back_to_sending(at)
    return again.tell(events.JobRetried, at, generation=trigger.generation)


def check_adoptable(trigger: Trigger) -> None:
    """Make sure that a person may name its run.

    Raises:
        InvalidTransition: it is not held or looked for.
    """
    if trigger.state not in (TriggerState.HELD, TriggerState.UNKNOWN):
        raise InvalidTransition(f"The Keboola run of this job is {trigger.state.words}, not held")


def adopt(trigger: Trigger, run: KeboolaRun, *, at: datetime) -> Trigger:
    """A person names the run that came of it, which ends the search.

    Raises:
        InvalidTransition: it is not held or looked for.
        InvalidValue: the run is of another configuration or project, or was cancelled before it began.
    """
    check_adoptable(trigger)
    _fits(trigger, run)
    known = merged(trigger.runs, (run,))
    named = evolve(trigger, runs=known).tell(events.RunNamed, at, run_id=run.id)
    return named.settle(weigh(known, trigger.kills).kept, at)


def cancel(trigger: Trigger, *, at: datetime) -> Trigger:
    """A person wants the accepted run to end; that is asked for next, and the following tells what came of it.

    Raises:
        InvalidTransition: there is no run under way.
    """
    if trigger.state is not TriggerState.ACCEPTED:
        raise InvalidTransition(f"The Keboola run of this job is {trigger.state.words}, so there is nothing to cancel")
    closely = evolve(trigger, looks=0, due_at=at + backoff.between_follows(0))
    return closely.tell(events.RunCancelAsked, at, run_id=trigger.run_id)


def _found_none(attempt: Attempt) -> Attempt:
    if attempt.outcome not in (None, Outcome.UNKNOWN):
        return attempt
    return evolve(attempt, outcome=Outcome.NOT_PROCESSED, message="a person looked and found no run of it")


def _fits(trigger: Trigger, run: KeboolaRun) -> None:
    targets = {(target.component_id, target.configuration_id) for target in _aims(trigger)}
    if (run.component_id, run.configuration_id) not in targets:
        raise InvalidValue(
            f"Run {run.id} is one of {run.component_id} / {run.configuration_id}, not of this job's configuration",
            field="run_id",
        )
    projects = {attempt.project_id for attempt in trigger.attempts if attempt.may_exist}
    if projects and run.project_id not in projects:
        raise InvalidValue(
            f"Run {run.id} belongs to project {run.project_id}, but the request went to {', '.join(sorted(projects))}; "
            "name a run of that project",
            field="run_id",
        )
    if run.cancelled:
        raise InvalidValue(f"Run {run.id} was cancelled before it began; name one that did the work", field="run_id")


def _aims(trigger: Trigger) -> Iterator[KeboolaTarget]:
    yield trigger.target
    yield from (attempt.target for attempt in trigger.attempts)
