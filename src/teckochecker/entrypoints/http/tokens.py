"""/api/admin/tokens: who may come in. A token is told once, by the answer that makes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import ControllerRouterHandler

from teckochecker.application.tokens import Tokens
from teckochecker.entrypoints.admin import TokensBody, tokens_body

AllTokens = NamedDependency[SkipValidation[Tokens]]


@get("/api/admin/tokens", summary="List tokens")
async def listed(tokens: AllTokens) -> TokensBody:
    """Every token, revoked ones too, without the tokens themselves."""
    return tokens_body(await tokens.all())


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (listed,)
