"""The list of jobs: what was asked for in the address, and the addresses of everything near it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from attrs import evolve, frozen

from teckochecker.application.views import JobViews
from teckochecker.entrypoints.http.web.words import number, plural

PAGE: Final = 50
"""Jobs on one page."""

_TABS: Final = (
    ("", "All"),
    ("held", "Held"),
    ("active", "Active"),
    ("triggering", "Triggering"),
    ("paused", "Paused"),
    ("completed", "Completed"),
    ("failed", "Failed"),
)
_SORTS: Final = {"": "newest first", "name": "by name"}
_COLUMNS: Final = (
    ("name", "Job"),
    (None, "Status"),
    (None, "Batches"),
    (None, "Requests"),
    (None, "Next check"),
    (None, "Keboola run"),
)


@frozen
class Tab:
    """A filter by status, and how many jobs it shows."""

    word: str
    href: str
    count: int
    current: bool


@frozen
class Column:
    """A column's heading; one that can be sorted by has an address."""

    word: str
    href: str | None
    order: str | None


@frozen(kw_only=True)
class Listing:
    """The list as the address asks for it."""

    status: str = ""
    text: str = ""
    secret: str = ""
    sort: str = ""
    after: str = ""

    @property
    def here(self) -> str:
        """The address of this very page."""
        asked = {"status": self.status, "q": self.text, "secret": self.secret, "sort": self.sort, "after": self.after}
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"/web?{query}" if query else "/web"

    @property
    def parts(self) -> str:
        """Where the changes of this page are to be had."""
        return self.here.replace("/web", "/web/parts", 1)

    def older(self, found: JobViews) -> str | None:
        """The address of the next page."""
        return evolve(self, after=str(found.jobs[-1].job.id)).here if found.more else None

    @property
    def newest(self) -> str | None:
        """The address of the first page, from any other."""
        return evolve(self, after="").here if self.after else None

    @property
    def sorted(self) -> str:
        """The order in words."""
        return _SORTS.get(self.sort, _SORTS[""])

    def tabs(self, counts: Mapping[str, int]) -> Sequence[Tab]:
        """The filters by status."""
        return [
            Tab(word, evolve(self, status=status, after="").here, counts[status], status == self.status)
            for status, word in _TABS
        ]

    @property
    def columns(self) -> Sequence[Column]:
        """The headings of the table; that of the order says so, and leads back to the newest first."""
        return [self._column(sort, word) for sort, word in _COLUMNS]

    def _column(self, sort: str | None, word: str) -> Column:
        if sort is None:
            return Column(word, None, None)
        if sort == self.sort:
            return Column(word, evolve(self, sort="", after="").here, "ascending")
        newest = sort == "name" and not self.sort
        return Column(
            f"{word}, newest first" if newest else word,
            evolve(self, sort=sort, after="").here,
            "descending" if newest else None,
        )

    def range(self, found: JobViews) -> str:
        """How much of it is shown."""
        if self.after:
            return f"{plural(len(found.jobs), 'more job')} of {number(found.total)}"
        return f"{number(len(found.jobs))} of {plural(found.total, 'job')}"
