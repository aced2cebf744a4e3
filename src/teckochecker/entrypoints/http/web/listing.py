"""The list of jobs: what was asked for in the address, and the addresses of everything near it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from attrs import evolve, field, frozen

from teckochecker.application.ports import JobSort
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
_SORTS: Final[Mapping[str, str]] = {
    "": "newest first",
    JobSort.OLDEST: "oldest first",
    JobSort.NAME: "by name",
    JobSort.NAME_DOWN: "by name, the last first",
    JobSort.STATUS: "by status",
    JobSort.STATUS_DOWN: "by status, the last first",
    JobSort.NEXT_CHECK: "next check first",
    JobSort.NEXT_CHECK_DOWN: "last check first",
}
_COLUMNS: Final = (
    ("name", "Job"),
    ("status", "Status"),
    (None, "Batches"),
    (None, "Requests"),
    ("next_check_at", "Next check"),
    (None, "Keboola run"),
)
_ORDERS: Final[Sequence[tuple[str | None, str]]] = ((None, ""), ("ascending", "↑"), ("descending", "↓"))


def _known(sort: str) -> str:
    return sort if sort in _SORTS else ""


@frozen
class Tab:
    """A filter by status, and how many jobs it shows."""

    word: str
    href: str
    count: int
    current: bool


@frozen
class Column:
    """A column's heading; one that can be sorted by has an address, and that of the order says so."""

    word: str
    href: str | None = None
    order: str | None = None
    arrow: str = ""


@frozen(kw_only=True)
class Listing:
    """The list as the address asks for it."""

    status: str = ""
    text: str = ""
    secret: str = ""
    sort: str = field(default="", converter=_known)
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
    def sorts(self) -> Sequence[tuple[str, str, bool]]:
        """Every order: how the address spells it, its words, and whether it is this one."""
        return [(sort, word, sort == self.sort) for sort, word in _SORTS.items()]

    @property
    def sorted(self) -> str:
        """The order in words."""
        return _SORTS[self.sort]

    def tabs(self, counts: Mapping[str, int]) -> Sequence[Tab]:
        """The filters by status."""
        return [
            Tab(word, evolve(self, status=status, after="").here, counts[status], status == self.status)
            for status, word in _TABS
        ]

    @property
    def columns(self) -> Sequence[Column]:
        """The headings of the table. Each one that can be sorted by leads up, then down, then back to the newest."""
        return [self._column(sort, word) for sort, word in _COLUMNS]

    def _column(self, sort: str | None, word: str) -> Column:
        if sort is None:
            return Column(word)
        turns = ("", sort, f"-{sort}")
        place = turns.index(self.sort) if self.sort in turns else 0
        href = evolve(self, sort=turns[(place + 1) % 3], after="").here
        if sort == "name" and not self.sort:
            return Column(f"{word}, newest first", href, "descending")
        return Column(word, href, *_ORDERS[place])

    def range(self, found: JobViews) -> str:
        """How much of it is shown."""
        if self.after:
            return f"{plural(len(found.jobs), 'more job')} of {number(found.total)}"
        return f"{number(len(found.jobs))} of {plural(found.total, 'job')}"
