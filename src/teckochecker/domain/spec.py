"""A job as somebody asks for it: what CLI, REST and library all build."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import converters, field, frozen

from teckochecker.domain.secret import SecretId
from teckochecker.domain.values import BatchId, checked_name, distinct_batch_ids


def _key(text: str) -> str:
    return checked_name(text, "key", field_name="key")


@frozen(kw_only=True)
class JobSpec:
    """A job as somebody asks for it. Secrets go by their names or their ids.

    By its `key` a definition finds the job that it made; it is the name where none is given.

    Raises:
        InvalidValue: a batch id, their number or the name breaks its rule.
    """

    name: str = field(converter=checked_name)
    batch_ids: tuple[BatchId, ...] = field(converter=distinct_batch_ids)
    openai_secret: str | SecretId
    keboola_secret: str | SecretId
    keboola_stack_url: str
    keboola_component_id: str
    keboola_configuration_id: str
    poll_interval_seconds: int | None = None
    branch_id: str | None = None
    row_ids: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(factory=dict)
    first_check_at: datetime | None = None
    key: str | None = field(default=None, converter=converters.optional(_key))
