"""The calls of the service as methods."""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import numpy as np
import numpy.typing as npt

from normlab.client.comparisons import Comparisons
from normlab.client.events import JobEvent, follow
from normlab.client.formats import ChartFormat
from normlab.client.transport import Transport, path_of
from normlab.documents.catalogue import ArchitectureDocument, ArchitectureList, DatasetList
from normlab.documents.jobs import JobDocument, JobList, ValidatedJob
from normlab.documents.metrics import MetricsDocument
from normlab.documents.predictions import PredictionDocument, Predictions
from normlab.documents.side_by_side import SideBySide
from normlab.documents.states import JobState
from normlab.documents.trained_models import ModelDocument
from normlab.errors import InstancesError, ServiceError
from normlab.spec import DatasetInfo, JobSpec
from normlab.spec.images import IMAGE_TYPES, Invert

DEFAULT_URL = "http://127.0.0.1:8000"

Pixels = Sequence[Any] | npt.NDArray[Any]


class Client:
    """A Normlab service.

    Every call is sent once; what goes wrong is a ``ServiceError`` with the service's own words (``code``,
    ``status`` and ``problems``). Only following a job's events goes on after a lost connection.

    Args:
        base_url: Where the service answers; without it ``NORMLAB_URL``, else ``http://127.0.0.1:8000``.

    Example:
        Train the same network without and with batch normalization, and look at both:

        >>> from normlab import Client
        >>> spec = {"dataset": "digits", "training": {"epochs": 2}}
        >>> with Client() as client:
        ...     jobs = [client.submit(name, **spec) for name in ("baseline", "baseline_with_batch_norm")]
        ...     ended = [client.wait(job.id) for job in jobs]
        ...     chart = client.compare_chart([job.id for job in jobs], "png")
        >>> [job.result.epochs for job in ended]
        [2, 2]
    """

    def __init__(self, base_url: str | None = None) -> None:
        self._transport = Transport(base_url or os.environ.get("NORMLAB_URL") or DEFAULT_URL)
        self.comparisons = Comparisons(self._transport)
        """Arms that are trained with the same seeds."""

    @property
    def base_url(self) -> str:
        """Where the service answers."""
        return self._transport.base_url

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def submit(
        self,
        spec: JobSpec | Mapping[str, Any] | str | None = None,
        *,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> JobDocument:
        """Ask for a training run, and return the queued job.

        Args:
            spec: A whole job spec, or a preset's name, or nothing.
            idempotency_key: Sending a spec twice with the same key makes one job.
            **fields: Fields of the spec, over those of ``spec``.

        Raises:
            ServiceError: ``problems`` says what is wrong with the spec.

        Example:
            >>> with Client() as client:
            ...     client.submit("batch_norm", dataset="digits", training={"epochs": 3, "seed": 7}).state
            <JobState.QUEUED: 'queued'>
        """
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._transport.fetch(
            JobDocument, "POST", "/jobs", json=_document(spec, fields), headers=headers
        )

    def validate(self, spec: JobSpec | Mapping[str, Any] | str | None = None, **fields: Any) -> ValidatedJob:
        """Check a spec without submitting it: all of its defaults, its size and its cost."""
        body = _document(spec, fields)
        return self._transport.fetch(
            ValidatedJob, "POST", "/jobs", params={"validate_only": "true"}, json=body
        )

    def job(self, job_id: str) -> JobDocument:
        """One job as it is now."""
        return self._transport.fetch(JobDocument, "GET", path_of("jobs", job_id))

    def jobs(
        self, *, state: JobState | None = None, tag: str | None = None, name: str | None = None
    ) -> Iterator[JobDocument]:
        """All jobs that match, newest first; further pages are fetched as they are needed."""
        filters = {"state": state, "tag": tag, "name": name}
        parameters = {key: str(value) for key, value in filters.items() if value is not None}
        page = self._transport.fetch(JobList, "GET", "/jobs", params=parameters)
        yield from page.data
        while page.next is not None:
            page = self._transport.fetch(JobList, "GET", "/jobs", params={**parameters, "cursor": page.next})
            yield from page.data

    def wait(self, job_id: str, timeout_seconds: float | None = None) -> JobDocument:
        """Wait until a job has ended, and return it, however it ended.

        Raises:
            TimeoutError: It has not ended in the time given.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        for _ in follow(self._transport, path_of("jobs", job_id, "events"), deadline=deadline):
            pass
        return self.job(job_id)

    def events(self, job_id: str, *, last_event_id: str | None = None) -> Iterator[JobEvent]:
        """A job's events from its beginning, or behind ``last_event_id``, to its end, as they happen.

        A lost connection is made anew and the events go on where they stopped; after some 13 s without an
        answer it is a ``ServiceError``.
        """
        return follow(self._transport, path_of("jobs", job_id, "events"), last_event_id=last_event_id)

    def metrics(self, job_id: str) -> MetricsDocument:
        """All epochs so far with their losses, accuracies and seconds."""
        return self._transport.fetch(MetricsDocument, "GET", path_of("jobs", job_id, "metrics"))

    def cancel(self, job_id: str) -> JobDocument:
        """Ask for the end of a job. A running one ends a moment later; ``wait`` for it."""
        return self._transport.fetch(JobDocument, "POST", path_of("jobs", job_id, "cancel"))

    def retry(self, job_id: str, *, idempotency_key: str | None = None) -> JobDocument:
        """Queue a failed or cancelled job again; its history stays."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._transport.fetch(JobDocument, "POST", path_of("jobs", job_id, "retry"), headers=headers)

    def delete(self, job_id: str) -> None:
        """Delete a job that does not run, with its metrics and its files."""
        self._transport.request("DELETE", path_of("jobs", job_id))

    def predict(
        self, job_id: str, images: str | Path | Pixels, *, invert: Invert | str = Invert.NEVER, top_k: int = 0
    ) -> list[PredictionDocument]:
        """Let a trained network classify images.

        Args:
            images: The path of a PNG, JPEG or WebP file, or raw pixels (0 to the dataset's ``pixel_max``) of
                shape (n, height, width[, channels]) or (n, pixels), as an array or nested lists.
            invert: Whether light and dark of an image file change places first.
            top_k: Give so many of the best classes, too.

        Returns:
            A prediction for each image.
        """
        parameters = {"invert": Invert(invert).value, "top_k": top_k}
        if isinstance(images, str | Path):
            path = Path(images)
            media_type = IMAGE_TYPES.get(path.suffix.lower())
            if media_type is None:
                raise InstancesError(
                    f"{path.name} is no image that can be sent: it should be a .png, .jpg or .webp file."
                )
            body = {"content": _read(path), "headers": {"Content-Type": media_type}}
        else:
            body = {"json": {"instances": images.tolist() if isinstance(images, np.ndarray) else images}}
        answer = self._transport.fetch(
            Predictions, "POST", path_of("jobs", job_id, "predict"), params=parameters, **body
        )
        return list(answer.predictions)

    def compare(self, job_ids: Iterable[str]) -> SideBySide:
        """Put jobs side by side: what differs between their specs, and what came of it.

        ``comparisons`` has those that train their jobs themselves.
        """
        return self._transport.fetch(SideBySide, "GET", "/comparisons", params={"jobs": ",".join(job_ids)})

    def compare_chart(
        self, job_ids: Iterable[str], chart_format: ChartFormat | str = ChartFormat.PNG
    ) -> bytes:
        """The comparison as a chart: ``png``, ``svg``, or ``json`` for its Vega-Lite spec."""
        accept = ChartFormat(chart_format).media_type
        return self._transport.request(
            "GET", "/comparisons", params={"jobs": ",".join(job_ids)}, headers={"Accept": accept}
        ).content

    def model(self, job_id: str) -> ModelDocument:
        """The trained network's layers with their variables, and the formats it can be had in."""
        return self._transport.fetch(ModelDocument, "GET", path_of("jobs", job_id, "model"))

    def download_model(self, job_id: str, model_format: str, path: str | Path) -> Path:
        """Write a trained network (``onnx`` or another of its formats) to a file and check it against its SHA-256.

        The file appears when it is whole; one that was there is replaced.
        """
        files = {file.format: file for file in self.model(job_id).formats}
        if model_format not in files:
            have = ", ".join(files) or "none"
            raise ServiceError(
                f"There is no {model_format!r} file of this network; there is: {have}.", code="not_found"
            )
        target = Path(path)
        partial = target.with_name(f"{target.name}.partial")
        digest = hashlib.sha256()
        url = path_of("jobs", job_id, "model", model_format)
        try:
            with (
                self._transport.stream(url, headers={}, read_timeout=60) as response,
                partial.open("wb") as file,
            ):
                for block in response.iter_bytes():
                    digest.update(block)
                    file.write(block)
            if digest.hexdigest() != files[model_format].sha256.removeprefix("sha256:"):
                raise ServiceError("The file that arrived is not the one the service keeps: try again.")
            return partial.replace(target)
        except httpx.TransportError as error:
            raise self._transport.unreachable(error) from error
        finally:
            partial.unlink(missing_ok=True)

    def architectures(self) -> list[ArchitectureDocument]:
        """The presets, expanded, with a sentence on each."""
        return list(self._transport.fetch(ArchitectureList, "GET", "/architectures").data)

    def datasets(self) -> list[DatasetInfo]:
        """The datasets that a job can name."""
        return list(self._transport.fetch(DatasetList, "GET", "/datasets").data)


def _document(spec: JobSpec | Mapping[str, Any] | str | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The request's body from the ways in which a spec can be given."""
    if isinstance(spec, JobSpec):
        spec = spec.to_document()
    elif isinstance(spec, str):
        spec = {"architecture": spec}
    return {**(spec or {}), **fields}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InstancesError(f"{path} cannot be read: {error.strerror}.") from error
