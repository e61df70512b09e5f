"""Datasets that people bring: added, waited for, looked up, deleted."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from normlab.client.dataset_files import Sendable, file_name, sendable
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


class DatasetMethods:
    """The methods of ``Client`` that are about datasets."""

    _transport: Transport

    def datasets(self) -> list[AnyDataset]:
        """The datasets that a job can name: the built-in ones, and the newest version of each that was added."""
        return list(self._transport.fetch(DatasetList, "GET", "/datasets").data)

    def add_dataset(
        self,
        name: str,
        data: Any,
        *,
        idempotency_key: str | None = None,
        sent: Sent | None = None,
        **options: Any,
    ) -> DatasetDocument:
        """Bring data of your own: a new name, or the next version of one. A worker checks it, see ``wait_for_dataset``.

        Args:
            name: What jobs call it: letters, digits, ``.``, ``_`` and ``-``.
            data: The path of a file (npz, IDX, CSV, Parquet, a zip or tar, …) or of a folder, which are streamed; or
                ``(x, y)``, ``((x_train, y_train), (x_test, y_test))``, a dict of arrays by the names that they have in
                an npz, a frame of pandas, polars or pyarrow, a ``tf.data.Dataset`` or a torch ``Dataset`` of pairs.
            idempotency_key: Sending a file twice with the same key makes one version.
            sent: Is told how many bytes were sent so far.
            **options: How it is to be read, as in ``POST /datasets``: ``label_column="class"``,
                ``task="regression"``, ``image_size=(64, 64)``, ``validation="first"``, ….

        Raises:
            ServiceError: The service does not take it.
            DatasetError: It cannot be read, or is nothing that can be sent.
        """
        headers = {"Content-Type": b"application/octet-stream"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key.encode()
        if (own_name := file_name(data)) is not None:
            headers["Content-Disposition"] = f'attachment; filename="{own_name}"'.encode()
        parameters = {key: _text(value) for key, value in options.items() if value is not None}
        with sendable(data) as content:
            return self._transport.fetch(
                DatasetDocument,
                "POST",
                "/datasets",
                params={"name": name, **parameters},
                content=content if sent is None else _counted(content, sent),
                headers=headers,
                timeout=_UPLOAD_TIMEOUT,
            )

    def wait_for_dataset(
        self,
        name: str,
        version: int | None = None,
        *,
        timeout_seconds: float | None = None,
        progress: Callable[[DatasetDocument], None] | None = None,
    ) -> DatasetDocument:
        """Wait until a version (without a number the newest) is checked, and return it: ready, refused or cancelled.

        ``progress`` is given the version now and then while it is checked.

        Raises:
            TimeoutError: It is not checked in the time given.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        dataset = self.dataset(name, version)
        while not dataset.state.final:
            if progress is not None:
                progress(dataset)
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(
                    f"Version {dataset.version} of dataset {name} is not checked after {timeout_seconds:g} s."
                )
            time.sleep(POLL_SECONDS)
            dataset = self.dataset(name, dataset.version)
        return dataset

    def dataset(self, name: str, version: int | None = None) -> DatasetDocument:
        """A version of a dataset that was added, without a number the newest: how far its check is, or its card."""
        return self._transport.fetch(DatasetDocument, "GET", _path(name, version))

    def dataset_versions(self, name: str) -> list[DatasetSummary]:
        """All versions of a dataset that was added, the newest first."""
        return list(self._transport.fetch(DatasetVersions, "GET", path_of("datasets", name, "versions")).data)

    def dataset_picture(self, name: str, which: str, version: int | None = None) -> bytes:
        """A picture of a dataset's card, as PNG; the card names those that there are."""
        path = f"{_path(name, version)}{path_of('pictures', which)}"
        return self._transport.request("GET", path).content

    def cancel_dataset(self, name: str, version: int | None = None) -> DatasetDocument:
        """End the check of a version, without a number that of the newest."""
        return self._transport.fetch(DatasetDocument, "POST", f"{_path(name, version)}/cancel")

    def delete_dataset(self, name: str, version: int | None = None) -> None:
        """Delete a version that nothing uses, without a number all of them."""
        self._transport.request("DELETE", _path(name, version))


def _path(name: str, version: int | None) -> str:
    return path_of("datasets", name, *([] if version is None else ["versions", str(version)]))


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
