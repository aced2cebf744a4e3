"""An ordinary afternoon of a team, and one on which everything goes wrong, for the pictures of the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from teckochecker import Settings
from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.scripted import ScriptedBatches, ScriptedKeboola, ScriptedStorage
from teckochecker.adapters.scripted.keboola import Operation
from teckochecker.application.errors import OutcomeUnknown, Rejected
from teckochecker.domain.batch import BatchError, RequestCounts
from teckochecker.entrypoints.container import Container, in_memory
from tests.doors.http.served import Served
from tests.doors.nightly import nightly

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
AFTERNOON: Final = 3 * HOUR


def this_afternoon(settings: Settings, folder: Path) -> Container:
    """Everything in memory, three hours ago: the clock is advanced to now, where the browser is."""
    clock = ManualClock(datetime.now(UTC) - AFTERNOON)
    keboola = ScriptedKeboola(clock)
    return in_memory(settings, clock, ScriptedBatches(clock), keboola, ScriptedStorage(keboola))


async def furnish(service: Served) -> None:
    """Jobs as a team has them on an ordinary afternoon."""
    tecko = service.tecko
    openai, jobs = tecko.openai, tecko.jobs
    await tecko.secrets.add("openai-prod", "openai", "sk-picture-0123456789abcdef")
    await tecko.secrets.add("keboola-prod", "keboola", "901-1-picture0123456789abcdef")
    await tecko.secrets.add("openai-emea", "openai", "sk-picture-refused")

    def batch(short: str, total: int, takes: timedelta, *, failed: int = 0, **end: Any) -> str:
        batch_id = f"batch_68fb922a7cac8190b4b2194{short}"
        begun = openai.clock.now() + 4 * MINUTE
        openai.put(batch_id, "validating")
        for minutes in range(4, int(takes / MINUTE), 7):
            counts = RequestCounts(total, round(total * minutes * MINUTE / takes), 0)
            openai.will(batch_id, "in_progress", after=minutes * MINUTE, counts=counts, in_progress_at=begun)
        counts = RequestCounts(total, total - failed, failed)
        openai.will(batch_id, "completed", after=takes, counts=counts, in_progress_at=begun, **end)
        return batch_id

    broken = "batch_68fb922a7cac8190b4b2194031f6910e"
    openai.put(broken, "validating")
    line = BatchError("invalid_json_line", "This line is not parseable as valid JSON.", None, 1204)
    openai.will(broken, "failed", after=9 * MINUTE, errors=(line,))
    first = [
        batch("04737cdf6", 50_000, 77 * MINUTE, output_file_id="file-9KcXw2mQvT7pLh4RzJdN81"),
        batch("04694cc99", 50_000, 105 * MINUTE, output_file_id="file-3VbTq8nEyU1sGk6MwXaF72"),
        batch(
            "0910ec838",
            75_000,
            128 * MINUTE,
            failed=214,
            output_file_id="file-7HdPz5rCuJ2wBn9LtQeS40",
            error_file_id="file-1MfYk6vAxO3gWi8DjRcZ55",
        ),
        broken,
        batch("01a77a41c", 75_000, 5 * HOUR),
    ]
    done = [batch(f"05551000{number}", 12_000, (120 + 9 * number) * MINUTE) for number in range(4)]
    slow = [batch(f"06661000{number}", 50_000, (2 + 3 * number) * HOUR) for number in range(1, 4)]
    await jobs.create(nightly(*first, name="Product descriptions, week 48"))
    await jobs.create(nightly(*done, name="Invoice line extraction"))
    await jobs.create(nightly(*slow, name="Catalogue enrichment"))
    await jobs.create(nightly("batch_68f0c01d77248190aa10e29b5d03c1e8", name="Competitor price pages"))
    await jobs.create(nightly(slow[0], name="Review sentiment, DE and AT", openai_secret="openai-emea"))
    await jobs.create(nightly(slow[0], slow[1], name="Image alt texts, spring set"))
    many = [batch(f"08881000{place}", 20_000, (40 + 30 * place) * MINUTE) for place in range(10)]
    long = "Support tickets of all regions by e-mail, chat and phone: topic, urgency and tone, once more for 2025"
    await jobs.create(nightly(*many, name=long))
    await tecko.advance(AFTERNOON - 15 * MINUTE)
    openai.revoke("sk-picture-refused")
    await jobs.pause(6)
    await tecko.advance(15 * MINUTE)


async def spoil(service: Served) -> None:
    """Jobs in every state that an ordinary afternoon does not show; the newest is the last that went wrong."""
    tecko = service.tecko
    openai, keboola, jobs = tecko.openai, tecko.keboola, tecko.jobs
    await tecko.secrets.add("openai-prod", "openai", "sk-picture-0123456789abcdef")
    await tecko.secrets.add("keboola-prod", "keboola", "901-1-picture0123456789abcdef")
    done = "batch_68fb922a7cac8190b4b21940910ec838"
    openai.put(done, "completed", counts=RequestCounts(12_000, 12_000, 0), output_file_id="file-9KcXw2mQvT7pLh4RzJdN81")
    expired = "batch_68fb922a7cac8190b4b2194031f6910e"
    openai.put(expired, "expired", counts=RequestCounts(12_000, 9_000, 0))
    await tecko.advance(AFTERNOON - 90 * MINUTE)

    async def job(name: str, *batches: str, after: timedelta = 15 * MINUTE) -> int:
        made = await jobs.create(nightly(*batches or [done], name=name))
        await tecko.advance(after)
        return made.job.id

    await job("Completed with failures", done, expired)
    keboola.fail(Operation.START, Rejected("Component kds-team.app-custom-python is not allowed", http=404), times=1)
    await job("Refused by Keboola")
    keboola.fail(Operation.START, OutcomeUnknown("The answer was lost"), times=1)
    await job("Nobody knows whether it runs", after=30 * MINUTE)
    keboola.ending, keboola.message = "error", "User error: column 'topic' is missing in table out.c-tickets.answers"
    await job("Run failed", after=5 * MINUTE)
    keboola.ending, keboola.message, keboola.duration = "success", None, HOUR
    cancelled = await job("Run cancelled", after=10 * MINUTE)
    await tecko.runs.cancel(cancelled)
    await tecko.advance(5 * MINUTE)
    await job("Run under way", after=9 * MINUTE)
    keboola.fail(Operation.START, OutcomeUnknown("The answer was lost"), times=1)
    await job("Run looked for", after=MINUTE)
