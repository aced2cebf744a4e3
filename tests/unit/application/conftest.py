from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.unit.application.app import App


@pytest.fixture
async def app() -> AsyncGenerator[App]:
    """One instance with its secrets.

    Whatever the surroundings do to it, no piece of its work fails of itself, and no trigger moves but as is drawn.
    """
    app = await App().with_secrets()
    yield app
    assert not app.kinds("FaultMet")
    assert not app.moves.undrawn
