"""/api/webhooks: where OpenAI tells that a batch has ended. Whoever signs is let in, and nobody else."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.exceptions import TooManyRequestsException
from litestar.params import FromPath, SkipValidation
from litestar.types import ControllerRouterHandler

from teckochecker.application.errors import NotSigned
from teckochecker.application.webhooks import Webhooks
from teckochecker.domain.webhook import Delivery
from teckochecker.entrypoints.http.access.limits import WrongTokens, client_of
from teckochecker.entrypoints.http.access.visitor import visitor_of

_MOST_BODY: Final = 64 * 1024
_LOG: Final = logging.getLogger("teckochecker.http")


@post("/api/webhooks/{name:str}", include_in_schema=False, status_code=204, request_max_body_size=_MOST_BODY)
async def take(
    request: Request[Any, Any, Any],
    name: FromPath[str],
    webhooks: NamedDependency[SkipValidation[Webhooks]],
    wrong: NamedDependency[SkipValidation[WrongTokens]],
) -> None:
    """Look at once at the batch that has ended. It is answered when that is stored, whoever looks then."""
    told = {part: request.headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature")}
    delivery = Delivery(**told, body=await request.body())
    try:
        woken = await webhooks.take(name, delivery)
    except NotSigned:
        address = visitor_of(request.scope).address
        _LOG.warning("A webhook that is not signed came from %s", address)
        if not await wrong.slow(client_of(address)):
            raise TooManyRequestsException(
                "Too many webhooks from your address were not signed; wait a minute", headers={"Retry-After": "60"}
            ) from None
        raise
    _LOG.info("Webhook %s told of %s: %d jobs look at it", name, delivery.ended or "nothing watched here", woken)


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (take,)
