"""Secrets: which credential, for which service, and whether the service still takes it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NewType, Self

from attrs import evolve, field, frozen

from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.values import cleaned

SecretId = NewType("SecretId", int)
Sealed = NewType("Sealed", str)


class SecretType(StrEnum):
    """What a secret is for: it opens OpenAI or Keboola, or tells what OpenAI signed from what others did."""

    OPENAI = "openai"
    KEBOOLA = "keboola"
    WEBHOOK = "webhook"

    @classmethod
    def _missing_(cls, value: object) -> SecretType:
        *others, last = (type.value for type in cls)
        known = f"{', '.join(others)} or {last}"
        raise InvalidValue(f"Invalid secret type: '{cleaned(str(value), 80)}' (it is {known})", field="type")


def _trimmed(text: str) -> str:
    return text.strip()


@frozen(repr=False)
class Credential:
    """An API key or token in the clear: 1-4096 visible ASCII characters, trimmed. It never shows itself."""

    _value: str = field(converter=_trimmed)

    def __attrs_post_init__(self) -> None:
        if not self._value:
            raise InvalidValue("The secret value is empty; paste the key or token", field="value")
        if len(self._value) > 4096:
            raise InvalidValue("The secret value is longer than 4096 characters", field="value")
        if not all("!" <= sign <= "~" for sign in self._value):
            raise InvalidValue(
                "The secret value may hold visible ASCII characters only, without spaces or line breaks",
                field="value",
            )

    def reveal(self) -> str:
        """The value itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Credential(***)"


@frozen(kw_only=True)
class Project:
    """The Keboola project and token behind a secret, as token verification told them."""

    id: str
    name: str
    token_id: str


@frozen(kw_only=True)
class Secret:
    """A stored secret. `version` grows with each replacement; `held_reason` says why the service refuses it."""

    id: SecretId
    name: str
    type: SecretType
    sealed: Sealed = field(repr=False)
    created_at: datetime
    version: int = 1
    base_url: str | None = None
    project: Project | None = None
    held_since: datetime | None = None
    held_reason: str | None = None
    replaced_at: datetime | None = None

    @property
    def empty(self) -> bool:
        """It came without its value, and waits for one."""
        return not self.sealed

    def replaced(self, sealed: Sealed, *, at: datetime) -> Self:
        """The same secret with a new value: a new version, nothing held, its project to be learnt again."""
        return evolve(
            self,
            sealed=sealed,
            version=self.version + 1,
            replaced_at=at,
            project=None,
            held_since=None,
            held_reason=None,
        )

    def held(self, reason: str, *, at: datetime) -> Self:
        """The service refuses this credential. The first refusal's time stays."""
        return evolve(self, held_since=self.held_since or at, held_reason=reason)

    def released(self) -> Self:
        """The service takes this credential again."""
        return evolve(self, held_since=None, held_reason=None)
