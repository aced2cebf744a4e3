"""What somebody may do: a role is a set of rights, and no right comes from anywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.values import cleaned


class Right(StrEnum):
    """What a door asks for before it opens."""

    READ = "read"
    """See jobs, secrets without their values, and how the service does."""
    JOBS = "jobs"
    """Create, change and delete jobs."""
    SECRETS = "secrets"
    """Add, replace and delete secrets."""
    ACCESS = "access"
    """See and change who may come in, what was done, and how the service is set up."""


class Role(StrEnum):
    """Who somebody is to the service. Each of the first three may all that the one before may; tokens have those."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"
    LOCAL = "local"
    """Whoever works on the service's own machine and is let in without a token."""

    def may(self, right: Right) -> bool:
        """Whether this role has the right."""
        return right in _RIGHTS[self]

    @classmethod
    def of_token(cls, text: str) -> Role:
        """The role that a token is to have.

        Raises:
            InvalidValue: no token can have it.
        """
        role = _BY_NAME.get(text.strip().lower())
        if role is None:
            raise InvalidValue(f"Invalid role: '{cleaned(text, 80)}' (it is viewer, operator or admin)", field="role")
        return role


_RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.OPERATOR: frozenset({Right.READ, Right.JOBS}),
    Role.LOCAL: frozenset({Right.READ, Right.JOBS, Right.SECRETS}),
    Role.ADMIN: frozenset(Right),
}
_BY_NAME: Final[Mapping[str, Role]] = {str(role): role for role in Role if role is not Role.LOCAL}
