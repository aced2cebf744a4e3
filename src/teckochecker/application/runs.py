"""The use cases of a job's Keboola run that have to ask Keboola first."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from teckochecker.application.actor import LIBRARY, Actor
from teckochecker.application.audit import note
from teckochecker.application.defaults import StoredDefaults
from teckochecker.application.keyring import Keyring
from teckochecker.application.ports import Chance, Clock, RunRequest, SecretCipher, Store, WorkflowGateway
from teckochecker.application.views import JobView, views
from teckochecker.domain import decisions, events, following, rehearsal
from teckochecker.domain.errors import InvalidTransition
from teckochecker.domain.job import PollingJob
from teckochecker.domain.protocol import TriggerState
from teckochecker.domain.secret import Credential
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import JobId, identifier


@frozen(kw_only=True)
class KeboolaRuns:
    """Cancel a job's run, name the one that came of it, or start one for a test. Nothing is held open meanwhile."""

    store: Store
    workflows: WorkflowGateway
    cipher: SecretCipher
    clock: Clock
    defaults: StoredDefaults
    chance: Chance
    actor: Actor = LIBRARY

    async def cancel(self, job_id: int) -> JobView:
        """Ask Keboola to end the accepted run; the following tells how it ended.

        Raises:
            JobNotFound: there is no such job.
            InvalidTransition: it has no run under way.
            SecretNotFound, WrongKey, GatewayError: Keboola could not be asked.
        """
        async with self.store.view() as view:
            job = await view.jobs.get(JobId(job_id))
            trigger = _under_way(job, await view.triggers.of_job(job.id))
        decisions.cancel(trigger, at=self.clock.now())
        credential = await self._open(trigger)
        async with self.store.work() as work:
            job = await work.jobs.get(job.id, lock=True)
            trigger = _under_way(job, await work.triggers.of_job(job.id, lock=True))
            at = await work.now()
            await work.triggers.save(decisions.cancel(trigger, at=at))
            await note(work, self.actor, "job.cancel_run", before=job, after=job, at=at, run_id=trigger.run_id)
            await work.commit()
        await self.workflows.kill(trigger.target.stack_url, trigger.run_id or "", credential)
        return await self._shown(job_id)

    async def adopt(self, job_id: int, run_id: str) -> JobView:
        """Take a run that a person found in Keboola for the one of this job, after reading it there.

        Raises:
            JobNotFound: there is no such job.
            InvalidTransition: its run is neither held nor looked for.
            InvalidValue: the run is of another configuration or project, or did nothing.
            Rejected: Keboola knows no such run.
            SecretNotFound, WrongKey, GatewayError: Keboola could not be asked.
        """
        named = identifier(run_id, "run ID", "run_id")
        async with self.store.view() as view:
            job = await view.jobs.get(JobId(job_id))
            trigger = _latest(job, await view.triggers.of_job(job.id))
        decisions.check_adoptable(trigger)
        run = await self.workflows.get(trigger.target.stack_url, named, await self._open(trigger))
        async with self.store.work() as work:
            job = await work.jobs.get(job.id, lock=True)
            at = await work.now()
            adopted = decisions.adopt(_latest(job, await work.triggers.of_job(job.id, lock=True)), run, at=at)
            await work.triggers.save(adopted)
            settled = following.settled(job, adopted, at=at)
            await work.jobs.save([settled])
            await note(work, self.actor, "job.adopt", before=job, after=settled, at=at, run_id=named)
            await work.commit()
        return await self._shown(job_id)

    async def test_fire(self, job_id: int) -> events.TestFired:
        """Start a marked run of the job's target with made-up batches, once; the job itself goes on untouched.

        Raises:
            JobNotFound: there is no such job.
            OutcomeUnknown: the run may or may not have been started; it is not looked for.
            SecretNotFound, WrongKey, GatewayError: no run was started.
        """
        async with self.store.view() as view:
            job = await view.jobs.get(JobId(job_id))
        trial = rehearsal.of(job, self.chance.trigger_id(), at=self.clock.now())
        credential = await self._open(trial)
        trial = await self.defaults.frozen(trial, credential)
        request = RunRequest(target=trial.target, variables={**trial.defaults, **trial.payload})
        run = await self.workflows.start(request, credential, lease=_Unleased())
        at = self.clock.now()
        fired = events.TestFired(at=at, job_id=job.id, trigger_id=trial.payload["trigger_id"], run_id=run.id)
        async with self.store.work() as work:
            await work.history.add([fired])
            await note(work, self.actor, "job.test_fire", before=job, after=job, at=at, run_id=run.id)
            await work.commit()
        return fired

    async def _open(self, trigger: Trigger) -> Credential:
        keyring = Keyring(store=self.store, cipher=self.cipher, workflows=self.workflows)
        _, credential = await keyring.open(trigger.secret_id, trigger.target.stack_url)
        return credential

    async def _shown(self, job_id: int) -> JobView:
        async with self.store.view() as view:
            return (await views(view, [await view.jobs.get(JobId(job_id))]))[0]


@frozen
class _Unleased:
    """Nobody else can take a test run over."""

    lost: bool = False


def _latest(job: PollingJob, triggers: Sequence[Trigger]) -> Trigger:
    if not triggers:
        raise InvalidTransition(f"Job '{job.name}' has no Keboola run yet")
    return triggers[0]


def _under_way(job: PollingJob, triggers: Sequence[Trigger]) -> Trigger:
    """Another run may be asked for while an earlier one is still under way."""
    return next((trigger for trigger in triggers if trigger.state is TriggerState.ACCEPTED), _latest(job, triggers))
