from __future__ import annotations

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
