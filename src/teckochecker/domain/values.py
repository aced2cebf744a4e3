"""The small values. One that exists is valid: each rule runs once, at construction, with the user's sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Sized
from datetime import timedelta
from functools import lru_cache
from typing import NewType, Self

from attrs import field, frozen

from teckochecker.domain.errors import InvalidValue

JobId = NewType("JobId", int)

MAX_BATCHES = 10
"""Batches a job may watch."""

MAX_FURTHER = 100
"""Rows to run, and extra variables, that a job may have."""

MAX_VARIABLE = 4096
"""Characters of an extra variable."""

OWN_VARIABLES = frozenset(
    {
        "batch_ids_completed",
        "batch_ids_failed",
        "batch_count_total",
        "batch_count_completed",
        "batch_count_failed",
        "trigger_id",
        "job_id",
        "job_name",
        "batches_json",
    }
)
"""The variables every run receives; a job's extra variables may not take their names."""

_BATCH_SIGNS = re.compile(r"[A-Za-z0-9_-]+")
_STACK = re.compile(r"https://connection(\.[a-z0-9-]+)*\.keboola\.(com|cloud)")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VARIABLE = re.compile(r"[A-Za-z0-9_-]+")
_LAYOUT = dict.fromkeys(map(ord, "\t\n\r"))
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]")


def cleaned(text: str, limit: int = 2000) -> str:
    """Foreign text made fit to show and store: control characters become spaces, its length is bounded."""
    plain = " ".join(_CONTROL.sub(" ", text).split())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def sought(text: str) -> str:
    """What something is looked for by: trimmed, and control characters, which no name has, count as spaces."""
    return _CONTROL.sub(" ", text).strip()


class BatchId(str):
    """An OpenAI batch id: `batch_` and then letters, digits, underscores or hyphens; at most 255 characters."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        shown = cleaned(text, 80)
        if not text.startswith("batch_"):
            raise InvalidValue(f"Invalid batch ID format: '{shown}' (must start with 'batch_')", field="batch_ids")
        if len(text) > 255:
            raise InvalidValue(f"Batch ID '{shown}' exceeds 255 character limit", field="batch_ids")
        if text == "batch_":
            raise InvalidValue(f"Batch ID '{shown}' too short (must have content after 'batch_')", field="batch_ids")
        if not _BATCH_SIGNS.fullmatch(text):
            raise InvalidValue(f"Batch ID '{shown}' contains invalid characters", field="batch_ids")
        return cls.trusted(text)

    @classmethod
    def trusted(cls, text: str) -> Self:
        """One read back from storage: it passed the rule when it came, or came with its job as the job had it."""
        return super().__new__(cls, text)


def distinct_batch_ids(texts: Iterable[str]) -> tuple[BatchId, ...]:
    """The 1-10 distinct batch ids of a job, in the order given.

    Raises:
        InvalidValue: none, too many, one twice, or one that is no batch id.
    """
    given = tuple(texts)
    check_distinct(given)
    return tuple(BatchId(text) for text in given)


def check_distinct(given: Sequence[str]) -> None:
    """Make sure that these are as many batch ids as a job may have, and none of them twice.

    Raises:
        InvalidValue: they are not.
    """
    if not given:
        raise InvalidValue("At least one batch ID is required", field="batch_ids")
    if len(given) > MAX_BATCHES:
        raise InvalidValue(f"Too many batch IDs: {len(given)} (maximum: {MAX_BATCHES})", field="batch_ids")
    if len(set(given)) < len(given):
        raise InvalidValue("Duplicate batch IDs found. Each batch ID must be unique.", field="batch_ids")


def checked_name(text: str, what: str = "name", *, field_name: str = "name") -> str:
    """A name as a person gives it: trimmed, 1-255 characters, no control characters."""
    trimmed = text.strip()
    if not trimmed:
        raise InvalidValue(f"The {what} is empty", field=field_name)
    if len(trimmed) > 255:
        raise InvalidValue(f"The {what} is longer than 255 characters", field=field_name)
    if _CONTROL.search(trimmed):
        raise InvalidValue(f"The {what} contains control characters", field=field_name)
    return trimmed


class StackUrl(str):
    """The address of a Keboola stack. A token is sent there, so only Keboola's own hosts pass.

    The operator may list further stacks; those come in through `StackUrl.of(text, allowed)`.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        return cls.of(text)

    @classmethod
    def of(cls, text: str, allowed: Iterable[str] = ()) -> Self:
        """The stack that the user named.

        Raises:
            InvalidValue: it is neither a Keboola stack nor one the operator allows.
        """
        plain = text.strip().removesuffix("/").removesuffix(":443")
        if not _STACK.fullmatch(plain) and plain not in {url.strip().removesuffix("/") for url in allowed}:
            raise InvalidValue(
                f"Invalid Keboola stack URL: '{cleaned(without_user(plain), 200)}' "
                "(give the address of your project's stack, such as https://connection.eu-central-1.keboola.com)",
                field="keboola_stack_url",
            )
        return cls.trusted(plain)

    @classmethod
    def trusted(cls, text: str) -> Self:
        """A stack that passed the rule before, read back from storage."""
        return super().__new__(cls, text)


def without_user(url: str) -> str:
    """An address without the user name and password that it may carry."""
    scheme, found, rest = url.partition("//")
    return f"{scheme}//{rest.rpartition('@')[2]}" if found else url


@lru_cache(4096)  # every check reads jobs, and most of them name what others name
def identifier(text: str, what: str, field_name: str) -> str:
    """A Keboola component, configuration, row or branch id: letters, digits, dots, hyphens, underscores."""
    trimmed = text.strip()
    if not trimmed:
        raise InvalidValue(f"The {what} is empty", field=field_name)
    if len(trimmed) > 255 or not _IDENTIFIER.fullmatch(trimmed):
        raise InvalidValue(f"Invalid {what}: '{cleaned(trimmed, 80)}'", field=field_name)
    return trimmed


def check_few(given: Sized, what: str, field_name: str) -> None:
    """Make sure that there are no more rows or variables than a job may have.

    Raises:
        InvalidValue: there are.
    """
    if len(given) > MAX_FURTHER:
        raise InvalidValue(f"Too many {what}: {len(given)} (maximum: {MAX_FURTHER})", field=field_name)


def variables(given: Mapping[str, str]) -> Mapping[str, str]:
    """A job's extra variables: Keboola takes non-empty texts only, and placeholders know no dots."""
    check_few(given, "variables", "variables")
    for key, value in given.items():
        if not _VARIABLE.fullmatch(key):
            raise InvalidValue(
                f"Invalid variable name: '{cleaned(key, 80)}' (letters, digits, '_' and '-' only)",
                field="variables",
            )
        if key in OWN_VARIABLES:
            raise InvalidValue(f"The variable '{key}' is one of ours; choose another name", field="variables")
        if not isinstance(value, str) or not value:
            raise InvalidValue(f"The variable '{key}' needs a text that is not empty", field="variables")
        if len(value) > MAX_VARIABLE or _CONTROL.search(value.translate(_LAYOUT)):
            raise InvalidValue(
                f"The variable '{key}' is longer than {MAX_VARIABLE} characters or contains control characters",
                field="variables",
            )
    return dict(given)


def _component(text: str) -> str:
    return identifier(text, "component ID", "keboola_component_id")


def _configuration(text: str) -> str:
    return identifier(text, "configuration ID", "keboola_configuration_id")


def _branch(text: str | None) -> str | None:
    return identifier(text, "branch ID", "branch_id") if text else None


def _rows(texts: Sequence[str]) -> tuple[str, ...]:
    check_few(texts, "row IDs", "row_ids")
    return tuple(identifier(text, "row ID", "row_ids") for text in texts)


@frozen(kw_only=True)
class KeboolaTarget:
    """What is started: a configuration of a component on a stack, and what it gets besides our variables.

    Without a branch it is the one of the main branch.
    """

    stack_url: StackUrl
    component_id: str = field(converter=_component)
    configuration_id: str = field(converter=_configuration)
    branch_id: str | None = field(default=None, converter=_branch)
    row_ids: tuple[str, ...] = field(default=(), converter=_rows)
    variables: Mapping[str, str] = field(factory=dict, converter=variables)


@frozen
class IntervalBounds:
    """The poll intervals that the operator allows, in whole seconds."""

    minimum: int = 30
    default: int = 120
    maximum: int = 3600

    def interval(self, seconds: int | None) -> timedelta:
        """The interval asked for, or the default.

        Raises:
            InvalidValue: it lies outside the bounds.
        """
        asked = self.default if seconds is None else seconds
        if not self.minimum <= asked <= self.maximum:
            raise InvalidValue(
                f"Poll interval must be between {self.minimum} and {self.maximum} seconds (it is {asked})",
                field="poll_interval_seconds",
            )
        return timedelta(seconds=asked)
