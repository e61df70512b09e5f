"""Comparisons whose jobs are ended by the test: rows as a worker would leave them, without training."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from normlab.comparisons import advance, parse_comparison
from normlab.local.redis import EmbeddedRedis
from normlab.settings import Settings
from normlab.spec.epochs import EpochMetrics
from normlab.store import ArtifactKind, ArtifactStore, Comparison, ComparisonJob, Database, FailureCode, Job
from normlab.store.comparisons import comparisons
from normlab.store.jobs import endings, leases, reports
from normlab.store.studies import members, studies
from support.databases import PostgresDatabases, SqliteDatabases
from support.serving import serving

ENVIRONMENT = {"normlab": "1", "tensorflow": "2", "device": "cpu", "device_name": "a processor"}


DAILY_ON_SQLITE_ALONE = {
    "test_comparison_files.py",
    "test_comparisons_over_http.py",
    "test_earlier_looks.py",
    "test_kept_answers.py",
    "test_mechanisms.py",
    "test_trials.py",
    "test_robustness.py",
}
"""What is answered there is made of rows that other files read from both databases; Postgres is left to the night."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is left to the night."""
    for item in items:
        parameters = (
            item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        )
        if item.path.name in DAILY_ON_SQLITE_ALONE and parameters.get("served") == "postgres":
            item.add_marker(pytest.mark.nightly)


def body(*architectures: str, **given: Any) -> dict[str, Any]:
    """A request to compare presets on ``digits``."""
    names = architectures or ("baseline", "baseline_with_batch_norm")
    training = {"epochs": 2, "batch_size": 64}
    arms = [
        {"name": name, "spec": {"architecture": name, "dataset": "digits", "training": training}}
        for name in names
    ]
    return {"arms": arms, "replicates": 3} | given


@dataclass
class Laboratory:
    """A store with comparisons in it."""

    database: Database
    artifacts: ArtifactStore
    folder: Path

    def create(self, request: dict[str, Any] | None = None, **given: Any) -> Comparison:
        """Store a comparison as the API does."""
        asked, specs = parse_comparison(request or body(**given))
        arms = [comparisons.Arm(arm.name, spec) for arm, spec in zip(asked.arms, specs, strict=True)]
        new = comparisons.NewComparison(
            arms=arms,
            question=asked.question.model_dump(mode="json"),
            base_seed=asked.base_seed,
            replicates=asked.replicates.start,
            max_replicates=asked.replicates.max,
            fresh=asked.fresh,
        )
        with self.database.write() as session:
            return comparisons.create(session, comparisons.prepare(new))

    def members(self, comparison: str | Comparison) -> Sequence[Any]:
        with self.database.read() as session:
            return members.of(session, ComparisonJob, getattr(comparison, "id", comparison))

    def get(self, comparison: str | Comparison) -> Comparison:
        with self.database.read() as session:
            return studies.get(session, Comparison, getattr(comparison, "id", comparison))

    def advance(self) -> list[str]:
        return advance(self.database, self.artifacts, max_attempts=3)

    def end_all(
        self, comparison: str | Comparison, accuracy: Callable[[str, int], float | None], **options: Any
    ) -> None:
        """End every queued job of a comparison: with the validation accuracy for its arm and seed, or, when that
        is None, in failure."""
        arms = {arm.position: arm.name for arm in self.get(comparison).arms}
        for member in self.members(comparison):
            if not member.job.state.final:
                self.end(member.job_id, accuracy(arms[member.arm], member.seed), **options)

    def end(
        self,
        job_id: str,
        accuracy: float | None,
        *,
        environment: Mapping[str, Any] = ENVIRONMENT,
        seconds: float = 0.5,
        **figures: float,
    ) -> None:
        with self.database.write() as session:
            job = leases.claim(session, job_id, worker="test", lease_seconds=600)
        assert job is not None
        if accuracy is None:
            with self.database.write() as session:
                assert endings.fail(session, job_id, job.attempt, FailureCode.NAN_LOSS, "the loss is NaN")
            return
        for epoch in (1, 2):
            self._report(job, epoch, accuracy - 0.1 * (2 - epoch), seconds)
        right = np.random.default_rng(job.spec["training"]["seed"]).random(360) < accuracy
        with self.database.write() as session:
            outcome = endings.Outcome(
                result={"epochs": 2, "test_accuracy": float(right.mean()), "test_loss": 0.6, **figures},
                timings={"starting_seconds": 0.5, "total_seconds": 5.5},
                environment=dict(environment),
                digests={"final_weights": f"sha256:{job_id}"},
                layers=[],
                artifacts=[self._store(job, right)],
            )
            assert endings.finish(session, job_id, job.attempt, outcome)

    def _report(self, job: Job, epoch: int, accuracy: float, seconds: float) -> None:
        metrics = EpochMetrics(
            epoch=epoch,
            learning_rate=0.001,
            loss=1 - accuracy,
            accuracy=accuracy,
            val_loss=1 - accuracy,
            val_accuracy=accuracy,
            val_balanced_accuracy=accuracy - 0.0625,
            val_macro_f1=accuracy - 0.125,
            train_seconds=seconds,
            evaluate_seconds=0.1,
            compile_seconds=1.0,
            elapsed_seconds=2.0 * epoch,
        )
        with self.database.write() as session:
            assert reports.report_epoch(session, job.id, job.attempt, metrics)

    def _store(self, job: Job, right: Any) -> Any:
        content = io.BytesIO()
        np.save(content, right)
        source = self.folder / "test_correct.npy"
        source.write_bytes(content.getvalue())
        return self.artifacts.put(
            job.id, job.attempt, ArtifactKind.TEST_CORRECT, source, "application/octet-stream"
        )


def clearly_better(arm: str, seed: int) -> float:
    """Batch normalization adds about 5 points, whatever the seed."""
    luck = 0.01 * np.sin(seed)
    return float(0.8 + luck + (0.05 + 0.001 * np.cos(seed) if "batch_norm" in arm else 0))


@pytest.fixture
def laboratory(database: Database, tmp_path: Path) -> Laboratory:
    """A store of the test's own, once in SQLite and once in Postgres."""
    return Laboratory(database, ArtifactStore(str(tmp_path / "artifacts")), tmp_path)


@dataclass
class ServedLaboratory(Laboratory):
    """The same with an API in front."""

    http: httpx.Client

    def submit(self, request: dict[str, Any]) -> str:
        response = self.http.post("/comparisons", json=request)
        assert response.status_code == 202, response.text
        found: str = response.json()["id"]
        return found

    def finished(
        self, accuracy: Callable[[str, int], float | None] = clearly_better, **given: Any
    ) -> dict[str, Any]:
        """A comparison whose jobs have ended, and which has been advanced until it ended, too."""
        comparison_id = self.submit(body(**({"fresh": True} | given)))
        for _ in range(30):
            self.end_all(comparison_id, accuracy)
            self.advance()
            document: dict[str, Any] = self.http.get(f"/comparisons/{comparison_id}").json()
            if document["state"] != "running":
                return document
        raise AssertionError(f"the comparison still runs: {document['progress']}")


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def served(
    request: pytest.FixtureRequest, redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedLaboratory]:
    """One API for all tests of a kind of database; no worker runs, so the tests end the jobs themselves."""
    folder = tmp_path_factory.mktemp("comparisons")
    databases: SqliteDatabases | PostgresDatabases = request.getfixturevalue(f"{request.param}_databases")
    with databases.fresh(folder) if isinstance(databases, SqliteDatabases) else databases.fresh() as database:
        settings = Settings(
            data_dir=folder,
            database_url=database.url.render_as_string(hide_password=False),
            broker_url=redis_server.broker_url,
            maintenance_seconds=3600,
        )
        with serving(settings) as http:
            yield ServedLaboratory(database, ArtifactStore(settings.resolved_artifacts_url), folder, http)
