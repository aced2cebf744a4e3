"""The job and the secrets that the tests of the doors use."""

from __future__ import annotations

from typing import Any

from teckochecker import JobSpec, TeckoChecker

KEY = "sk-rehearsal-0123456789abcdef"
TOKEN = "901-1-rehearsal0123456789abcdef"


def nightly(*batch_ids: str, **changes: Any) -> JobSpec:
    """A job that watches these batches."""
    fields = {
        "name": "Nightly",
        "batch_ids": batch_ids,
        "openai_secret": "openai-prod",
        "keboola_secret": "keboola-prod",
        "keboola_stack_url": "https://connection.eu-central-1.keboola.com",
        "keboola_component_id": "kds-team.app-custom-python",
        "keboola_configuration_id": "123456",
    }
    return JobSpec(**(fields | changes))


async def with_secrets(tecko: TeckoChecker, key: str = KEY, token: str = TOKEN) -> None:
    """One secret for each service."""
    await tecko.secrets.add("openai-prod", "openai", key)
    await tecko.secrets.add("keboola-prod", "keboola", token)
