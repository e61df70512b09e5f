"""Runs as the service records them, made without training."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from normlab.analysis import RunRecord
from normlab.spec import DatasetContent, parse_job_spec
from normlab.spec.epochs import EpochMetrics
from support.uploaded import NUMBERS, Shelf

MakeRun = Callable[..., RunRecord]


@pytest.fixture(scope="session")
def make_run() -> MakeRun:
    """Makes runs of a preset whose accuracies climb to ``best``; the same arguments give the same run."""

    def make(
        architecture: Any = "baseline",
        *,
        seed: int = 42,
        best: float = 0.85,
        epochs: int = 6,
        seconds: float = 0.7,
        noise: float = 0.002,
        job: str | None = None,
        name: str | None = None,
        **training: Any,
    ) -> RunRecord:
        spec = parse_job_spec({
            "architecture": architecture,
            "training": {"seed": seed, "epochs": epochs} | training,
        }).to_document()  # fmt: skip
        draws = np.random.default_rng([seed, len(str(architecture))]).normal(0, noise, epochs + 1)
        points = tuple(
            EpochMetrics(
                epoch=epoch,
                learning_rate=0.001,
                loss=1 / epoch,
                accuracy=best - 0.1 / epoch + float(draws[epoch]),
                val_loss=1 / epoch,
                val_accuracy=best - 0.1 / epoch + float(draws[epoch]),
                val_balanced_accuracy=best - 0.11 / epoch + float(draws[epoch]),
                val_macro_f1=best - 0.12 / epoch + float(draws[epoch]),
                train_seconds=seconds,
                evaluate_seconds=0.05,
                compile_seconds=3.0 if epoch == 1 else 0.0,
                elapsed_seconds=3.0 + (seconds + 0.05) * epoch,
            )
            for epoch in range(1, epochs + 1)
        )
        return RunRecord(
            job=job or f"job_{architecture if isinstance(architecture, str) else 'own'}_{seed}",
            name=name,
            spec=spec,
            epochs=points,
            test_accuracy=best - 0.02 + float(draws[0]),
            test_balanced_accuracy=best - 0.03 + float(draws[0]),
            test_macro_f1=best - 0.04 + float(draws[0]),
            timings={"total_seconds": 3.0 + epochs * (seconds + 0.05), "compiling_seconds": 3.0},
        )

    return make


@pytest.fixture(scope="session")
def make_run_of_numbers() -> MakeRun:
    """Makes runs whose target is a number, and whose R² climbs to ``best``."""
    shelf = Shelf(DatasetContent.model_validate(NUMBERS))

    def make(architecture: str = "baseline", *, seed: int = 42, best: float = 0.6) -> RunRecord:
        body = {"architecture": architecture, "dataset": "parts", "training": {"seed": seed, "epochs": 4}}
        draws = np.random.default_rng([seed, len(architecture)]).normal(0, 0.002, 5)

        def figures(epoch: int, prefix: str) -> dict[str, float]:
            """Of targets whose variance is 4000."""
            r2 = best - 0.1 / (epoch or 4) + float(draws[epoch])
            mse = 4000 * (1 - r2)
            found = {"r2": r2, "mse": mse, "rmse": mse**0.5, "mae": 0.8 * mse**0.5}
            return {f"{prefix}{figure}": value for figure, value in found.items()}

        points = tuple(
            EpochMetrics(
                epoch=epoch,
                learning_rate=0.001,
                loss=1 / epoch,
                val_loss=1 / epoch,
                train_seconds=0.7,
                evaluate_seconds=0.05,
                compile_seconds=0.0,
                elapsed_seconds=0.75 * epoch,
                **figures(epoch, ""),
                **figures(epoch, "val_"),
            )
            for epoch in range(1, 5)
        )
        return RunRecord(
            job=f"job_{architecture}_{seed}",
            spec=parse_job_spec(body, datasets=shelf).to_document(),
            epochs=points,
            timings={"total_seconds": 3.0},
            **figures(0, "test_"),
        )

    return make
