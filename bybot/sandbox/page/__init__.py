"""The chat page: three files, served as they are."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FOLDER = Path(__file__).parent
_FILES = {
    "": ("index.html", "text/html; charset=utf-8"),
    "app.js": ("app.js", "text/javascript; charset=utf-8"),
    "view.js": ("view.js", "text/javascript; charset=utf-8"),
    "style.css": ("style.css", "text/css; charset=utf-8"),
    "icon.svg": ("icon.svg", "image/svg+xml"),
}


def routes() -> list[Route]:
    """``/``, its scripts, its style and its icon."""

    def route(name: str, file: str, media_type: str) -> Route:
        async def serve(request: Request) -> Response:
            data = (_FOLDER / file).read_bytes()
            return Response(data, media_type=media_type, headers={"Cache-Control": "no-cache"})

        return Route(f"/{name}", serve, methods=["GET"])

    return [route(name, file, kind) for name, (file, kind) in _FILES.items()]
