"""A Keboola token, as its verification tells it, and what that allows."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import frozen

from teckochecker.domain.secret import Project

QUEUE: Final = "queuev2"
PROTECTED: Final = "protected-default-branch"


@frozen(kw_only=True)
class Token:
    """Who a credential is. `components` are those it may use, None for all; a token of no person has no role."""

    project: Project
    components: frozenset[str] | None = None
    role: str | None = None
    features: frozenset[str] = frozenset({QUEUE})
    creates_jobs: bool = False
    expires_at: datetime | None = None

    def may_run(self, component_id: str) -> bool:
        """Keboola's own rule, as far as it refuses for sure."""
        return self.role != "readOnly" and (self.components is None or component_id in self.components)

    @property
    def doubtful(self) -> str | None:
        """What may keep it from running anything in this project."""
        if QUEUE not in self.features:
            return "the project does not use Keboola's job queue"
        if PROTECTED in self.features and self.role is None and not self.creates_jobs:
            return "the project protects its main branch, where this token may not create jobs"
        return None
