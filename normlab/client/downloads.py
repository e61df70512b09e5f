"""Trained networks as files."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import httpx

from normlab.client.transport import Transport, path_of
from normlab.documents.trained_models import ModelDocument
from normlab.errors import ServiceError


def download(
    transport: Transport, model: ModelDocument, model_format: str, target: Path, *, timeout_seconds: float
) -> Path:
    """Write a network to a file and check it against its SHA-256; see ``Client.download_model``."""
    files = {file.format: file for file in model.formats}
    if model_format not in files:
        have = ", ".join(files) or "none"
        raise ServiceError(
            f"There is no {model_format!r} file of this network; there is: {have}.", code="not_found"
        )
    partial = target.with_name(f"{target.name}.partial")
    digest = hashlib.sha256()
    url = path_of("jobs", model.job, "model", model_format)
    try:
        with _made(transport, url, timeout_seconds) as response, partial.open("wb") as file:
            for block in response.iter_bytes():
                digest.update(block)
                file.write(block)
        # Of a file that was made just now the answer alone knows it.
        expected = files[model_format].sha256 or response.headers.get("ETag", "").removeprefix("W/").strip(
            '"'
        )
        if digest.hexdigest() != expected:
            raise ServiceError("The file that arrived is not the one the service keeps: try again.")
        return partial.replace(target)
    except httpx.TransportError as error:
        raise transport.unreachable(error) from error
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _made(transport: Transport, url: str, timeout_seconds: float) -> Iterator[httpx.Response]:
    """The answer with the file; one that is made when somebody first asks for it is waited for."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        with transport.stream(url, headers={}, read_timeout=60) as response:
            if response.status_code != HTTPStatus.ACCEPTED:
                yield response
                return
            wait = float(response.headers.get("Retry-After", 1))
        if time.monotonic() + wait > deadline:
            raise ServiceError(
                f"The file is still not made after {timeout_seconds:g} seconds: is a worker there? It is made as soon "
                "as one is; ask again later.",
                code="timeout",
            )
        time.sleep(wait)
