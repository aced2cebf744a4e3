"""What bodies may ask for. The form of each class, which is how its fields are read and described, is in `forms`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from attrs import asdict, field, frozen

from teckochecker.application.change import JobChange
from teckochecker.domain.role import Role
from teckochecker.domain.secret import Credential, SecretId, SecretType
from teckochecker.domain.spec import JobSpec
from teckochecker.domain.values import BatchId


@frozen(kw_only=True)
class NewJob:
    """A job to watch. Each secret goes by its id or by its name."""

    name: str
    batch_ids: tuple[BatchId, ...]
    openai_secret_id: SecretId | None = None
    openai_secret: str | None = None
    keboola_secret_id: SecretId | None = None
    keboola_secret: str | None = None
    keboola_stack_url: str
    keboola_component_id: str
    keboola_configuration_id: str
    poll_interval_seconds: int | None = None
    branch_id: str | None = None
    row_ids: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(factory=dict)
    first_check_at: datetime | None = None
    check: bool = True

    @property
    def spec(self) -> JobSpec:
        """The job that is asked for."""
        return JobSpec(**_with_secrets(asdict(self, recurse=False)))


@frozen(kw_only=True)
class JobEdit:
    """What is to be different about a job. Only what is named changes."""

    name: str | None = None
    batch_ids: tuple[BatchId, ...] | None = None
    openai_secret_id: SecretId | None = None
    openai_secret: str | None = None
    keboola_secret_id: SecretId | None = None
    keboola_secret: str | None = None
    keboola_stack_url: str | None = None
    keboola_component_id: str | None = None
    keboola_configuration_id: str | None = None
    poll_interval_seconds: int | None = None
    branch_id: str | None = None
    row_ids: tuple[str, ...] | None = None
    variables: Mapping[str, str] | None = None
    check: bool = True

    @property
    def change(self) -> JobChange:
        """The change that is asked for."""
        return JobChange(**_with_secrets(asdict(self, recurse=False)))


@frozen(kw_only=True)
class Retry:
    """How a job is sent on its way again.

    `again`: one more run of a job that has completed. `send`: you looked in Keboola and found no run. `adopt`: you
    found this one.
    """

    again: bool = False
    send: bool = False
    adopt: str | None = None


@frozen(kw_only=True)
class NewSecret:
    """A credential to keep. Its value goes in and never comes out."""

    name: str
    type: SecretType
    value: Credential
    base_url: str | None = None


@frozen(kw_only=True)
class NewToken:
    """A token that lets somebody in."""

    name: str
    role: Role
    expires: timedelta | None = None


@frozen(kw_only=True)
class NewValue:
    """A new value for a secret: whatever waited for it goes on at once."""

    value: Credential


def _with_secrets(named: dict[str, Any]) -> dict[str, Any]:
    del named["check"]
    for kind in ("openai_secret", "keboola_secret"):
        by_id = named.pop(f"{kind}_id")
        named[kind] = named[kind] if by_id is None else by_id
    return named
