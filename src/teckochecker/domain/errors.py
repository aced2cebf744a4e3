"""What the rules refuse. Every error is one sentence for a person, with its data beside it."""

from __future__ import annotations


class TeckoCheckerError(Exception):
    """The root of all errors that this library raises on purpose."""


class InvalidValue(TeckoCheckerError, ValueError):
    """A value breaks its rule. `field` names the input it came from, where known."""

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class InvalidTransition(TeckoCheckerError):
    """The state of the job or trigger does not allow this step."""


class JobIsBusy(InvalidTransition):
    """A trigger is under way and may already have reached Keboola, so the step has to wait."""
