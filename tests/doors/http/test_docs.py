from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from teckochecker.entrypoints.http.examples import EXAMPLES
from tests.doors.http.description import description
from tests.doors.http.promised import DESCRIPTION
from tests.doors.http.served import Served


async def test_the_description_names_every_address_of_the_api_and_its_bodies(light: Served) -> None:
    described = await light.get("/openapi.json")
    assert described["security"] == [{}, {"bearer": []}]
    assert {"/api/health", "/api/stats", "/api/jobs", "/api/admin/secrets"} <= described["paths"].keys()
    assert "/api/events" not in described["paths"]
    assert not [path for path in described["paths"] if path.startswith("/web")]
    new = described["components"]["schemas"]["NewJob"]
    assert new["additionalProperties"] is False
    assert new["properties"]["batch_ids"]["maxItems"] == 10
    assert new["properties"]["poll_interval_seconds"]["minimum"] == 30


async def test_nothing_is_loaded_from_afar(light: Served) -> None:
    for path in ("/schema", "/schema/openapi.json", "/schema/swagger"):
        assert (await light.get(path, 404))["title"] == "Not Found"
    for path in ("/docs/openapi.json", "/docs/swagger", "/docs/assets/none.js", "/docs/assets/../docs.py"):
        assert (await light.get(path, 404))["title"] == "Not Found"
    for path in ("/docs", "/redoc"):
        assert "//" not in (await light.http.get(path)).text


async def test_what_the_pages_are_drawn_with_comes_with_its_licences(light: Served) -> None:
    for name in ("swagger-ui", "redoc"):
        assert "Copyright" in (await light.http.get(f"/docs/assets/vendor/{name}.LICENSE.txt")).text


async def test_the_committed_description_is_what_the_service_serves(light: Served) -> None:
    assert DESCRIPTION.read_text(encoding="utf-8") == description(), "Renew it with: make openapi"
    assert json.loads(description()) == await light.get("/openapi.json")


ADMINS_ALONE = ("/api/admin/tokens", "/api/admin/audit")


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every call of the API."""
    for path, item in described["paths"].items():
        yield from ((method, path, operation) for method, operation in item.items())


async def test_every_call_says_who_may_make_it_and_what_it_does(light: Served) -> None:
    described = await light.get("/openapi.json")
    assert described["components"]["securitySchemes"]["bearer"] == {"type": "http", "scheme": "bearer"}
    names = [operation["operationId"] for _, _, operation in operations(described)]
    assert len(names) == len(set(names)) == 25
    for _, path, operation in operations(described):
        assert operation["summary"], path
        assert operation["description"], path
        assert operation["tags"], path
        stricter = [{"bearer": []}] if path.startswith(ADMINS_ALONE) else described["security"]
        assert operation.get("security", described["security"]) == ([{}] if path == "/api/health" else stricter), path


async def test_every_call_tells_of_its_problems_and_shows_an_example(light: Served) -> None:
    described = await light.get("/openapi.json")
    schemas = described["components"]["schemas"]
    for method, path, operation in operations(described):
        wanted = {"400", "403", "500", "503"}
        if path != "/api/health":
            wanted |= {"401", "429"}
        if method != "get":
            wanted |= {"408", "409", "413"}
        if "requestBody" in operation:
            wanted |= {"415", "422"}
        if "{" in path:
            wanted |= {"404", "422"}
        assert wanted <= operation["responses"].keys(), (method, path)
        for status, answer in operation["responses"].items():
            ((kind, content),) = answer["content"].items()
            problem = status >= "400" and (path, status) != ("/api/health", "503")
            assert (kind == "application/problem+json") is problem, (path, status)
            assert answer["description"], (path, status)
            told = "Retry-After" in answer.get("headers", {})
            assert told is (status in ("429", "503") and problem), (path, status)
            if "$ref" in content["schema"]:
                assert schemas[content["schema"]["$ref"].rpartition("/")[2]]["examples"], path
            else:
                assert path == "/metrics"


def unbounded(schema: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """Whether something that can be sent has no limit."""
    if "$ref" in schema:
        return unbounded(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "allOf" in schema:
        return all(unbounded(part, schemas) for part in schema["allOf"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    limits = {
        "string": {"enum"} & schema.keys() or {"format"} & schema.keys() or {"maxLength", "pattern"} & schema.keys(),
        "integer": {"minimum", "maximum"} <= schema.keys(),
        "array": "items" in schema and not unbounded(schema["items"], schemas),
        "object": {"maxProperties", "propertyNames"} <= schema.keys(),
        "boolean": True,
        "null": True,
    }
    return not all(limits[kind] for kind in kinds)


async def test_whatever_can_be_sent_has_limits_an_example_and_a_sentence(light: Served) -> None:
    described = await light.get("/openapi.json")
    schemas = described["components"]["schemas"]
    asked = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for _, _, operation in operations(described)
        if "requestBody" in operation
    }
    assert asked == {"NewJob", "JobEdit", "Retry", "NewSecret", "NewValue", "NewToken"}
    sent = [(name, field, schema) for name in asked for field, schema in schemas[name]["properties"].items()]
    for _, path, operation in operations(described):
        sent += [(path, one["name"], one["schema"]) for one in operation.get("parameters", ())]
    for where, name, schema in sent:
        assert schema["description"], (where, name)
        assert schema.keys() & {"examples", "enum", "default"}, (where, name)
        assert not unbounded(schema, schemas), (where, name)
        assert not schema.keys() & {"oneOf", "anyOf"}, (where, name)


async def test_examples_have_the_form_of_what_they_are_examples_of(light: Served) -> None:
    schemas = (await light.get("/openapi.json"))["components"]["schemas"]
    for name, example in EXAMPLES.items():
        assert example.keys() <= schemas[name]["properties"].keys(), name
        assert set(schemas[name]["required"]) <= example.keys(), name
