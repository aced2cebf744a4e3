"""What a look at a job's surroundings found before it has to work: a plain sentence each, with its cure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen


class Level(StrEnum):
    """How much a finding weighs. Only errors refuse a job."""

    ERROR = "error"
    WARNING = "warning"
    UNCHECKED = "could-not-check"
    FINE = "fine"


@frozen(kw_only=True)
class Finding:
    """One thing that was looked at. `about` names it: the secret, the configuration, its variables, a batch."""

    level: Level
    about: str
    says: str


@frozen(kw_only=True)
class Checked:
    """What was found at a moment. `defaults` are the stored values of the configuration's other variables."""

    at: datetime
    findings: tuple[Finding, ...] = ()
    defaults: Mapping[str, str] = field(factory=dict)

    def of(self, *levels: Level) -> tuple[Finding, ...]:
        """The findings of these levels."""
        return tuple(finding for finding in self.findings if finding.level in levels)
