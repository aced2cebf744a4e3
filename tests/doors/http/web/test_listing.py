"""The addresses of the list: nothing that was asked for is lost on the way from one page of it to another."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from teckochecker.application.views import JobView, JobViews
from teckochecker.domain.secret import SecretId
from teckochecker.domain.status import JobStatus
from teckochecker.entrypoints.http.web.jobs import query, statuses
from teckochecker.entrypoints.http.web.listing import Listing
from tests.builders import a_job, a_secret

ASKED = {"status": "paused", "q": "night", "secret": "openai", "sort": "name"}
LISTING = Listing(status="paused", text="night", secret="openai", sort="name", after="40")
NO_JOBS = dict.fromkeys(("", "held", "active", "triggering", "paused", "completed", "failed"), 0)


def asked(address: str | None) -> dict[str, str]:
    """What an address asks for."""
    assert address is not None
    return {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}


def test_every_page_keeps_what_was_asked_for() -> None:
    last = JobViews(jobs=(JobView(job=a_job(id=7)),), total=90, more=True)
    assert asked(LISTING.here) == {**ASKED, "after": "40"}
    assert asked(LISTING.parts) == asked(LISTING.here)
    assert asked(LISTING.newest) == ASKED
    assert asked(LISTING.older(last)) == {**ASKED, "after": "7"}
    assert LISTING.older(JobViews(jobs=last.jobs, total=90, more=False)) is None
    assert Listing().newest is None


def test_another_filter_or_order_begins_at_the_first_page_and_keeps_the_rest() -> None:
    tabs = {tab.word: tab for tab in LISTING.tabs(NO_JOBS | {"held": 3})}
    assert asked(tabs["Held"].href) == {**ASKED, "status": "held"}
    assert [word for word, tab in tabs.items() if tab.current] == ["Paused"]
    assert tabs["Held"].count == 3
    (status,) = (column for column in LISTING.columns if column.word == "Status")
    assert asked(status.href) == {**ASKED, "sort": "status"}


def test_the_storage_is_asked_for_just_that() -> None:
    wanted = query(LISTING, [a_secret(5, name="other"), a_secret(6, name="openai")])
    assert (wanted.statuses, wanted.secret_id, wanted.text) == (frozenset({JobStatus.PAUSED}), SecretId(6), "night")
    assert (wanted.sort, wanted.after, wanted.held) == ("name", 40, False)
    held = query(Listing(status="held"), [])
    assert (held.held, held.statuses, held.secret_id, held.text) == (True, frozenset(), None, None)


def test_completed_means_completed_with_failures_too() -> None:
    assert statuses("completed") == {JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_FAILURES}
    assert statuses("nonsense") == frozenset()


def test_the_list_says_how_much_of_it_is_shown() -> None:
    found = JobViews(jobs=(JobView(job=a_job(id=7)),), total=1_234, more=True)
    assert Listing().range(found) == "1 of 1,234 jobs"
    assert LISTING.range(found) == "1 more job of 1,234"
