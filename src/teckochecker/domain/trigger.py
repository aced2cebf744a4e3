"""A trigger: the one Keboola run of one generation of a job, from the intent to the run's end.

The record is committed before anything is sent. An outcome that cannot be known is a state of its own,
answered by looking, never by sending again blindly. Every step returns the next trigger.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from attrs import evolve, field, frozen

from teckochecker.domain import backoff, events
from teckochecker.domain.completion import payload
from teckochecker.domain.errors import InvalidTransition
from teckochecker.domain.events import Event
from teckochecker.domain.job import PollingJob
from teckochecker.domain.protocol import OPEN, Hold, TriggerPolicy, TriggerState
from teckochecker.domain.run import Attempt, KeboolaRun, Outcome, Runs
from teckochecker.domain.secret import Secret, SecretId
from teckochecker.domain.values import JobId, KeboolaTarget, cleaned
from teckochecker.domain.weighing import merged, weigh


@frozen(kw_only=True)
class Trigger:
    """One run to be started, and what is known of it. `kills` are second runs whose end was asked for.

    `defaults` are stored values of the configuration's other variables, sent along under the payload.
    `looking_since` and `confirm_until` are read off Keboola's clock alone; ours may jump. `due_at` is when the next
    step is to be taken, if any is.
    """

    id: UUID
    job_id: JobId
    generation: int
    state: TriggerState = TriggerState.INTENT
    hold: Hold | None = None
    reason: str | None = None
    payload: Mapping[str, str]
    defaults: Mapping[str, str] = field(factory=dict)
    target: KeboolaTarget
    secret_id: SecretId | None
    run_id: str | None = None
    due_at: datetime | None
    attempts: tuple[Attempt, ...] = ()
    runs: tuple[KeboolaRun, ...] = ()
    kills: frozenset[str] = frozenset()
    looks: int = 0
    looking_since: datetime | None = None
    confirm_until: datetime | None = None
    failures: int = 0
    last_error: str | None = None
    created_at: datetime
    settled_at: datetime | None = None
    events: tuple[Event, ...] = field(default=(), eq=False, repr=False)

    @classmethod
    def intend(cls, job: PollingJob, id: UUID, *, at: datetime) -> Self:
        """The intent to start the run of a job whose batches have all ended; its payload is frozen here."""
        return cls(
            id=id,
            job_id=job.id,
            generation=job.generation,
            payload=payload(id, job.id, job.name, job.batches, job.target.variables),
            target=job.target,
            secret_id=job.keboola_secret_id,
            due_at=at,
            created_at=at,
        ).tell(events.TriggerIntended, at, trigger_id=str(id), generation=job.generation)

    # What can be read off it

    @property
    def surely_unsent(self) -> bool:
        """No run can have come of it."""
        return not self.runs and not any(attempt.may_exist for attempt in self.attempts)

    @property
    def unsettled(self) -> bool:
        """Whether there is one run is not decided yet."""
        return self.state in OPEN

    @property
    def run(self) -> KeboolaRun | None:
        """The one run that counts."""
        return next((run for run in self.runs if run.id == self.run_id), None)

    @property
    def twins(self) -> tuple[KeboolaRun, ...]:
        """Runs besides the one that counts which can still be undone, or are being so."""
        others = [run for run in self.runs if run.id != self.run_id and not run.finished]
        return tuple(run for run in others if run.killable or (run.id in self.kills and not run.lost))

    @property
    def to_kill(self) -> tuple[str, ...]:
        """Those of them that have not begun; asked again and again, because a request may not have arrived."""
        return tuple(run.id for run in self.twins if run.killable)

    @property
    def waits_for(self) -> str | None:
        """What a person has to know: why it is held, or that sending keeps failing."""
        return self.reason if self.state in (TriggerState.HELD, TriggerState.INTENT) else None

    # Sending

    def send(self, secret: Secret, *, at: datetime, policy: TriggerPolicy) -> Self:
        """Say that the next attempt leaves now; to be committed before a byte does.

        When an earlier attempt may still have made a run, this one begins later, so that it can be undone.

        Raises:
            InvalidTransition: the trigger is not to be sent, or the secret's project was not read yet.
        """
        if self.state is not TriggerState.INTENT or secret.project is None:
            raise InvalidTransition(f"Trigger {self.id} is {self.state.value}, so it cannot be sent")
        delay = timedelta(0) if self.surely_unsent else policy.resend_delay
        attempt = Attempt(
            n=len(self.attempts) + 1,
            sent_at=at,
            target=self.target,
            secret_id=secret.id,
            secret_version=secret.version,
            project_id=secret.project.id,
            token_id=secret.project.token_id,
            delay=delay,
        )
        sent = evolve(
            self,
            state=TriggerState.SENT,
            reason=None,
            attempts=(*self.attempts, attempt),
            looks=0,
            looking_since=None,
            due_at=at,
        )
        said = {"trigger_id": str(self.id), "attempt": attempt.n, "delay_s": int(delay.total_seconds())}
        return sent.tell(events.TriggerSent, at, **said)

    def accepted(self, run: KeboolaRun, *, at: datetime) -> Self:
        """Keboola answered the last attempt with a run."""
        return self._answered(Outcome.ACCEPTED, at)._weigh((run,), as_of=run.created_at or at, at=at)

    def refused(self, message: str, *, http: int, exception_id: str | None, at: datetime) -> Self:
        """Keboola refused the last attempt for good. If an earlier one may exist, that is looked for first."""
        sent = self._answered(Outcome.REFUSED, at, http=http, exception_id=exception_id, message=cleaned(message))
        return sent._refuse(at) if sent.surely_unsent else evolve(sent, state=TriggerState.UNKNOWN, due_at=at)

    def not_processed(
        self, message: str, *, at: datetime, retry_at: datetime | None, policy: TriggerPolicy, chance: float
    ) -> Self:
        """Nothing was done, surely: it is sent again later, for as long as it takes."""
        text = cleaned(message)
        failed = self._answered(Outcome.NOT_PROCESSED, at, message=text)._failed(text, at, policy)
        wait = at + backoff.after_failed_sends(failed.failures, policy.retry_delay, chance)
        failed = evolve(failed, due_at=max(wait, retry_at or wait))
        if failed.failures > 1 or policy.tell_after <= 1:
            return failed
        return failed.tell(events.TriggerNotProcessed, at, trigger_id=str(self.id), failures=1, reason=text)

    def outcome_unknown(self, message: str, *, at: datetime) -> Self:
        """The last attempt may or may not have made a run: timeout, reset, 5xx, or the process died."""
        text = cleaned(message)
        open = self._answered(Outcome.UNKNOWN, at, message=text)
        trigger = evolve(open, state=TriggerState.UNKNOWN, last_error=text, due_at=at)
        return trigger.tell(events.TriggerUnknown, at, trigger_id=str(self.id), reason=text)

    def held(self, hold: Hold, reason: str, *, at: datetime, chance: float) -> Self:
        """It waits for a person or a secret, and looks by itself whether the cause is gone, 1 to 60 min apart."""
        text, first = cleaned(reason), self.hold is not hold
        failures = 1 if first else self.failures + 1
        trigger = evolve(
            self._answered(Outcome.NOT_PROCESSED, at, message=text),
            state=TriggerState.HELD,
            hold=hold,
            reason=text,
            last_error=text,
            failures=failures,
            due_at=at + backoff.after_refused_credential(failures, chance),
        )
        return trigger.tell(events.TriggerHeld, at, trigger_id=str(self.id), reason=text) if first else trigger

    def freed(self, *, at: datetime) -> Self:
        """The cause of the hold is gone: back to sending, or to looking when a run may exist."""
        if self.state is not TriggerState.HELD:
            return self
        state = TriggerState.INTENT if self.surely_unsent else TriggerState.UNKNOWN
        return evolve(self, state=state, reason=None, due_at=at)

    # Looking

    def looked(self, found: Runs, *, at: datetime, policy: TriggerPolicy) -> Self:
        """Take in a complete search together with the re-read known runs; what is in `to_kill` is killed next.

        Found: adopted. Not found: searched again until `grace` has passed on Keboola's clock, then sent again
        with a delay, or held, as the policy says.
        """
        ours = tuple(run for run in found.runs if self._is_ours(run))
        if ours or self.runs:
            return self._weigh(ours, as_of=found.as_of, at=at)
        if self.surely_unsent:
            return self.back_to_sending(at)
        since = self.looking_since or found.as_of
        # after a refusal nothing is sent again that could still be told apart from a run that surfaces late
        refused = self.attempts[-1].outcome is Outcome.REFUSED
        if found.as_of - since >= (policy.resend_delay if refused else policy.grace):
            return self._absent(at, policy)
        again = at + backoff.between_searches(self.looks)
        return evolve(self, state=TriggerState.UNKNOWN, looking_since=since, looks=self.looks + 1, due_at=again)

    def look_failed(self, message: str, *, at: datetime) -> Self:
        """A search or read had no answer, which says nothing; it is asked again."""
        wait = (backoff.between_searches if self.unsettled else backoff.between_follows)(self.looks)
        if self.state is TriggerState.CONFIRMING:
            wait = backoff.BETWEEN_CONFIRMS  # a second run has to be undone before it begins
        return evolve(self, last_error=cleaned(message), looks=self.looks + 1, due_at=at + wait)

    def killing(self, run_id: str, *, at: datetime) -> Self:
        """The kill of a second run is asked for, perhaps once more; committed before the request."""
        asked = evolve(self, kills=self.kills | {run_id})
        return asked if run_id in self.kills else asked.tell(events.RunKilled, at, run_id=run_id)

    # How

    def _is_ours(self, run: KeboolaRun) -> bool:
        return any(run.id == known.id for known in self.runs) or any(sent.made(run, self.id) for sent in self.attempts)

    def _answered(self, outcome: Outcome, at: datetime, **said: Any) -> Self:
        """The attempt that is out, if one is, has its outcome now."""
        if not self.attempts or self.attempts[-1].outcome is not None:
            return self
        last = evolve(self.attempts[-1], outcome=outcome, answered_at=at, **said)
        return evolve(self, attempts=(*self.attempts[:-1], last))

    def _weigh(self, seen: tuple[KeboolaRun, ...], *, as_of: datetime, at: datetime) -> Self:
        """Decide between the runs that are known by now."""
        runs = merged(self.runs, seen)
        verdict = weigh(runs, self.kills)
        since = self.looking_since or as_of
        until = self.confirm_until or since + max(attempt.delay for attempt in self.attempts)
        trigger = evolve(self, runs=runs, run_id=verdict.kept.id, looking_since=since, confirm_until=until, reason=None)
        if len(verdict.begun) > max(1, sum(run.begun for run in self.runs)):
            trigger = trigger.tell(events.DuplicateRun, at, run_ids=tuple(run.id for run in verdict.begun))
        hidden = sum(attempt.may_exist for attempt in self.attempts) > len(runs) and as_of < until
        if self.state is not TriggerState.ACCEPTED and (verdict.undecided or hidden):
            again = at + backoff.BETWEEN_CONFIRMS
            return evolve(trigger, state=TriggerState.CONFIRMING, looks=self.looks + 1, due_at=again)
        return trigger.settle(verdict.kept, at)

    def settle(self, run: KeboolaRun, at: datetime) -> Self:
        over: dict[str, Any] = {"hold": None, "reason": None, "last_error": None, "looks": 0, "failures": 0}
        settled = evolve(
            self,
            **over,
            state=TriggerState.ACCEPTED,
            run_id=run.id,
            due_at=at + backoff.between_follows(0),
            settled_at=self.settled_at or at,
        )
        if self.settled_at:
            return settled
        adopted = all(attempt.outcome is not Outcome.ACCEPTED for attempt in self.attempts)
        waited = (at - self.created_at).total_seconds()
        said = {"trigger_id": str(self.id), "run_id": run.id, "adopted": adopted, "waited_s": waited}
        return settled.tell(events.TriggerAccepted, at, **said)

    def _refuse(self, at: datetime) -> Self:
        last = self.attempts[-1]
        reason = last.message or "no reason given"
        ended: dict[str, Any] = {"state": TriggerState.REFUSED, "reason": reason, "last_error": reason}
        said = {"trigger_id": str(self.id), "reason": reason, "exception_id": last.exception_id}
        return evolve(self, **ended, due_at=None, settled_at=at).tell(events.TriggerRefused, at, **said)

    def _absent(self, at: datetime, policy: TriggerPolicy) -> Self:
        if self.attempts[-1].outcome is Outcome.REFUSED:
            return self._refuse(at)
        if policy.resend:
            again = self.back_to_sending(at)._failed(self.last_error or "there was no answer", at, policy)
            wait = backoff.after_failed_sends(again.failures, policy.retry_delay, 0.5)
            return evolve(again, due_at=max(at, self.attempts[-1].sent_at + wait))
        reason = "Keboola shows no run of this job, but one may exist: look there, then send it again or name the run"
        return self.held(Hold.UNKNOWN_OUTCOME, reason, at=at, chance=0.5)

    def _failed(self, text: str, at: datetime, policy: TriggerPolicy) -> Self:
        """No run came of a request, once more: after `tell_after` times in a row a person is told."""
        failures, most = self.failures + 1, max(policy.tell_after, 1)
        why = f"Keboola has not taken the request {failures} times: {text}" if failures >= most else None
        failed = evolve(self, state=TriggerState.INTENT, failures=failures, last_error=text, reason=why)
        said = {"trigger_id": str(self.id), "failures": failures, "reason": text}
        return failed.tell(events.SendsFailing, at, **said) if failures == most else failed

    def back_to_sending(self, at: datetime) -> Self:
        return evolve(self, state=TriggerState.INTENT, hold=None, reason=None, looks=0, due_at=at)

    def tell(self, kind: type[Event], at: datetime, **data: Any) -> Self:
        return evolve(self, events=(*self.events, kind(at=at, job_id=self.job_id, **data)))
