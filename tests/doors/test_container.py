from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from teckochecker import Settings
from teckochecker.adapters.cipher import new_key
from teckochecker.entrypoints.container import Container, running


def container(folder: Path, **environ: str) -> Container:
    """All parts, on a database of their own in this folder."""
    given = {"DATABASE_URL": f"sqlite:///{folder}/tecko.db", "SECRET_KEY": new_key()}
    return Container(settings=Settings.load(given | environ))


async def test_the_operators_word_reaches_the_engine(tmp_path: Path) -> None:
    parts = container(
        tmp_path,
        LEASE_SECONDS="40",
        BATCH_LOST_AFTER="700",
        OPENAI_CONCURRENCY="3",
        KEBOOLA_CONCURRENCY="4",
        TRIGGER_TIMEOUT="80",
        TRIGGER_SEARCH_GRACE="100",
        TRIGGER_ON_UNKNOWN="hold",
        MAX_RETRIES="5",
        RETRY_DELAY="70",
        HOST_CONCURRENCY="20",
        HTTP_TIMEOUT="25",
        RETENTION_DAYS="90",
    )
    async with running(parts):
        service = parts.service()
        watching, triggering = service.watching, service.triggering
        assert service.lease == watching.policy.lease == watching.keeping.lease == triggering.lease
        assert triggering.lease == timedelta(seconds=40)
        assert watching.keeping.lost_after == timedelta(seconds=700)
        assert triggering.at_once == 4
        assert service.housekeeping
        assert service.housekeeping.kept == timedelta(days=90)
        policy = triggering.steps.policy
        assert (policy.grace, policy.resend_delay) == (timedelta(seconds=100), timedelta(seconds=300))
        assert (policy.resend, policy.tell_after, policy.retry_delay) == (False, 5, timedelta(seconds=70))
        assert parts.openai_transport().per_host == 20
        assert (parts.batches().at_once, parts.batches().deadline) == (3, 25.0)
        assert (parts.workflows().deadline, parts.workflows().start_deadline) == (25.0, 80.0)


async def test_watching_and_triggering_hold_their_work_under_one_name(tmp_path: Path) -> None:
    parts, others = container(tmp_path), container(tmp_path)
    async with running(parts), running(others):
        service = parts.service()
        assert service.watching.owner == service.triggering.owner
        assert service.watching.owner != others.service().watching.owner


async def test_what_was_opened_is_forgotten_when_the_container_is_left(tmp_path: Path) -> None:
    parts = container(tmp_path)
    async with running(parts):
        before = parts.engine(), parts.openai_transport(), parts.store()
        assert (parts.engine(), parts.openai_transport(), parts.store()) == before
    async with running(parts):
        after = parts.engine(), parts.openai_transport(), parts.store()
    assert not {id(part) for part in before} & {id(part) for part in after}
