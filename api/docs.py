"""``/docs``: every call, to be tried in a browser, and to be read where no scripts run.

FastAPI's own page fetches its scripts from elsewhere: a service without a way out shows nothing then, and with one it
trusts somebody else. Here everything comes from the package: Swagger UI (``vendor``, renewed by
``scripts/renew-swagger-ui``), and ``assets``, which fill its examples with what the service has.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from api.http.media_types import CSS, HTML, JAVASCRIPT, JSON
from api.http.root_path import address

router = APIRouter(include_in_schema=False)

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HERE = Path(__file__).parent
_SWAGGER_UI = _HERE / "vendor" / "swagger_ui"
_ASSETS = {
    "docs.css": (_HERE / "assets", CSS),
    "try-it.js": (_HERE / "assets", JAVASCRIPT),
    "swagger-ui.css": (_SWAGGER_UI, CSS),
    "swagger-ui-bundle.js": (_SWAGGER_UI, JAVASCRIPT),
}
_KEPT = "max-age=3600"
_CODE = re.compile(r"`([^`]*)`")


@dataclass(frozen=True)
class Operation:
    """What the page shows of one method of one path."""

    method: str
    path: str
    operation: dict[str, Any]
    body: str | None
    """An example of its JSON body, or what its body may be."""
    answers: dict[str, str]
    """For each status what it means."""

    @property
    def anchor(self) -> str:
        """Its place in the page."""
        return re.sub(r"\W+", "-", f"{self.method} {self.path}".lower()).strip("-")


@router.get("/docs")
def docs(request: Request) -> Response:
    """Every call, with its parameters, an example of its body, and its answers."""
    document = request.app.openapi()
    page = _template().render(
        info=document["info"],
        groups=_groups(document),
        schemas={name: json.dumps(schema, indent=2) for name, schema in sorted(_schemas(document).items())},
        openapi_url=address("/openapi.json"),
        assets=address("/docs/assets"),
        base=address(""),
    )
    return Response(page, media_type=HTML, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/assets/{name}")
def asset(name: str) -> Response:
    """A file that the page loads."""
    if name not in _ASSETS:
        raise HTTPException(404, "the page has no such file")
    folder, media_type = _ASSETS[name]
    return Response((folder / name).read_bytes(), media_type=media_type, headers={"Cache-Control": _KEPT})


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("api"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["prose"] = _prose
    return environment.get_template("docs.html")


def _prose(text: str) -> Markup:
    """Text with `code` in it as HTML, a paragraph for each block."""
    blocks = (_CODE.sub(r"<code>\1</code>", str(escape(block))) for block in text.strip().split("\n\n"))
    return Markup("".join(f"<p>{block}</p>" for block in blocks))  # noqa: S704 - escaped above


def _groups(document: dict[str, Any]) -> dict[str, list[Operation]]:
    groups: dict[str, list[Operation]] = {}
    for operation in _operations(document):
        groups.setdefault(operation.operation["tags"][0], []).append(operation)
    return groups


def _operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content")
            answers = {status: answer["description"] for status, answer in operation["responses"].items()}
            body = None if content is None else _example(document, content)
            yield Operation(method.upper(), path, operation, body, answers)


def _example(document: dict[str, Any], content: dict[str, Any]) -> str:
    """A body as JSON if it can be that; else the media types that it may have."""
    as_json = content.get(JSON, {})
    example = as_json.get("example")
    if example is None:
        name = as_json.get("schema", {}).get("$ref", "").rpartition("/")[2]
        example = next(iter(_schemas(document).get(name, {}).get("examples", [])), None)
    others = ", ".join(kind for kind in content if kind != JSON)
    shown = "" if example is None else json.dumps(example, indent=2)
    return "\n".join(filter(None, [shown, f"or {others}" if shown and others else others]))


def _schemas(document: dict[str, Any]) -> dict[str, Any]:
    schemas: dict[str, Any] = document["components"]["schemas"]
    return schemas
