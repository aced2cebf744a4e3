"""What jobs may be: values within the operator's bounds, secrets that exist, tokens that stay on their stack."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from attrs import frozen

from teckochecker.application.change import JobChange
from teckochecker.application.errors import OtherStack, SecretNotFound
from teckochecker.application.ports import UnitOfWork
from teckochecker.application.secrets import find_secret
from teckochecker.domain.job import PollingJob
from teckochecker.domain.secret import Secret, SecretId, SecretType
from teckochecker.domain.spec import JobSpec
from teckochecker.domain.values import IntervalBounds, KeboolaTarget, StackUrl


@frozen(kw_only=True)
class Wanted:
    """What a spec asks for, ready to be put into a job."""

    interval: timedelta
    target: KeboolaTarget
    openai: Secret
    keboola: Secret

    @property
    def changes(self) -> dict[str, Any]:
        """The same as changes of a job that is there."""
        return {
            "interval": self.interval,
            "target": self.target,
            **_named(self.openai, "openai"),
            **_named(self.keboola, "keboola"),
        }


@frozen(kw_only=True)
class Terms:
    """Makes of what is asked for what goes into a job, or says why not."""

    bounds: IntervalBounds
    allowed_stacks: tuple[str, ...]

    async def wanted(self, work: UnitOfWork, spec: JobSpec) -> Wanted:
        """What a spec asks for, once its values are checked and its secrets found.

        Raises:
            InvalidValue: interval, stack, component, configuration or variables break their rule.
            SecretNotFound: a secret does not exist, or is of the other type.
            OtherStack: the Keboola secret is bound to another stack.
        """
        interval = self.bounds.interval(spec.poll_interval_seconds)
        target = KeboolaTarget(
            stack_url=StackUrl.of(spec.keboola_stack_url, self.allowed_stacks),
            component_id=spec.keboola_component_id,
            configuration_id=spec.keboola_configuration_id,
            branch_id=spec.branch_id,
            row_ids=spec.row_ids,
            variables=spec.variables,
        )
        openai = await _secret(work, spec.openai_secret, SecretType.OPENAI)
        keboola = await _secret(work, spec.keboola_secret, SecretType.KEBOOLA)
        _bound(keboola, target)
        return Wanted(interval=interval, target=target, openai=openai, keboola=keboola)

    async def secrets(self, work: UnitOfWork, change: JobChange) -> tuple[Secret | None, Secret | None]:
        """The secrets that a change names.

        Raises:
            SecretNotFound: one does not exist, or is of the other type.
        """
        openai, keboola = change.openai_secret, change.keboola_secret
        return (
            None if openai is None else await _secret(work, openai, SecretType.OPENAI),
            None if keboola is None else await _secret(work, keboola, SecretType.KEBOOLA),
        )

    async def changes(
        self, work: UnitOfWork, job: PollingJob, change: JobChange, openai: Secret | None, keboola: Secret | None
    ) -> Mapping[str, Any]:
        """What a change makes different in a job, as fields of it.

        Raises:
            InvalidValue: a value breaks its rule.
            OtherStack: the Keboola secret is bound to another stack.
        """
        changes = change.to(job, openai=openai, keboola=keboola, bounds=self.bounds, stacks=self.allowed_stacks)
        if "target" in changes or keboola:
            holder = keboola or (job.keboola_secret_id and await work.secrets.get(job.keboola_secret_id))
            if holder:
                _bound(holder, changes.get("target", job.target))
        return changes


async def _secret(work: UnitOfWork, asked: str | SecretId, type: SecretType) -> Secret:
    field_name = f"{type.value}_secret" if isinstance(asked, str) else f"{type.value}_secret_id"
    try:
        secret = await find_secret(work, asked, lock=True)
    except SecretNotFound as error:
        raise SecretNotFound(str(error), field=field_name) from error
    if secret.type is not type:
        raise SecretNotFound(
            f"Secret not found: '{secret.name}' is of type {secret.type.value}, and one of type {type.value} is "
            "needed; list them with: teckochecker secret list",
            field=field_name,
        )
    return secret


def _named(secret: Secret, type: str) -> dict[str, Any]:
    return {f"{type}_secret_id": secret.id, f"{type}_secret_name": secret.name}


def _bound(keboola: Secret, target: KeboolaTarget) -> None:
    if keboola.base_url and keboola.base_url != target.stack_url:
        raise OtherStack(
            f"Secret '{keboola.name}' belongs to {keboola.base_url}, not to {target.stack_url}; "
            "name that stack or another secret"
        )
