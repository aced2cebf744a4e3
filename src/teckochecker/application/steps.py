"""The steps of one trigger: send, look, follow. Each is committed before the next; no transaction spans a request."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from attrs import Factory, evolve, field, frozen

from teckochecker.application.defaults import StoredDefaults
from teckochecker.application.errors import (
    CredentialRejected,
    GatewayError,
    LeaseLost,
    OutcomeUnknown,
    Rejected,
    SecretNotFound,
    StorageUnavailable,
    Unavailable,
    WrongKey,
)
from teckochecker.application.keyring import Keyring
from teckochecker.application.ports import (
    Chance,
    Clock,
    Lease,
    RunRequest,
    RunSearch,
    SecretCipher,
    Store,
    TriggerClaim,
    WorkflowGateway,
)
from teckochecker.application.shared_time import SharedTime
from teckochecker.domain import backoff, decisions, following, restoring
from teckochecker.domain.protocol import Hold, TriggerPolicy, TriggerState
from teckochecker.domain.run import LOST, Attempt, KeboolaRun, Runs
from teckochecker.domain.secret import Credential, Secret
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import KeboolaTarget

CLOCKS_APART = timedelta(hours=24)  # a search looks so much further back than our own clock says: it may be wrong
LOST_AFTER = timedelta(hours=1)  # a run that Keboola does not know any more is followed for so long
CRASHED = "the process ended while the request was out"


@frozen(kw_only=True)
class Steps:
    """What to do next with a trigger in hand, and how its outcome is kept."""

    store: Store
    workflows: WorkflowGateway
    defaults: StoredDefaults
    cipher: SecretCipher
    clock: Clock
    chance: Chance
    policy: TriggerPolicy = field(factory=TriggerPolicy)
    time: SharedTime = field(default=Factory(lambda steps: SharedTime(steps.clock), takes_self=True))

    async def take(self, claim: TriggerClaim, lease: Lease) -> None:
        """Take one step.

        Raises:
            LeaseLost: the trigger is in other hands.
            StorageUnavailable: nothing could be written.
        """
        trigger = claim.trigger
        match trigger.state:
            case TriggerState.SENT:
                await self._save(claim, trigger.outcome_unknown(CRASHED, at=self.time.now()))
            case TriggerState.INTENT:
                await self._send(claim, lease)
            case TriggerState.UNKNOWN | TriggerState.CONFIRMING | TriggerState.HELD:
                await self._look(claim)
            case TriggerState.ACCEPTED:
                await (self._look_at_twins(claim) if trigger.twins else self._follow(claim))
            case _:
                await self._save(claim, evolve(trigger, due_at=None))

    async def _send(self, claim: TriggerClaim, lease: Lease) -> None:
        trigger = claim.trigger
        try:
            secret, credential = await self._open(trigger)
        except (GatewayError, SecretNotFound, WrongKey) as error:
            await self._save(claim, self._unsent(trigger, error))
            return
        claim = evolve(claim, trigger=await self.defaults.frozen(trigger, credential))
        sent = await self._say_sent(claim, secret)
        if sent is None:
            return
        variables = {**sent.defaults, **sent.payload}
        request = RunRequest(target=sent.target, variables=variables, delay=sent.attempts[-1].delay)
        try:
            run = await self.workflows.start(request, credential, lease=lease)
        except OutcomeUnknown as error:
            await self._keep_answer(claim, lease, sent.outcome_unknown(str(error), at=self.time.now()), None)
        except (GatewayError, LeaseLost) as error:
            await self._keep_answer(claim, lease, self._unsent(sent, error), None)
        else:
            await self._keep_answer(claim, lease, sent.accepted(run, at=self.time.now()), run)

    async def _say_sent(self, claim: TriggerClaim, secret: Secret) -> Trigger | None:
        """Commit that the request leaves now, before a byte does; None when it must not, or not yet."""
        async with self.store.work() as work:
            job = await work.jobs.get(claim.trigger.job_id, lock=True, deleted=True)
            at = self.time.now()
            if job.deleted_at:
                await work.triggers.save(decisions.abandon(claim.trigger, at=at), claim, release=True)
                await work.commit()
                return None
            if restoring.in_doubt(job, claim.trigger):
                doubted = restoring.presumed(job, claim.trigger, secret, at=at)
                await work.triggers.save(doubted, claim, release=True)
                await work.commit()
                return None
            sent = claim.trigger.send(secret, at=at, policy=self.policy)
            await work.triggers.save(sent, claim)
            await work.commit()
            return evolve(sent, events=())

    async def _look(self, claim: TriggerClaim) -> None:
        """Search for runs of every attempt, read the known ones again, and decide."""
        trigger = claim.trigger
        at = self.time.now()
        try:
            secret, credential = await self._open(trigger)
            if trigger.state is TriggerState.HELD and trigger.surely_unsent:
                # a credential that verifies again is worth another try
                await self.workflows.identify(trigger.target.stack_url, credential)
                await self._save(claim, trigger.freed(at=at))
                return
            if any(attempt.may_exist and attempt.project_id != _project(secret) for attempt in trigger.attempts):
                reason = "the secret opens another Keboola project than the one the request went to"
                await self._save(claim, self._held(trigger, Hold.OTHER_PROJECT, reason))
                return
            found = await self._find(trigger, credential)
        except (Rejected, SecretNotFound, WrongKey) as error:
            await self._save(claim, await self._search_refused(trigger, error))
        except GatewayError as error:
            await self._save(claim, trigger.look_failed(str(error), at=at))
        else:
            await self._decide(claim, trigger.looked(found, at=at, policy=self.policy), credential)

    async def _look_at_twins(self, claim: TriggerClaim) -> None:
        """The run that counts is known; another one that is known by now as well is undone if it can be."""
        trigger = claim.trigger
        at = self.time.now()
        try:
            _, credential = await self._open(trigger)
            read = [await self._read(trigger, run, credential) for run in trigger.runs]
            found = Runs(runs=tuple(read), as_of=at)
        except (GatewayError, SecretNotFound, WrongKey) as error:
            await self._save(claim, trigger.look_failed(str(error), at=at))
        else:
            await self._decide(claim, trigger.looked(found, at=at, policy=self.policy), credential)

    async def _decide(self, claim: TriggerClaim, looked: Trigger, credential: Credential) -> None:
        """A kill is committed before it is asked for."""
        doomed = looked.to_kill
        for run_id in doomed:
            looked = looked.killing(run_id, at=self.time.now())
        await self._save(claim, looked)
        for run_id in doomed:
            try:
                await self.workflows.kill(looked.target.stack_url, run_id, credential)
            except GatewayError:
                continue  # the next look reads the run again and tells how it stands

    async def _find(self, trigger: Trigger, credential: Credential) -> Runs:
        """Unknown runs are searched, wherever an attempt went. The search lags, so what it shows is read by id.

        A run that may not begin yet needs no reading: it waits, unless its end was asked for.
        """
        hits: list[KeboolaRun] = []
        since = trigger.attempts[0].sent_at - CLOCKS_APART
        as_of: datetime | None = None
        targets: list[KeboolaTarget] = []
        for attempt in trigger.attempts:
            if attempt.may_exist and attempt.target not in targets:
                targets.append(attempt.target)
        for target in targets:
            search = RunSearch(trigger_id=trigger.id, target=target, since=since)
            found = await self.workflows.find(search, credential)
            hits += found.runs
            as_of = min(as_of, found.as_of) if as_of else found.as_of
        runs = {run.id: run for run in (*hits, *trigger.runs)}
        waiting = [run.id for run in runs.values() if run.waits(as_of) and run.id not in trigger.kills]
        read = [run if run.id in waiting else await self._read(trigger, run, credential) for run in runs.values()]
        return Runs(runs=tuple(read), as_of=as_of or self.time.now())

    async def _read(self, trigger: Trigger, run: KeboolaRun, credential: Credential) -> KeboolaRun:
        """A run as the primary store has it."""
        if run.finished:
            return run
        try:
            return await self.workflows.get(trigger.target.stack_url, run.id, credential)
        except Rejected as refused:
            if refused.http != 404:
                raise
            return evolve(run, status=LOST)

    async def _follow(self, claim: TriggerClaim) -> None:
        trigger = claim.trigger
        at = self.time.now()
        try:
            _, credential = await self._open(trigger)
            run = await self.workflows.get(trigger.target.stack_url, trigger.run_id or "", credential)
        except SecretNotFound:
            followed = following.lost_sight(trigger, "its Keboola secret was deleted", at=at)
        except (CredentialRejected, WrongKey) as error:
            wait = backoff.after_refused_credential(trigger.looks + 1, self._chance())
            followed = evolve(trigger.look_failed(str(error), at=at), due_at=at + wait)
        except Rejected as error:
            followed = trigger.look_failed(str(error), at=at)
            if at - (trigger.settled_at or at) >= LOST_AFTER:
                followed = following.lost_sight(trigger, str(error), at=at)
        except GatewayError as error:
            followed = trigger.look_failed(str(error), at=at)
        else:
            followed = following.followed(trigger, run, at=at)
        await self._save(claim, followed)

    # What a failure makes of a trigger

    def _unsent(self, trigger: Trigger, error: Exception) -> Trigger:
        """The request surely had no effect."""
        at = self.time.now()
        match error:
            case CredentialRejected() | SecretNotFound() | WrongKey():
                return self._held(trigger, Hold.CREDENTIAL, str(error))
            case Rejected() if trigger.state is TriggerState.SENT:
                return trigger.refused(str(error), http=error.http, exception_id=error.exception_id, at=at)
            case _:
                retry_at = error.retry_at if isinstance(error, Unavailable) else None
                return trigger.not_processed(
                    str(error), at=at, retry_at=retry_at, policy=self.policy, chance=self._chance()
                )

    async def _search_refused(self, trigger: Trigger, error: Exception) -> Trigger:
        """A refused search is no answer: either the credential as a whole is refused, or only its right to search."""
        try:
            _, credential = await self._open(trigger)
            await self.workflows.identify(trigger.target.stack_url, credential)
        except (GatewayError, SecretNotFound, WrongKey):
            return self._held(trigger, Hold.CREDENTIAL, str(error))
        refused = isinstance(error, CredentialRejected)
        why = "this token may not search Keboola's jobs" if refused else f"the search for the run is refused ({error})"
        cure = "it is not known whether the run was started: look in Keboola, then send it again or name the run"
        return self._held(trigger, Hold.SEARCH_REFUSED, f"{why}, so {cure}")

    def _held(self, trigger: Trigger, hold: Hold, reason: str) -> Trigger:
        return trigger.held(hold, reason, at=self.time.now(), chance=self._chance())

    def _chance(self) -> float:
        return self.chance.uniform(0, 1)

    # Storage

    async def _open(self, trigger: Trigger) -> tuple[Secret, Credential]:
        keyring = Keyring(store=self.store, cipher=self.cipher, workflows=self.workflows)
        return await keyring.open(trigger.secret_id, trigger.target.stack_url)

    async def _save(self, claim: TriggerClaim, trigger: Trigger) -> None:
        """Write a trigger and give it back; the job's status moves in the same transaction."""
        async with self.store.work() as work:
            job = await work.jobs.get(trigger.job_id, lock=True, deleted=True)
            if job.deleted_at:
                trigger = decisions.for_deleted(trigger, at=self.time.now())
            await work.triggers.save(trigger, claim, release=True)
            moved = following.settled(job, trigger, at=self.time.now())
            if moved is not job:
                await work.jobs.save([moved])
            await work.commit()

    async def _keep_answer(self, claim: TriggerClaim, lease: Lease, answered: Trigger, run: KeboolaRun | None) -> None:
        """An answer is evidence, never dropped: kept also when the lease was lost, or when the storage is away."""
        kept = lost = False
        while not kept:
            try:
                if lost or lease.lost:
                    await self._record(answered.id, answered.attempts[-1], run)
                else:
                    await self._save(claim, answered)
                kept = True
            except LeaseLost:
                lost = True
            except StorageUnavailable:
                await self.clock.sleep(timedelta(seconds=1))

    async def _record(self, trigger_id: UUID, attempt: Attempt, run: KeboolaRun | None) -> None:
        async with self.store.work() as work:
            at = self.time.now()
            await work.triggers.record(trigger_id, attempt, at=at)
            if run:
                await work.triggers.record(trigger_id, run, at=at)
            await work.commit()


def _project(secret: Secret) -> str | None:
    return secret.project.id if secret.project else None
