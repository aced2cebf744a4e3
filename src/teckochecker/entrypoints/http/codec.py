"""Litestar's side of the bodies: our reader reads them, and their description comes from the same form."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getdoc
from typing import Any, ClassVar

from attrs import NOTHING, fields
from litestar.dto import AbstractDTO
from litestar.exceptions import HTTPException
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin, SerializationPlugin
from litestar.typing import FieldDefinition

from teckochecker.entrypoints.http.reading import Reader


class Bodies(SerializationPlugin, OpenAPISchemaPlugin):
    """Takes the reading and the describing of our bodies over from Litestar."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def supports_type(self, field_definition: FieldDefinition) -> bool:
        """Whether it is a body of ours."""
        return field_definition.annotation in self._reader.forms

    def create_dto_for_type(self, field_definition: FieldDefinition) -> type[AbstractDTO[Any]]:
        """What Litestar hands the bytes to."""
        return type("Body", (_Body,), {"reader": self._reader, "kind": field_definition.annotation})

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Whether it is a body of ours."""
        return self.supports_type(field_definition)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        """The form of a body, for the API's description."""
        kind = field_definition.annotation
        form = self._reader.forms[kind]
        required = [field.name for field in fields(kind) if field.default is NOTHING]
        schema: Schema = schema_creator.create_component_schema(field_definition, required=required, property_fields={})
        schema.type = OpenAPIType.OBJECT
        schema.description = getdoc(kind)  # without indents, which Python takes off itself only from 3.13 on
        schema.properties = {name: rule.schema for name, rule in form.rules.items()}
        schema.additional_properties = False
        schema.all_of = form.relation_schemas or None
        return schema


class _Body(AbstractDTO[Any]):
    """One kind of body. Litestar's own machinery of fields stays out of it."""

    reader: ClassVar[Reader]
    kind: ClassVar[type]

    def decode_bytes(self, value: bytes) -> Any:
        """The body as its class.

        Raises:
            HTTPException: it is not declared as JSON.
            NoJson, InvalidBody: as the reader.
        """
        declared = self.asgi_connection.headers.get("content-type", "").partition(";")[0].strip().lower()
        if value and declared != "application/json":
            raise HTTPException("Send the body as JSON, with Content-Type: application/json", status_code=415)
        return self.reader.read(value, self.kind)

    @classmethod
    def create_for_field_definition(cls, *_: Any, **__: Any) -> None:
        """Nothing has to be prepared."""

    @classmethod
    def create_openapi_schema(cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any) -> Any:
        """As of any other type."""
        return schema_creator.for_field_definition(field_definition)

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Iterator[Any]:  # type: ignore[override]
        """Litestar need not know the fields."""
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        """Litestar need not know the fields."""
        return False
