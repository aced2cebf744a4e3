from __future__ import annotations

import pytest

from tests.unit.application.app import App


@pytest.fixture
async def app() -> App:
    return await App().with_secrets()
