"""Trained networks as files."""

import hashlib
from pathlib import Path

import httpx

from normlab.client.transport import Transport, path_of
from normlab.documents.trained_models import ModelDocument
from normlab.errors import ServiceError


def download(transport: Transport, model: ModelDocument, model_format: str, target: Path) -> Path:
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
        with (
            transport.stream(url, headers={}, read_timeout=60) as response,
            partial.open("wb") as file,
        ):
            for block in response.iter_bytes():
                digest.update(block)
                file.write(block)
        if digest.hexdigest() != files[model_format].sha256.removeprefix("sha256:"):
            raise ServiceError("The file that arrived is not the one the service keeps: try again.")
        return partial.replace(target)
    except httpx.TransportError as error:
        raise transport.unreachable(error) from error
    finally:
        partial.unlink(missing_ok=True)
