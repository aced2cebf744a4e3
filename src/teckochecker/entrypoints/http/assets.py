"""Files that pages are drawn with: packed once, and kept by browsers for as long as they are the same."""

from __future__ import annotations

import gzip
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from litestar import Request, Response, Router, route
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "public, no-cache"


@frozen
class Asset:
    """A file as it is sent. `version` changes whenever its content does."""

    body: bytes
    packed: bytes
    version: str


@frozen
class Assets:
    """All files of a folder, below the address `place`."""

    place: str
    folder: Path

    def href(self, name: str) -> str:
        """The address of a file as it is now. Browsers never ask for it a second time."""
        return f"{self.place}/{name}?v={_read(self.folder / name).version}"

    def router(self) -> Router:
        """What answers with the files."""
        names = {f"/{path.relative_to(self.folder).as_posix()}" for path in self.folder.rglob("*") if path.is_file()}

        @route("/{name:path}", http_method=["GET", "HEAD"], include_in_schema=False, sync_to_thread=False)
        def file(request: Request[Any, Any, Any], name: FromPath[str], v: FromQuery[str] = "") -> Response[bytes]:
            """One file."""
            if name not in names:
                raise NotFoundException
            asset = _read(self.folder / name[1:])
            tag = f'W/"{asset.version}"'
            headers = {
                "Cache-Control": _FOR_GOOD if v == asset.version else _ASK_AGAIN,
                "ETag": tag,
                "Vary": "Accept-Encoding",
            }
            if request.headers.get("if-none-match") == tag:
                return Response(b"", status_code=304, headers=headers)
            packs = "gzip" in request.headers.get("accept-encoding", "")
            return Response(
                asset.packed if packs else asset.body,
                media_type=_TYPES[Path(name).suffix],
                headers=headers | ({"Content-Encoding": "gzip"} if packs else {}),
            )

        return Router(path=self.place, route_handlers=[file], include_in_schema=False)


@cache
def _read(path: Path) -> Asset:
    body = path.read_bytes()
    return Asset(body, gzip.compress(body, mtime=0), sha256(body).hexdigest()[:12])
