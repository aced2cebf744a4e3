"""teckochecker token …: who may come in over HTTP. A token is shown once, when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from teckochecker.domain.access import AccessToken, TokenText, lifetime
from teckochecker.domain.role import Role
from teckochecker.entrypoints.admin import token_body, tokens_body
from teckochecker.entrypoints.cli.answer import Answer
from teckochecker.entrypoints.cli.box import Section
from teckochecker.entrypoints.cli.place import library
from teckochecker.entrypoints.cli.screen import Screen, plain


async def create(name: str, /, *, role: Literal["viewer", "operator", "admin"], expires: str | None = None) -> Answer:
    """Make a token for the REST API; it is shown this once.

    Parameters
    ----------
    name
        Whom or what the token is for
    role
        What it may do: a viewer reads, an operator works with jobs too, an admin with secrets and tokens too
    expires
        How long it lasts, such as 90d, 12h or 4w; without it, until it is revoked
    """
    lasts = None if expires is None else lifetime(expires)
    async with library() as checker:
        token, text = await checker.tokens.create(name, Role.of_token(role), lasts=lasts)
    return Answer(token_body(token, text), partial(_made, token=token, text=text))


async def show_all() -> Answer:
    """List the tokens, revoked ones too."""
    async with library() as checker:
        tokens = await checker.tokens.all()
    return Answer(tokens_body(tokens), partial(_table, tokens=tokens))


async def revoke(name: str, /) -> Answer:
    """Let nobody in with this token any more, at once.

    Parameters
    ----------
    name
        The token's name
    """
    async with library() as checker:
        token = await checker.tokens.revoke(name)
    sentence = f"Token '{plain(token.name)}' lets nobody in any more"
    return Answer(token_body(token), lambda screen: screen.done(sentence))


def _made(screen: Screen, *, token: AccessToken, text: TokenText) -> None:
    until = f"until {screen.time(token.expires_at)} {screen.zone_name}" if token.expires_at else "until it is revoked"
    screen.done(f"Token '{plain(token.name)}' created: {token.role.value}, {until}")
    screen.say("Keep it safe, it is shown this once:")
    screen.say(text.reveal(), "bold")


def _table(screen: Screen, *, tokens: Sequence[AccessToken]) -> None:
    if not tokens:
        screen.say("No tokens yet; make one with: teckochecker token create NAME --role operator")
        return
    rows = [
        (
            str(token.id),
            plain(token.name),
            token.role.value,
            f"{token.hint}…",
            _state(token),
            screen.time(token.expires_at, "never"),
            screen.time(token.last_used_at, "never"),
        )
        for token in tokens
    ]
    head = ("ID", "Name", "Role", "Begins With", "State", f"Expires ({screen.zone_name})", "Last Used")
    screen.box(Section("Access Tokens", rows, head))


def _state(token: AccessToken) -> str:
    if token.revoked_at:
        return "revoked"
    return "active" if token.admits(datetime.now(UTC)) else "expired"
