"""The real app on a real server, over SQLite and over Postgres; the store's own functions write the jobs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from normlab.local.redis import EmbeddedRedis
from normlab.settings import Settings
from normlab.spec import JobSpec
from normlab.spec.epochs import EpochMetrics
from normlab.store import ArtifactKind, ArtifactStore, Database, Job
from normlab.store.jobs import endings, jobs, leases, reports
from support.databases import PostgresDatabases, SqliteDatabases
from support.dataset_versions import keep_dataset
from support.networks import Weights, linear_network
from support.serving import serving

MAX_BODY_BYTES = 100_000
MAX_DATASET_BYTES = 3_000_000


@dataclass
class Service:
    """A service under test: its HTTP side, and the store behind it."""

    http: httpx.Client
    database: Database
    artifacts: ArtifactStore
    broker: EmbeddedRedis
    folder: Path
    make_spec: Callable[..., JobSpec]
    weights: dict[str, Weights] = field(default_factory=dict)

    def create(self, **spec: Any) -> Job:
        made = self.make_spec(**spec)
        with self.database.write() as session:
            keep_dataset(session, made)
            return jobs.create(session, made)

    def start(self, **spec: Any) -> Job:
        """A job that the first attempt has claimed."""
        job = self.create(**spec)
        with self.database.write() as session:
            claimed = leases.claim(session, job.id, worker="test", lease_seconds=600)
        assert claimed is not None
        return claimed

    def report(self, job: Job, epoch: int, val_accuracy: float | None = 0.5) -> None:
        metrics = EpochMetrics(
            epoch=epoch,
            learning_rate=0.001,
            loss=1 / epoch,
            accuracy=0.5,
            val_loss=None if val_accuracy is None else 0.9,
            val_accuracy=val_accuracy,
            cross_entropy=0.75,
            val_cross_entropy=0.5,
            val_balanced_accuracy=None if val_accuracy is None else 0.625,
            val_macro_f1=None if val_accuracy is None else 0.375,
            train_seconds=0.25,
            evaluate_seconds=0.125,
            compile_seconds=1.5,
            elapsed_seconds=2.0 * epoch,
        )
        with self.database.write() as session:
            assert reports.report_epoch(session, job.id, job.attempt, metrics)

    def finish(
        self,
        job: Job,
        *,
        with_onnx: bool = True,
        more: Mapping[ArtifactKind, bytes] | None = None,
        export_errors: Mapping[str, str] | None = None,
        kept_epoch: int | None = None,
    ) -> None:
        """End a running job with a real, small network, whose weights are kept in ``weights``."""
        info = self.make_spec(dataset=job.spec["dataset"]).dataset.info
        onnx, weights = linear_network(info.shape, len(info.classes), seed=len(self.weights))
        self.weights[job.id] = weights
        files = [self._store(job, ArtifactKind.KERAS, b"a keras file" * 100_000)]
        if with_onnx:
            files.append(self._store(job, ArtifactKind.ONNX, onnx))
        files += [self._store(job, kind, content) for kind, content in (more or {}).items()]
        pixels = int(np.prod(info.shape))
        with self.database.read() as session:
            epochs = len(reports.epochs(session, job.id))
        outcome = endings.Outcome(
            result={
                "epochs": epochs,
                "kept_epoch": kept_epoch or epochs,
                "stop_reason": "completed",
                "best_epoch": 2,
                "best_val_accuracy": 0.8,
                "kept_val_accuracy": 0.8,
                "test_loss": 0.6,
                "test_accuracy": 0.79,
                "majority": {
                    "test": {
                        "samples": 100,
                        "correct": 79,
                        "majority_class": 1,
                        "majority_share": 0.1,
                        "p_value": 0.0,
                    }
                },
                "population_statistics": None,
                "reached_target_at_epoch": None,
                "train_seconds": 0.5,
                "export_errors": dict(export_errors or {}),
            },
            timings={"starting_seconds": 0.5, "total_seconds": 5.5},
            environment={"normlab": "test"},
            digests={"initial_weights": "sha256:00"},
            layers=[
                {
                    "name": "output",
                    "type": "dense",
                    "output_shape": [10],
                    "parameters": 10 * pixels + 10,
                    "variables": [
                        {"name": "kernel", "shape": [pixels, 10], "trainable": True, "dtype": "float32"},
                        {"name": "bias", "shape": [10], "trainable": False, "dtype": "float32"},
                    ],
                }
            ],
            artifacts=files,
        )
        with self.database.write() as session:
            assert endings.finish(session, job.id, job.attempt, outcome)

    def succeeded(self, accuracies: Sequence[float | None] = (0.7, 0.8), **spec: Any) -> Job:
        """A job that has trained an epoch for each validation accuracy."""
        job = self.start(**spec)
        for epoch, accuracy in enumerate(accuracies, 1):
            self.report(job, epoch, accuracy)
        self.finish(job)
        return job

    def _store(self, job: Job, kind: ArtifactKind, content: bytes) -> Any:
        source = self.folder / f"model.{kind}"
        source.write_bytes(content)
        return self.artifacts.put(job.id, job.attempt, kind, source, kind.media_type)


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def service(
    request: pytest.FixtureRequest,
    redis_server: EmbeddedRedis,
    tmp_path_factory: pytest.TempPathFactory,
    make_spec: Callable[..., JobSpec],
) -> Iterator[Service]:
    """One service for all tests of a kind of database; each test makes its own jobs in it."""
    folder = tmp_path_factory.mktemp("api")
    databases: SqliteDatabases | PostgresDatabases = request.getfixturevalue(f"{request.param}_databases")
    with databases.fresh(folder) if isinstance(databases, SqliteDatabases) else databases.fresh() as database:
        settings = Settings(
            data_dir=folder,
            database_url=database.url.render_as_string(hide_password=False),
            broker_url=redis_server.broker_url,
            max_body_bytes=MAX_BODY_BYTES,
            max_prediction_bytes=MAX_BODY_BYTES,
            max_dataset_bytes=MAX_DATASET_BYTES,
            maintenance_seconds=3600,
            max_instances=20,
            max_image_pixels=10_000,
            max_jpeg_pixels=40_000,
            max_request_pixels=40_000,
        )
        with serving(settings) as http:
            yield Service(
                http=http,
                database=database,
                artifacts=ArtifactStore(settings.resolved_artifacts_url),
                broker=redis_server,
                folder=folder,
                make_spec=make_spec,
            )


@pytest.fixture
def make_service(redis_server: EmbeddedRedis, make_spec: Callable[..., JobSpec]) -> Callable[..., Service]:
    """Puts a service together for what a test has started itself."""

    def make(http: httpx.Client, database: Database, artifacts: ArtifactStore, folder: Path) -> Service:
        return Service(
            http=http,
            database=database,
            artifacts=artifacts,
            broker=redis_server,
            folder=folder,
            make_spec=make_spec,
        )

    return make


@pytest.fixture
def http(service: Service) -> httpx.Client:
    return service.http


@pytest.fixture
def serve() -> Callable[..., AbstractContextManager[httpx.Client]]:
    """Serves the app with settings of the test's own."""
    return lambda **settings: serving(Settings(**settings))
