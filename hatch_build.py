"""Brings the API's documentation pages what they are drawn with, out of a wheel that only building needs."""

from __future__ import annotations

from importlib.metadata import files
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WHEEL = "drf-spectacular-sidecar"
ASSETS = {
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui.css": "swagger-ui.css",
    "swagger-ui-dist/LICENSE": "swagger-ui.LICENSE.txt",
    "redoc/bundles/redoc.standalone.js": "redoc.standalone.js",
    "redoc/bundles/redoc.standalone.js.LICENSE.txt": "redoc.standalone.js.LICENSE.txt",
    "redoc/LICENSE": "redoc.LICENSE.txt",
}
LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"  # Redoc would load it from there each time it is opened


class Assets(BuildHookInterface[Any]):
    """Runs before every wheel, sdist and editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Copy the files to where they are served from."""
        vendor = Path(self.root, "src/teckochecker/entrypoints/http/static/vendor")
        vendor.mkdir(parents=True, exist_ok=True)
        for file in files(WHEEL) or ():
            name = ASSETS.get(file.as_posix().partition("/static/drf_spectacular_sidecar/")[2])
            if name:
                (vendor / name).write_bytes(file.read_binary().replace(LOGO, b"data:,"))
