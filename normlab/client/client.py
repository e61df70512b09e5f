"""The calls of the service as methods."""

import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from normlab.client import evaluations
from normlab.client.claims import Claims
from normlab.client.comparisons import Comparisons
from normlab.client.dataset_lookup import DatasetsOfService
from normlab.client.datasets import DatasetMethods
from normlab.client.downloads import download
from normlab.client.evaluations import TIMEOUT_SECONDS
from normlab.client.events import JobEvent, follow
from normlab.client.formats import ChartFormat
from normlab.client.images import Pixels, predict, predict_numbers
from normlab.client.measurements import measurements
from normlab.client.models import Models
from normlab.client.pages import pages, several
from normlab.client.robustness import Robustness
from normlab.client.specs import Spec, spec_document
from normlab.client.sweeps import Sweeps
from normlab.client.transport import Transport, path_of
from normlab.documents.catalogue import ArchitectureDocument, ArchitectureList
from normlab.documents.charts import InsideChart
from normlab.documents.diagnosis import DiagnosisDocument
from normlab.documents.evaluations import ChartKind, EvaluationDocument, NumberEvaluation, Split
from normlab.documents.jobs import JobDocument, JobList, JobOrder, ValidatedJob
from normlab.documents.metrics import MetricsDocument
from normlab.documents.predictions import NumberPrediction, PredictionDocument
from normlab.documents.probes import ProbeDocument, ProbeList
from normlab.documents.side_by_side import SideBySide
from normlab.documents.states import JobState
from normlab.documents.sweeps import SweepDocument
from normlab.documents.trained_models import ModelDocument
from normlab.spec import DatasetName, Datasets
from normlab.spec.images import Invert
from normlab.spec.measurements import Measurements

DEFAULT_URL = "http://127.0.0.1:8000"


class Client(DatasetMethods):
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
        self.claims = Claims(self._transport)
        """Claims about a change, and trials of them."""
        self.robustness = Robustness(self._transport)
        """How accurate networks stay when their pictures are corrupted."""
        self.sweeps = Sweeps(self._transport)
        """Networks at the points of a space."""
        self.models = Models(self._transport)
        """Names that stand for trained networks."""
        self.lookup: Datasets = DatasetsOfService(self._transport)
        """What is in the datasets that were added: ``from_keras(model, dataset="parts", datasets=client.lookup)``."""

    def sweep(
        self,
        arms: Mapping[str, Spec],
        space: Mapping[str, Any],
        *,
        timeout_seconds: float | None = None,
        **fields: Any,
    ) -> SweepDocument:
        """Train networks at the points of a space, wait, and return what is best: ``sweeps.run``."""
        return self.sweeps.run(arms, space, timeout_seconds=timeout_seconds, **fields)

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
        spec: Spec | None = None,
        *,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> JobDocument:
        """Ask for a training run, and return the queued job.

        Args:
            spec: A whole job spec, a preset's name, a Keras model (or its ``to_json()``), or nothing.
            idempotency_key: Sending a spec twice with the same key makes one job.
            **fields: Fields of the spec, over those of ``spec``.

        Raises:
            ServiceError: ``problems`` says what is wrong with the spec.
            KerasModelError: A Keras model cannot be had; ``refused`` lists each layer with its reason.

        Example:
            >>> with Client() as client:
            ...     client.submit("batch_norm", dataset="digits", training={"epochs": 3, "seed": 7}).state
            <JobState.QUEUED: 'queued'>
        """
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._transport.fetch(
            JobDocument, "POST", "/jobs", json=spec_document(spec, fields, self.lookup), headers=headers
        )

    def validate(self, spec: Spec | None = None, **fields: Any) -> ValidatedJob:
        """Check a spec without submitting it: all of its defaults, its size and its cost."""
        body = spec_document(spec, fields, self.lookup)
        return self._transport.fetch(
            ValidatedJob, "POST", "/jobs", params={"validate_only": "true"}, json=body
        )

    def job(self, job_id: str) -> JobDocument:
        """One job as it is now."""
        return self._transport.fetch(JobDocument, "GET", path_of("jobs", job_id))

    def jobs(
        self,
        *,
        state: JobState | Collection[JobState] | None = None,
        tag: str | Collection[str] | None = None,
        name: str | None = None,
        dataset: DatasetName | str | None = None,
        preset: str | None = None,
        id_part: str | None = None,
        sort: JobOrder | str = JobOrder.NEWEST,
    ) -> Iterator[JobDocument]:
        """All jobs that match; further pages are fetched as they are needed.

        Args:
            state: One state, or any of several.
            tag: One tag, or all of several.
            name: Exactly this name.
            dataset: Trained on this dataset.
            preset: Of this preset, such as ``baseline``.
            id_part: Ids that begin or end with this.
            sort: ``newest``, ``oldest``, ``best_val_accuracy``, ``kept_val_accuracy``, ``test_accuracy`` (the highest
                first) or ``train_seconds`` (the shortest first).
        """
        filters = {"name": name, "dataset": dataset, "preset": preset, "id": id_part, "sort": JobOrder(sort)}
        return pages(
            lambda parameters: self._transport.fetch(JobList, "GET", "/jobs", params=parameters),
            {**filters, "state": several(state), "tag": several(tag)},
        )

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

    def measurements(
        self,
        job_id: str,
        *,
        probe: str | Collection[str] | None = None,
        layer: str | Collection[str] | None = None,
        epoch: int | Collection[int] | None = None,
    ) -> Measurements:
        """What probes measured inside a job's network so far.

        Args:
            job_id: The job.
            probe: One probe (``probes`` lists them), or any of several.
            layer: One layer's name, or any of several; ``""`` for the network as a whole.
            epoch: One epoch, or any of several; 0 is the start.
        """
        return measurements(
            self._transport,
            job_id,
            {
                "probe": several(probe),
                "layer": several(layer),
                "epoch": [epoch] if isinstance(epoch, int) else epoch and list(epoch),
            },
        )

    def diagnosis(self, job_id: str) -> DiagnosisDocument:
        """What these measurements say is wrong inside the network: ``findings``, the worst first."""
        return self._transport.fetch(DiagnosisDocument, "GET", path_of("jobs", job_id, "diagnosis"))

    def inside_chart(
        self,
        job_id: str,
        chart: InsideChart | str,
        chart_format: ChartFormat | str = ChartFormat.PNG,
    ) -> bytes:
        """What happens inside the network as a chart, such as ``gradient_by_depth``, ``shift`` or ``distribution``."""
        return self._transport.request(
            "GET",
            path_of("jobs", job_id, "probes", "charts", InsideChart(chart)),
            headers={"Accept": ChartFormat(chart_format).media_type},
        ).content

    def cancel(self, job_id: str) -> JobDocument:
        """Ask for the end of a job. A running one ends a moment later; ``wait`` for it."""
        return self._transport.fetch(JobDocument, "POST", path_of("jobs", job_id, "cancel"))

    def retry(self, job_id: str, *, idempotency_key: str | None = None) -> JobDocument:
        """Queue a failed or cancelled job again; its history stays."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._transport.fetch(JobDocument, "POST", path_of("jobs", job_id, "retry"), headers=headers)

    def delete(self, job_id: str, *, forget_names: bool = False) -> None:
        """Delete a job that does not run, with its metrics and its files.

        With ``forget_names`` models' names that stand or stood for it lose that version.
        """
        parameters = {"forget_names": "true"} if forget_names else {}
        self._transport.request("DELETE", path_of("jobs", job_id), params=parameters)

    def predict(
        self,
        job_id: str,
        images: str | Path | Pixels,
        *,
        invert: Invert | str = Invert.NEVER,
        top_k: int = 0,
        dark_images: bool = False,
    ) -> list[PredictionDocument]:
        """Let a trained network classify images, or rows of a table.

        Args:
            images: The path of a PNG, JPEG or WebP file, or raw pixels (0 to the dataset's ``pixel_max``) of
                shape (n, height, width[, channels]) or (n, pixels), as an array or nested lists. For a network on a
                table rows: objects by the names of columns (``[{"petal_length": 1.4, "colour": "red"}]``), a frame
                of pandas, or the path of a .csv or .json file; what is left out is missing.
            invert: Whether light and dark of an image file change places first.
            top_k: Give so many of the best classes, too.
            dark_images: Take images in which no value is above 1, which are refused otherwise.

        Returns:
            A prediction for each image or row.
        """
        return predict(
            self._transport,
            path_of("jobs", job_id),
            images,
            invert=invert,
            top_k=top_k,
            dark_images=dark_images,
        )

    def predict_numbers(self, job_id: str, rows: str | Path | Pixels) -> list[NumberPrediction]:
        """Let a trained network whose target is a number predict it for rows of a table.

        Args:
            job_id: A job that has succeeded.
            rows: As of ``predict``.

        Returns:
            A number for each row, in the target's own unit, as ``value``.

        Raises:
            InstancesError: The network predicts classes.
        """
        return predict_numbers(self._transport, path_of("jobs", job_id), rows)

    def evaluate_numbers(
        self, job_id: str, *, split: Split | str = Split.TEST, worst: int = 10
    ) -> NumberEvaluation:
        """How far a trained network whose target is a number is from it on samples that were held out.

        Args:
            job_id: A job that has succeeded.
            split: The test or the validation samples.
            worst: So many of the largest errors, 50 at most.
        """
        body = {"split": Split(split).value, "mistakes": worst}
        return self._transport.fetch(NumberEvaluation, "POST", path_of("jobs", job_id, "evaluate"), json=body)

    def evaluate(
        self,
        job_id: str,
        *,
        split: Split | str = Split.TEST,
        mistakes: int = 10,
        dataset: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> EvaluationDocument:
        """How well a trained network does on samples that were held out: by class, how well its probabilities fit, and
        where it is wrong.

        Args:
            job_id: A job that has succeeded.
            split: ``test`` or ``validation``.
            mistakes: So many of those that it was most confident of.
            dataset: Another one than the job's, of the same shape and number of classes: ``mnist``, ``parts`` or a
                version of it, ``parts@1``. It takes a worker some seconds when it is first asked for, and is waited
                for.
            timeout_seconds: For how long.
        """
        return evaluations.evaluate(
            self._transport,
            job_id,
            split=split,
            dataset=dataset,
            mistakes=mistakes,
            timeout_seconds=timeout_seconds,
        )

    def confusion_chart(
        self,
        job_id: str,
        *,
        split: Split | str = Split.TEST,
        dataset: str | None = None,
        chart_format: ChartFormat | str = ChartFormat.PNG,
    ) -> bytes:
        """The confusion matrix as a chart: ``png``, ``svg``, or ``json`` for its Vega-Lite spec.

        Another ``dataset`` as for ``evaluate``.
        """
        kind = ChartKind.CONFUSION
        return evaluations.chart(
            self._transport, job_id, kind, split=split, dataset=dataset, chart_format=chart_format
        )

    def predicted_chart(
        self,
        job_id: str,
        *,
        split: Split | str = Split.TEST,
        chart_format: ChartFormat | str = ChartFormat.PNG,
    ) -> bytes:
        """Predicted against right numbers as a chart, of a network that predicts numbers."""
        kind = ChartKind.PREDICTED
        return evaluations.chart(
            self._transport, job_id, kind, split=split, dataset=None, chart_format=chart_format
        )

    def reliability_chart(
        self,
        job_id: str,
        *,
        split: Split | str = Split.TEST,
        dataset: str | None = None,
        chart_format: ChartFormat | str = ChartFormat.PNG,
    ) -> bytes:
        """Accuracy by confidence as a chart: ``png``, ``svg``, or ``json`` for its Vega-Lite spec.

        Another ``dataset`` as for ``evaluate``.
        """
        kind = ChartKind.RELIABILITY
        return evaluations.chart(
            self._transport, job_id, kind, split=split, dataset=dataset, chart_format=chart_format
        )

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

    def download_model(
        self, job_id: str, model_format: str, path: str | Path, *, timeout_seconds: float = 120
    ) -> Path:
        """Write a trained network (``onnx`` or another of its formats) to a file and check it against its SHA-256.

        The file appears when it is whole; one that was there is replaced. A format that is made when somebody first
        asks for it takes a worker some seconds, and is waited for.
        """
        return download(
            self._transport, self.model(job_id), model_format, Path(path), timeout_seconds=timeout_seconds
        )

    def architectures(self) -> list[ArchitectureDocument]:
        """The presets, expanded, with a sentence on each."""
        return list(self._transport.fetch(ArchitectureList, "GET", "/architectures").data)

    def probes(self) -> list[ProbeDocument]:
        """What can be measured inside a network, with formulas and sources."""
        return list(self._transport.fetch(ProbeList, "GET", "/probes").data)
