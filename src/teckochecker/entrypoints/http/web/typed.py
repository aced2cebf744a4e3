"""What a person typed into the form of a job, kept as it was typed until all of it is right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Self

from attrs import field, frozen

from teckochecker.application.views import JobView
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.values import MAX_BATCHES, BatchId
from teckochecker.entrypoints.http.reading import Fault

FIELDS: Final = (
    "name",
    "batch_ids",
    "openai_secret",
    "keboola_secret",
    "keboola_stack_url",
    "keboola_component_id",
    "keboola_configuration_id",
    "branch_id",
    "row_ids",
    "poll_interval_seconds",
    "variables",
)
TARGET: Final = ("keboola_secret", "keboola_stack_url", "keboola_component_id", "keboola_configuration_id", "branch_id")
_DUPLICATE: Final = "Duplicate batch IDs found. Each batch ID must be unique."


@frozen
class Verdict:
    """What is to be said of one line of batch ids."""

    number: int
    text: str
    fault: str | None

    @property
    def status(self) -> str:
        """Its colour."""
        return "failed" if self.fault else "completed"


@frozen(kw_only=True)
class Typed:
    """The form's fields as text."""

    values: Mapping[str, str] = field(factory=dict)

    @classmethod
    def of(cls, form: Mapping[str, Any]) -> Self:
        """What was sent."""
        return cls(values={name: str(form.get(name, "")) for name in FIELDS})

    @classmethod
    def like(cls, view: JobView, *, fresh: bool) -> Self:
        """What makes this job again; a `fresh` one has other batches."""
        job, target = view.job, view.job.target
        return cls(
            values={
                "name": job.name,
                "batch_ids": "" if fresh else "\n".join(batch.id for batch in job.batches),
                "openai_secret": job.openai_secret_name,
                "keboola_secret": job.keboola_secret_name,
                "keboola_stack_url": str(target.stack_url),
                "keboola_component_id": target.component_id,
                "keboola_configuration_id": target.configuration_id,
                "branch_id": target.branch_id or "",
                "row_ids": " ".join(target.row_ids),
                "poll_interval_seconds": str(int(job.interval.total_seconds())),
                "variables": "\n".join(f"{name}={value}" for name, value in target.variables.items()),
            }
        )

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def lines(self) -> Sequence[str]:
        """The batch ids, however they were parted."""
        return [part for part in re.split(r"[\s,;]+", self["batch_ids"]) if part]

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """What is to be said of each batch id, in the words that the API has for it."""
        return list(self._judged())

    def _judged(self) -> Iterator[Verdict]:
        first: dict[str, int] = {}
        for number, text in enumerate(self.lines, start=1):
            fault = None
            try:
                BatchId(text)
            except InvalidValue as wrong:
                fault = str(wrong)
            if fault is None and text in first:
                fault = f"{_DUPLICATE} Same as line {first[text]}."
            if fault is None and number > MAX_BATCHES:
                fault = f"Too many batch IDs: {len(self.lines)} (maximum: {MAX_BATCHES})"
            first.setdefault(text, number)
            yield Verdict(number, text, fault)

    def body(self) -> bytes:
        """The body that the API takes for the same."""
        given: dict[str, Any] = {name: self[name].strip() for name in FIELDS if self[name].strip()}
        given["batch_ids"] = list(self.lines)
        given.setdefault("name", "")
        interval = given.get("poll_interval_seconds", "")
        if interval.lstrip("-").isdigit():
            given["poll_interval_seconds"] = int(interval)
        if "row_ids" in given:
            given["row_ids"] = re.split(r"[\s,;]+", given["row_ids"])
        if "variables" in given:
            given["variables"] = dict(_pairs(given["variables"]))
        return json.dumps(given).encode()


def by_field(faults: Sequence[Fault]) -> Mapping[str, str]:
    """The first fault of each field."""
    found: dict[str, str] = {}
    for fault in faults:
        found.setdefault(fault.pointer.split("/")[1] if "/" in fault.pointer else "", fault.detail)
    return found


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if line.strip():
            yield name.strip(), value.strip()
