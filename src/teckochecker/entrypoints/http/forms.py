"""The form of each body: how its fields are read, and what the API's description says of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from attrs import evolve
from litestar.openapi.spec import OpenAPIFormat, OpenAPIType, Schema

from teckochecker.domain.access import lifetime
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.role import Role
from teckochecker.domain.secret import Credential, SecretType
from teckochecker.domain.values import (
    MAX_BATCHES,
    MAX_FURTHER,
    MAX_VARIABLE,
    OWN_VARIABLES,
    IntervalBounds,
    StackUrl,
    check_few,
    checked_name,
    identifier,
)
from teckochecker.entrypoints.http.asked import JobEdit, NewJob, NewSecret, NewToken, NewValue, Retry
from teckochecker.entrypoints.http.fields import LARGEST, batch_ids, moment, pairs, several, text, truth, whole
from teckochecker.entrypoints.http.reading import Fault, Form, Rule
from teckochecker.entrypoints.settings import Settings

_CONTROL: Final = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_NAME: Final = rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"
_LAID_OUT: Final = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]*$"
_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_LIFETIME: Final = r"^[1-9][0-9]{0,4}[mhdw]$"
_VARIABLE: Final = r"^[A-Za-z0-9_-]+$"
_STACK: Final = r"https://connection(\.[a-z0-9-]+)*\.keboola\.(com|cloud)"
_ADDRESS: Final = r"^https://[A-Za-z0-9._-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~%/-]*)?$"
_SECRETS: Final = ("openai_secret", "keboola_secret")


def forms(settings: Settings) -> Mapping[type, Form]:
    """The forms of all bodies, within the bounds that the operator set."""
    job = _job(settings.intervals, settings.keboola_allowed_stacks)
    new = {
        **job,
        "poll_interval_seconds": _or_null(job["poll_interval_seconds"]),
        "first_check_at": _or_null(_FIRST_CHECK),
    }
    return {
        NewJob: Form(new, partial(_named_once, needed=True), [_one_of(kind) for kind in _SECRETS]),
        JobEdit: Form(job, partial(_named_once, needed=False), [_at_most_one_of(kind) for kind in _SECRETS]),
        Retry: Form(_RETRY, _one_way, _NOT_TWO_WAYS),
        NewSecret: Form(_SECRET, relation_schemas=[_stack_for_keboola(settings.keboola_allowed_stacks), _FOR_WEBHOOK]),
        NewToken: Form(_TOKEN),
        NewValue: Form({"value": _SECRET["value"]}),
    }


def _job(bounds: IntervalBounds, stacks: Sequence[str]) -> dict[str, Rule]:
    def interval(seconds: int) -> int:
        bounds.interval(seconds)
        return seconds

    return {
        "name": Rule(text(checked_name), _text("A name for people; it need not be unique", "Nightly reviews", _NAME)),
        "batch_ids": Rule(batch_ids, _BATCH_IDS, absent="At least one batch ID is required"),
        **_secret("openai", "OpenAI", 1),
        **_secret("keboola", "Keboola", 2),
        "keboola_stack_url": Rule(
            text(partial(StackUrl.of, allowed=stacks)),
            _text(
                "The project's stack",
                "https://connection.eu-central-1.keboola.com",
                _stack(stacks),
                format=OpenAPIFormat.URI,
            ),
        ),
        "keboola_component_id": _id("component ID", "keboola_component_id", "kds-team.app-custom-python"),
        "keboola_configuration_id": _id("configuration ID", "keboola_configuration_id", "123456"),
        "poll_interval_seconds": Rule(
            whole(interval),
            Schema(
                type=OpenAPIType.INTEGER,
                minimum=bounds.minimum,
                maximum=bounds.maximum,
                examples=[120],
                description=f"Seconds between two checks; {bounds.default} where none are named",
            ),
        ),
        "branch_id": _or_null(_id("branch ID", "branch_id", "6", "A development branch; null is the main one"), ""),
        "row_ids": Rule(several(_row, partial(check_few, what="row IDs", field_name="row_ids")), _ROW_IDS),
        "variables": Rule(pairs, _VARIABLES),
        "check": _flag("Look first at secrets, configuration, variables and batches", default=True),
    }


def _stack(allowed: Sequence[str]) -> str:
    return rf"^({'|'.join([_STACK, *map(re.escape, allowed)])})/?$"


def _stack_for_keboola(allowed: Sequence[str]) -> Schema:
    return _where(SecretType.KEBOOLA, base_url=Schema(pattern=_stack(allowed)))


def _where(type: SecretType, **fields: Schema) -> Schema:
    of_type = Schema(properties={"type": Schema(const=type)}, required=["type"])
    return Schema(schema_if=of_type, then=Schema(properties=dict(fields)))


def _both(one: str, other: str) -> Schema:
    taken: dict[str, Any] = {name: Schema(const=True) for name in (one, other) if name != "adopt"}
    return Schema(schema_not=Schema(properties=taken, required=[one, other]))


def _secret(kind: str, service: str, example: int) -> dict[str, Rule]:
    by_id = Schema(
        type=OpenAPIType.INTEGER,
        minimum=-LARGEST,
        maximum=LARGEST,
        examples=[example],
        description=f"The {service} secret, by its ID",
    )
    by_name = _text(f"The {service} secret, by its name instead", f"{kind}-prod", _NAME)
    return {f"{kind}_secret_id": Rule(whole(), by_id), f"{kind}_secret": Rule(text(checked_name), by_name)}


def _text(description: str, example: str, pattern: str, most: int = 255, **more: Any) -> Schema:
    return Schema(
        type=OpenAPIType.STRING,
        min_length=1,
        max_length=most,
        pattern=pattern,
        examples=[example],
        description=description,
        **more,
    )


def _id(what: str, name: str, example: str, description: str = "") -> Rule:
    return Rule(
        text(partial(identifier, what=what, field_name=name)),
        _text(description or f"The {what} in Keboola", example, _ID),
    )


def _row(given: str) -> str:
    return identifier(given, "row ID", "row_ids")


def _address(given: str) -> str:
    if not given.strip():
        raise InvalidValue("'base_url' is empty; leave it out where there is none")
    return given


def _or_null(rule: Rule, null: str | None = None) -> Rule:
    kinds = [rule.schema.type, OpenAPIType.NULL]
    return evolve(rule, schema=replace(rule.schema, type=kinds), null=null)  # type: ignore[arg-type]


def _flag(description: str, *, default: bool = False) -> Rule:
    return Rule(truth, Schema(type=OpenAPIType.BOOLEAN, default=default, description=description))


def _named_once(given: Mapping[str, Any], *, needed: bool) -> Iterator[Fault]:
    """A secret goes by its id or by its name."""
    for kind in _SECRETS:
        names = [name for name in (f"{kind}_id", kind) if name in given]
        if len(names) > 1:
            yield Fault(f"/{kind}", f"Name the secret once: give '{kind}_id' or '{kind}', not both")
        elif needed and not names:
            yield Fault(f"/{kind}_id", f"'{kind}_id' or '{kind}' is required")


def _one_way(given: Mapping[str, Any]) -> Iterator[Fault]:
    """A retry goes one way at a time."""
    ways = [name for name, value in given.items() if value]
    if len(ways) > 1:
        yield Fault("", "'again' is for a job that has completed, 'send' and 'adopt' for one that is held; give one")


def _one_of(kind: str) -> Schema:
    return Schema(one_of=[Schema(required=[f"{kind}_id"]), Schema(required=[kind])])


def _at_most_one_of(kind: str) -> Schema:
    return Schema(schema_not=Schema(required=[f"{kind}_id", kind]))


_FIRST_CHECK: Final = Rule(
    moment,
    Schema(
        type=OpenAPIType.STRING,
        format=OpenAPIFormat.DATE_TIME,
        examples=["2026-01-05T12:00:00Z"],
        description="When to look for the first time; at once where it is not named",
    ),
)
_BATCH_IDS: Final = Schema(
    type=OpenAPIType.ARRAY,
    items=Schema(type=OpenAPIType.STRING, pattern=r"^batch_[A-Za-z0-9_-]+$", max_length=255),
    min_items=1,
    max_items=MAX_BATCHES,
    unique_items=True,
    examples=[["batch_abc123", "batch_def456"]],
    description="The OpenAI batches to wait for",
)
_ROW_IDS: Final = Schema(
    type=OpenAPIType.ARRAY,
    items=Schema(type=OpenAPIType.STRING, pattern=_ID, max_length=255),
    max_items=MAX_FURTHER,
    examples=[["101"]],
    description="Configuration rows to run; all of them where none are named",
)
_VARIABLES: Final = Schema(
    type=OpenAPIType.OBJECT,
    additional_properties=Schema(type=OpenAPIType.STRING, min_length=1, max_length=MAX_VARIABLE, pattern=_LAID_OUT),
    property_names=Schema(pattern=_VARIABLE, schema_not=Schema(enum=sorted(OWN_VARIABLES))),
    max_properties=MAX_FURTHER,
    examples=[{"country": "CZ"}],
    description="Further variables for the run",
)
_RETRY: Final = {
    "again": _flag("One more run of a job that has completed, on purpose"),
    "send": _flag("You looked in Keboola and found no run: send it again"),
    "adopt": _id("run ID", "adopt", "1001", "You looked in Keboola and found this run of the job"),
}
_NOT_TWO_WAYS: Final = [_both("again", "send"), _both("again", "adopt"), _both("send", "adopt")]
_SECRET: Final = {
    "name": Rule(text(partial(checked_name, what="secret name")), _text("A unique name", "openai-prod", _NAME)),
    "type": Rule(
        text(SecretType), Schema(type=OpenAPIType.STRING, enum=list(SecretType), description="What it is for")
    ),
    "value": Rule(text(Credential), _text("The API key or token; never shown again", "sk-...", r"^[!-~]+$", 4096)),
    "base_url": _or_null(
        Rule(
            text(_address),
            _text(
                "Where it may be sent: an OpenAI-compatible service, or the Keboola stack",
                "https://api.openai.com/v1",
                _ADDRESS,
                2000,
            ),
        )
    ),
}
_FOR_WEBHOOK: Final = _where(
    SecretType.WEBHOOK,
    name=Schema(pattern=r"^[A-Za-z0-9._-]+$"),
    value=Schema(pattern=r"^whsec_([A-Za-z0-9+/]{4}){8,21}([A-Za-z0-9+/]{2,3}={0,2})?$"),
    base_url=Schema(enum=[None]),
)
_TOKEN: Final = {
    "name": Rule(text(partial(checked_name, what="token name")), _text("Whom or what it is for", "ci", _NAME)),
    "role": Rule(
        text(Role.of_token),
        Schema(
            type=OpenAPIType.STRING,
            enum=[Role.VIEWER, Role.OPERATOR, Role.ADMIN],
            description="A viewer reads, an operator works with jobs too, an admin with secrets and tokens too",
        ),
    ),
    "expires": _or_null(
        Rule(text(lifetime), _text("How long it lasts; until it is revoked where none is named", "90d", _LIFETIME, 20))
    ),
}
