"""What a person wants different about a job, and what that makes of its fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from teckochecker.domain.job import PollingJob
from teckochecker.domain.secret import Secret, SecretId
from teckochecker.domain.values import IntervalBounds, StackUrl, checked_name, distinct_batch_ids


@frozen(kw_only=True)
class JobChange:
    """What to change of a job; None leaves it as it is, and an empty branch is the main one.

    Secrets go by their names or their ids.
    """

    name: str | None = None
    batch_ids: Sequence[str] | None = None
    openai_secret: str | SecretId | None = None
    keboola_secret: str | SecretId | None = None
    keboola_stack_url: str | None = None
    keboola_component_id: str | None = None
    keboola_configuration_id: str | None = None
    poll_interval_seconds: int | None = None
    branch_id: str | None = None
    row_ids: tuple[str, ...] | None = None
    variables: Mapping[str, str] | None = None

    def to(
        self,
        job: PollingJob,
        *,
        openai: Secret | None,
        keboola: Secret | None,
        bounds: IntervalBounds,
        stacks: Sequence[str],
    ) -> dict[str, Any]:
        """The fields of `job` that become different, with the secrets that were named.

        Raises:
            InvalidValue: what is named breaks its rule.
        """
        changes: dict[str, Any] = {}
        if self.name is not None:
            changes["name"] = checked_name(self.name)
        if self.batch_ids is not None:
            changes["batches"] = distinct_batch_ids(self.batch_ids)
        if self.poll_interval_seconds is not None:
            changes["interval"] = bounds.interval(self.poll_interval_seconds)
        if openai:
            changes |= {"openai_secret_id": openai.id, "openai_secret_name": openai.name}
        if keboola:
            changes |= {"keboola_secret_id": keboola.id, "keboola_secret_name": keboola.name}
        aim: dict[str, Any] = {
            "stack_url": self.keboola_stack_url and StackUrl.of(self.keboola_stack_url, stacks),
            "component_id": self.keboola_component_id,
            "configuration_id": self.keboola_configuration_id,
            "branch_id": self.branch_id,
            "row_ids": self.row_ids,
            "variables": self.variables,
        }
        named = {key: value for key, value in aim.items() if value is not None}
        if named:
            changes["target"] = evolve(job.target, **named)
        return changes
