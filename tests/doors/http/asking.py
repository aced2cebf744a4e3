"""Bodies that the tests of the HTTP door send."""

from __future__ import annotations

from typing import Any


def a_job_body(**changes: Any) -> dict[str, Any]:
    """A job as the guide asks for one."""
    body = {
        "name": "Test job",
        "batch_ids": ["batch_123"],
        "openai_secret_id": 1,
        "keboola_secret_id": 2,
        "keboola_stack_url": "https://connection.eu-central-1.keboola.com",
        "keboola_component_id": "kds-team.app-custom-python",
        "keboola_configuration_id": "123456",
        "poll_interval_seconds": 120,
    }
    return {name: value for name, value in (body | changes).items() if value is not ...}
