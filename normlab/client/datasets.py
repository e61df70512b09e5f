"""Datasets that people bring: added, waited for, looked up, deleted."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from normlab.client.dataset_files import Sendable, sendable
from normlab.client.transport import Transport, path_of
from normlab.documents.dataset_versions import (
    AnyDataset,
    DatasetDocument,
    DatasetList,
    DatasetSummary,
    DatasetVersions,
)

POLL_SECONDS = 0.5
"""How often a check that is under way is looked at."""
_UPLOAD_TIMEOUT = httpx.Timeout(600, connect=5)
_BLOCK_BYTES = 1 << 16

Sent = Callable[[int], None]
"""Told how many bytes were sent so far."""


def add(
    transport: Transport,
    name: str,
    data: Any,
    options: dict[str, Any],
    *,
    idempotency_key: str | None = None,
    sent: Sent | None = None,
) -> DatasetDocument:
    """Send a dataset; see ``Client.add_dataset``."""
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    parameters = {key: _text(value) for key, value in options.items() if value is not None}
    with sendable(data) as content:
        return transport.fetch(
            DatasetDocument,
            "POST",
            "/datasets",
            params={"name": name, **parameters},
            content=content if sent is None else _counted(content, sent),
            headers={"Content-Type": "application/octet-stream", **headers},
            timeout=_UPLOAD_TIMEOUT,
        )


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list) and all(isinstance(each, str) for each in value):
        return ",".join(value)  # names of columns
    if isinstance(value, tuple | list):
        return "x".join(map(str, value))  # height x width
    return value


def _counted(content: Sendable, sent: Sent) -> Iterator[bytes]:
    count = 0
    for block in iter(lambda: content.read(_BLOCK_BYTES), b"") if hasattr(content, "read") else content:
        yield block
        count += len(block)
        sent(count)


def lists(transport: Transport) -> list[AnyDataset]:
    """All datasets."""
    return list(transport.fetch(DatasetList, "GET", "/datasets").data)


def get(transport: Transport, name: str, version: int | None = None) -> DatasetDocument:
    """A version, without a number the newest."""
    return transport.fetch(DatasetDocument, "GET", _path(name, version))


def versions(transport: Transport, name: str) -> list[DatasetSummary]:
    """All versions, the newest first."""
    return list(transport.fetch(DatasetVersions, "GET", path_of("datasets", name, "versions")).data)


def wait(
    transport: Transport,
    name: str,
    version: int,
    *,
    timeout_seconds: float | None = None,
    progress: Callable[[DatasetDocument], None] | None = None,
) -> DatasetDocument:
    """Wait until a version is checked; see ``Client.wait_for_dataset``."""
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    while not (dataset := get(transport, name, version)).state.final:
        if progress is not None:
            progress(dataset)
        if deadline is not None and time.monotonic() > deadline:
            raise TimeoutError(
                f"Version {version} of dataset {name} is not checked after {timeout_seconds:g} s."
            )
        time.sleep(POLL_SECONDS)
    return dataset


def picture(transport: Transport, name: str, which: str, version: int | None = None) -> bytes:
    """A picture of a version's card, as PNG."""
    return transport.request("GET", f"{_path(name, version)}{path_of('pictures', which)}").content


def cancel(transport: Transport, name: str, version: int | None = None) -> DatasetDocument:
    """Cancel a check."""
    return transport.fetch(DatasetDocument, "POST", f"{_path(name, version)}/cancel")


def delete(transport: Transport, name: str, version: int | None = None) -> None:
    """Delete a version, without a number all."""
    transport.request("DELETE", _path(name, version))


def _path(name: str, version: int | None) -> str:
    return path_of("datasets", name, *([] if version is None else ["versions", str(version)]))
