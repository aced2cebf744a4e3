"""/web/tokens: who may come in. A token is shown once, on the page that makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from teckochecker.application.errors import TokenNotFound
from teckochecker.application.tokens import Tokens
from teckochecker.domain.access import AccessToken, TokenId, lifetime
from teckochecker.domain.errors import TeckoCheckerError
from teckochecker.domain.role import Role
from teckochecker.entrypoints.http.parts import AskedTokens
from teckochecker.entrypoints.http.web.page import Page, ThePage, refusal
from teckochecker.entrypoints.http.web.standing import Standing

PLACE: Final = "/web/tokens"
_NOTHING: Final = {"name": "", "role": "operator", "expires": "90d"}


@get("/tokens")
async def listed(page: ThePage, tokens: AskedTokens) -> Response[str]:
    """All tokens, and a form for one more."""
    return await _list(page, tokens)


@post("/tokens", status_code=200)
async def created(request: Request[Any, Any, Any], page: ThePage, tokens: AskedTokens) -> Response[str]:
    """Make a token and show it, for the only time."""
    form = await request.form()
    typed = {name: str(form.get(name, "")) for name in _NOTHING}
    try:
        lasts = lifetime(typed["expires"]) if typed["expires"] else None
        token, text = await tokens.create(typed["name"], Role.of_token(typed["role"]), lasts=lasts)
    except TeckoCheckerError as error:
        return await _list(page, tokens, typed=typed, **refusal(error))
    return await _list(page, tokens, made=(token.name, text.reveal()))


@get("/tokens/{token_id:int}/revoke")
async def asked(page: ThePage, tokens: AskedTokens, token_id: FromPath[int]) -> Response[str]:
    """The question before a token is revoked."""
    token = next((token for token in await tokens.all() if token.id == token_id), None)
    if token is None:
        raise TokenNotFound(f"There is no token with ID {token_id}")
    return page.show(
        "question.html",
        place=PLACE,
        title=f"Revoke “{token.name}”?",
        consequence="It lets nobody in any more, and the sessions that were opened with it end at once.",
        action=f"{PLACE}/{token.id}/revoke",
        verb=f"Revoke {token.name}",
        back=PLACE,
        hidden={},
    )


@post("/tokens/{token_id:int}/revoke", status_code=303)
async def revoked(tokens: AskedTokens, token_id: FromPath[int]) -> Response[Any]:
    """Let nobody in with it from now on."""
    await tokens.revoke(TokenId(token_id))
    return Redirect(PLACE, status_code=303)


def _standing(token: AccessToken, page: Page) -> Standing:
    if token.revoked_at:
        return Standing("none", "revoked")
    return Standing("fine", "valid") if token.admits(page.now) else Standing("none", "expired")


async def _list(
    page: Page,
    tokens: Tokens,
    *,
    typed: Mapping[str, str] = _NOTHING,
    made: tuple[str, str] | None = None,
    **told: Any,
) -> Response[str]:
    newest = sorted(await tokens.all(), key=lambda token: (token.admits(page.now), token.id), reverse=True)
    known = [(token, _standing(token, page)) for token in newest]
    return page.show("tokens.html", place=PLACE, known=known, typed=typed, made=made, **told)


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (listed, created, asked, revoked)
