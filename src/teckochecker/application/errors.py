"""What a use case or a port may answer instead of doing its work. One sentence each, with the cure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from teckochecker.domain.errors import InvalidValue, TeckoCheckerError
from teckochecker.domain.findings import Checked, Level


class NotFound(TeckoCheckerError, LookupError):
    """Something that was asked for does not exist. `field` names the input it came from, where known."""

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class JobNotFound(NotFound):
    """No job has this id."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"Job with ID {job_id} not found")


class SecretNotFound(NotFound):
    """No secret has this name, or the one that has it is of the wrong type."""

    @classmethod
    def named(cls, name: str) -> Self:
        """No secret has this name."""
        return cls(f"Secret not found: '{name}'; list them with: teckochecker secret list")


class TokenNotFound(NotFound):
    """No token of this name is left to revoke."""


class NotAdmitted(TeckoCheckerError):
    """Nobody comes in with this."""


class NotSigned(TeckoCheckerError):
    """A webhook that nobody signed whose secret is known here. Whether its name is known is not told."""

    def __init__(self) -> None:
        super().__init__(
            "This was not signed, or not lately, with a webhook's secret of this name; "
            "add the one that OpenAI showed with: teckochecker secret add --type webhook"
        )


class NotPermitted(TeckoCheckerError):
    """Whoever asks is known, and has no right to this."""


class Conflict(TeckoCheckerError):
    """The present state does not allow it."""


class OtherStack(Conflict):
    """A Keboola secret is bound to another stack than the target's. `field` names the input it came from."""

    field = "keboola_stack_url"


class SecretExists(Conflict):
    """A secret of this name is there already."""


class SecretInUse(Conflict):
    """Jobs still need this secret. `jobs` are their names."""

    def __init__(self, name: str, jobs: Sequence[str]) -> None:
        listed = ", ".join(f"'{job}'" for job in jobs)
        super().__init__(f"Secret '{name}' is used by: {listed}; delete these jobs or give them another secret first")
        self.jobs = tuple(jobs)


class ValueOfOtherType(Conflict):
    """A secret of this type takes no such value."""


class TokenExists(Conflict):
    """A token of this name is there and not revoked."""


class KeyTaken(Conflict):
    """A job was made under this key already."""


class KeyReused(Conflict):
    """What is asked for under a key is not what was made under it."""


class EditedMeanwhile(Conflict):
    """Somebody else changed it since it was read."""


class FaultyDefinitions(InvalidValue):
    """Definitions of jobs that cannot be applied. `faults` holds a sentence for each, with its place."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class CheckFailed(Conflict):
    """Something that a job depends on would surely make it fail. `checked` holds all that was found."""

    def __init__(self, checked: Checked) -> None:
        told = "; ".join(f"{finding.about}: {finding.says}" for finding in checked.of(Level.ERROR))
        super().__init__(f'{told} (to go on all the same: --no-check, or "check": false)')
        self.checked = checked


class WrongKey(TeckoCheckerError):
    """No key in SECRET_KEY opens what is stored."""


class StorageUnavailable(TeckoCheckerError):
    """The database does not answer or is locked; it may well in a moment."""


class LeaseLost(TeckoCheckerError):
    """Somebody else may hold this work by now; nothing was changed, nothing was sent."""


class GatewayError(TeckoCheckerError):
    """A service did not do what was asked."""


class Unavailable(GatewayError):
    """Surely nothing was done, and it may work later. `retry_at` is the service's own word on when."""

    def __init__(self, sentence: str, *, retry_at: datetime | None = None) -> None:
        super().__init__(sentence)
        self.retry_at = retry_at


class Rejected(GatewayError):
    """The service refused for good; asking again will not help."""

    def __init__(self, sentence: str, *, http: int, exception_id: str | None = None) -> None:
        super().__init__(sentence)
        self.http = http
        self.exception_id = exception_id


class CredentialRejected(Rejected):
    """The service refuses the credential (401 or 403)."""


class OutcomeUnknown(GatewayError):
    """The request may or may not have had its effect."""
