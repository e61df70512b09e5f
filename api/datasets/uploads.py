"""Uploads: a body goes to the artifact store as it comes, and nothing is left of one that does not come whole."""

import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool

from api.datasets.forms import FILE, FormReader
from api.http.bodies import invalid_body, media_type
from api.http.failures import invalid_request
from api.http.media_types import FORM
from normlab.disk_full import is_disk_full
from normlab.errors import ArtifactStoreError, Problem
from normlab.spec.nearest import did_you_mean
from normlab.store import ArtifactStore
from normlab.store.artifact_writing import Writing
from normlab.store.datasets.versions import UPLOADS, Source

_BLOCK_BYTES = 1 << 20
"""So much is gathered before it is handed to a thread that writes it."""
_MAX_FILE_NAME = 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Upload:
    """A file that has come whole and is in the artifact store."""

    source: Source
    fields: Mapping[str, str]
    """The form's other fields; none if the body was the file itself."""


async def receive(request: Request, artifacts: ArtifactStore, dataset_id: str, known: set[str]) -> Upload:
    """Bring the body's file into the artifact store.

    Args:
        request: Its body is the file, or a form that has it.
        artifacts: The store.
        dataset_id: The id of the version that it is to be.
        known: The names of fields that a form may have.

    Raises:
        HTTPException: 400 or 413, for the body.
        RequestValidationError: 422, for a form's fields or an empty file.
        ClientDisconnect: It broke off.
        ArtifactStoreError: The store does not take it.
        OSError: The disk is full.
    """
    form = FormReader(request.headers["content-type"]) if media_type(request) == FORM else None
    writing: Writing | None = None
    try:
        writing = await run_in_threadpool(artifacts.begin, f"{UPLOADS}/{dataset_id}")
        async for block in _blocks(request.stream(), form, known):
            await run_in_threadpool(writing.write, block)
        written = await run_in_threadpool(writing.finish)
    except BaseException as error:
        if writing is not None:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(_discard, writing)
        if isinstance(error, OSError) and not is_disk_full(error):
            raise ArtifactStoreError("the artifact store does not answer; try again later") from error
        raise
    if form is None:
        return Upload(Source(name=_shown(_name_in_header(request)), **vars(written)), {})
    return Upload(Source(name=_shown(form.file_name), **vars(written)), form.fields)


async def _blocks(
    stream: AsyncIterator[bytes], form: FormReader | None, known: set[str]
) -> AsyncIterator[bytes]:
    """The file's bytes in pieces of a size that is worth handing to a thread. Raises what is wrong with the whole when
    it has come."""
    gathered, is_empty = bytearray(), True
    async for chunk in stream:
        gathered += chunk if form is None else form.feed(chunk)
        if len(gathered) >= _BLOCK_BYTES:
            is_empty = False
            yield bytes(gathered)
            gathered.clear()
    if form is not None:
        form.end()
        _refuse_unknown(form.fields, known)
    if gathered:
        yield bytes(gathered)
    elif is_empty:
        raise invalid_body(sentence="is empty: send the file as the body, or in a form's field `file`")


def _name_in_header(request: Request) -> str:
    """The file's own name where it is the body: as in a part of a form, ``attachment; filename="parts.zip"``."""
    _, options = parse_options_header(request.headers.get("content-disposition", ""))
    return options.get(b"filename", b"").decode(errors="replace")


def _shown(file_name: str | None) -> str | None:
    """A file's name as far as it can be seen; it is for people only."""
    return "".join(filter(str.isprintable, file_name or ""))[:_MAX_FILE_NAME] or None


def _refuse_unknown(fields: Mapping[str, Any], known: set[str]) -> None:
    problems = [
        Problem(f"/{name}", f"is not known here{did_you_mean(name, [*known, FILE])}")
        for name in fields
        if name not in known
    ]
    if problems:
        raise invalid_request(problems)


def _discard(writing: Writing) -> None:
    try:
        writing.discard()
    except OSError:  # the maintenance loop looks for such files again and again
        _log.exception("an upload that broke off stays in the artifact store for now")
