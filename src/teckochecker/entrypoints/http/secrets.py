"""/api/admin/secrets: credentials go in and never come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from litestar import delete, get, post, put
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from teckochecker.domain.secret import SecretId
from teckochecker.entrypoints.bodies import DoneBody, SecretBody, SecretsBody
from teckochecker.entrypoints.http.asked import NewSecret, NewValue
from teckochecker.entrypoints.http.fields import PathId
from teckochecker.entrypoints.http.parts import AskedSecrets
from teckochecker.entrypoints.wire import secret_body, secrets_body


@get("/api/admin/secrets")
async def list_secrets(secrets: AskedSecrets) -> SecretsBody:
    """All secrets, without their values."""
    return secrets_body(await secrets.all())


@post("/api/admin/secrets")
async def create_secret(secrets: AskedSecrets, data: JSONBody[NewSecret]) -> SecretBody:
    """Keep a new secret."""
    return secret_body(await secrets.add(data.name, data.type, data.value, base_url=data.base_url))


@get("/api/admin/secrets/{secret_id:int}")
async def show_secret(secrets: AskedSecrets, secret_id: PathId) -> SecretBody:
    """One secret, without its value."""
    return secret_body(await secrets.get(SecretId(secret_id)))


@put("/api/admin/secrets/{secret_id:int}")
async def replace_secret(secrets: AskedSecrets, secret_id: PathId, data: JSONBody[NewValue]) -> SecretBody:
    """Give a secret a new value: whatever waited for it goes on at once."""
    return secret_body(await secrets.replace(SecretId(secret_id), data.value))


@delete("/api/admin/secrets/{secret_id:int}", status_code=200)
async def delete_secret(secrets: AskedSecrets, secret_id: PathId) -> DoneBody:
    """Delete a secret that no unfinished job needs. Finished jobs and their history stay."""
    await secrets.delete(SecretId(secret_id))
    return {"message": "Secret deleted successfully", "success": True}


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (
    list_secrets,
    create_secret,
    show_secret,
    replace_secret,
    delete_secret,
)
