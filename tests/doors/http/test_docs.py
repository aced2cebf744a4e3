from __future__ import annotations

import json

from teckochecker.entrypoints.http.examples import EXAMPLES
from tests.doors.http.description import DESCRIPTION, description
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


async def test_every_call_tells_of_its_problems_and_shows_an_example(light: Served) -> None:
    described = await light.get("/openapi.json")
    schemas = described["components"]["schemas"]
    for path, item in described["paths"].items():
        for operation in item.values():
            assert {"403", "500", "503"} <= operation["responses"].keys(), path
            for status, answer in operation["responses"].items():
                ((kind, content),) = answer["content"].items()
                problem = status >= "400" and (path, status) != ("/api/health", "503")
                assert (kind == "application/problem+json") is problem, (path, status)
                assert ("Retry-After" in answer.get("headers", {})) is (status in ("429", "503") and problem), (
                    path,
                    status,
                )
                if "$ref" in content["schema"]:
                    assert schemas[content["schema"]["$ref"].rpartition("/")[2]]["examples"], path


async def test_examples_have_the_form_of_what_they_are_examples_of(light: Served) -> None:
    schemas = (await light.get("/openapi.json"))["components"]["schemas"]
    for name, example in EXAMPLES.items():
        assert example.keys() <= schemas[name]["properties"].keys(), name
        assert set(schemas[name]["required"]) <= example.keys(), name
