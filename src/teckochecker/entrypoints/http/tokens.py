"""/api/admin/tokens: who may come in. A token is told once, by the answer that makes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from litestar import delete, get, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from teckochecker.domain.access import TokenId
from teckochecker.entrypoints.admin import TokenBody, TokensBody, token_body, tokens_body
from teckochecker.entrypoints.http.asked import NewToken
from teckochecker.entrypoints.http.fields import PathId
from teckochecker.entrypoints.http.parts import AskedTokens


@get("/api/admin/tokens")
async def list_tokens(tokens: AskedTokens) -> TokensBody:
    """All tokens, revoked ones too, without the tokens themselves."""
    return tokens_body(await tokens.all())


@post("/api/admin/tokens")
async def create_token(tokens: AskedTokens, data: JSONBody[NewToken]) -> TokenBody:
    """Make a token. It is told in this answer and never again."""
    token, text = await tokens.create(data.name, data.role, lasts=data.expires)
    return token_body(token, text)


@delete("/api/admin/tokens/{token_id:int}", status_code=200)
async def revoke_token(tokens: AskedTokens, token_id: PathId) -> TokenBody:
    """Revoke a token: it lets nobody in any more, and its sessions end. It stays in the list."""
    return token_body(await tokens.revoke(TokenId(token_id)))


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (list_tokens, create_token, revoke_token)
