from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.unit.application.app import App


@pytest.fixture
async def app() -> AsyncGenerator[App]:
    """One instance with its secrets. Whatever the surroundings do to it, no piece of its work may fail of itself."""
    app = await App().with_secrets()
    yield app
    assert not app.kinds("FaultMet")
