"""/web/secrets: names and types, and what uses them. A value goes in and is never shown again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from teckochecker.application.errors import SecretNotFound
from teckochecker.application.secrets import Secrets
from teckochecker.domain.errors import TeckoCheckerError
from teckochecker.domain.secret import Secret, SecretType
from teckochecker.entrypoints.http.parts import AskedSecrets
from teckochecker.entrypoints.http.web.page import Page, ThePage, back_to, refusal
from teckochecker.entrypoints.http.web.standing import Standing

PLACE: Final = "/web/secrets"
_NOTHING: Final = {"name": "", "type": "", "base_url": ""}


@frozen(kw_only=True)
class Kept:
    """A secret as a row: how it does, and how many unfinished jobs have it."""

    secret: Secret
    users: int

    @property
    def standing(self) -> Standing:
        """Whether its service takes it."""
        if self.secret.held_reason:
            return Standing("held", "refused", self.secret.held_reason)
        return Standing("fine", "stored", self.secret.project.name if self.secret.project else "")


@get("/secrets")
async def listed(page: ThePage, secrets: AskedSecrets) -> Response[str]:
    """All secrets, and a form for one more."""
    return await _list(page, secrets)


@post("/secrets", status_code=303)
async def added(request: Request[Any, Any, Any], page: ThePage, secrets: AskedSecrets) -> Response[Any]:
    """Keep a secret. What was typed stays, but for the value."""
    form = await request.form()
    typed = {name: str(form.get(name, "")) for name in ("name", "type", "base_url")}
    try:
        await secrets.add(
            typed["name"],
            SecretType(typed["type"]),
            str(form.get("value", "")),
            base_url=typed["base_url"].strip() or None,
        )
    except TeckoCheckerError as error:
        return await _list(page, secrets, typed=typed, **refusal(error))
    return Redirect(back_to(form, PLACE), status_code=303)


@get("/secrets/{secret_id:int}")
async def shown(page: ThePage, secrets: AskedSecrets, secret_id: FromPath[int]) -> Response[str]:
    """One secret: to replace it, or to delete it where nothing needs it."""
    return await _one(page, secrets, secret_id)


@post("/secrets/{secret_id:int}/{step:str}", status_code=303)
async def changed(
    request: Request[Any, Any, Any], page: ThePage, secrets: AskedSecrets, secret_id: FromPath[int], step: FromPath[str]
) -> Response[Any]:
    """Replace a secret's value, or delete it."""
    if step not in ("replace", "delete"):
        raise NotFoundException
    form = await request.form()
    secret = await _known(secrets, secret_id)
    try:
        if step == "delete":
            await secrets.delete(secret.name)
        else:
            await secrets.replace(secret.name, str(form.get("value", "")))
    except TeckoCheckerError as error:
        return await _one(page, secrets, secret_id, **refusal(error))
    return Redirect(PLACE, status_code=303)


async def _list(page: Page, secrets: Secrets, *, typed: Mapping[str, str] = _NOTHING, **told: Any) -> Response[str]:
    users = await secrets.users()
    kept = [Kept(secret=secret, users=users.get(secret.id, 0)) for secret in await secrets.all()]
    return page.show("secrets.html", place=PLACE, kept=kept, typed=typed, **told)


async def _one(page: Page, secrets: Secrets, secret_id: int, **told: Any) -> Response[str]:
    secret = await _known(secrets, secret_id)
    users = await secrets.users()
    return page.show("secret.html", place=PLACE, row=Kept(secret=secret, users=users.get(secret.id, 0)), **told)


async def _known(secrets: Secrets, secret_id: int) -> Secret:
    found = next((secret for secret in await secrets.all() if secret.id == secret_id), None)
    if found is None:
        raise SecretNotFound(f"There is no secret with ID {secret_id}")
    return found


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (listed, added, shown, changed)
