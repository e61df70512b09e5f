"""Training on tables whose target is a number: against Keras's own, in the target's unit, in every part of a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest

from normlab.spec import DatasetContent, JobSpec, parse_job_spec, plan_job
from normlab.spec.columns import Task
from normlab.spec.export_formats import AT_ONCE, FORMATS, ArtifactKind
from normlab.spec.losses import losses_of
from normlab.spec.runs import Concern
from normlab.training import TrainResult, train
from normlab.training.data import Samples, training_data
from normlab.training.evaluations import NumberEvaluation
from normlab.training.export.evaluation import export_evaluation
from normlab.training.layers.network import build_network, initial_weights
from normlab.training.targets import TargetScale
from support.tables import diabetes
from support.trainings import stopped_at
from support.uploaded import Shelf

LAYERS = [{"type": "dense", "units": 8, "activation": "tanh", "kernel_regularizer": {"l2": 0.01}}]
KERAS_LOSSES: dict[str, Callable[[], keras.losses.Loss]] = {
    "mean_squared_error": keras.losses.MeanSquaredError,
    "mean_absolute_error": keras.losses.MeanAbsoluteError,
    "huber": lambda: keras.losses.Huber(delta=0.7),
}


@pytest.fixture(scope="module")
def content(data_dir: Path) -> DatasetContent:
    return diabetes(data_dir / "datasets")


def spec_on(
    content: DatasetContent,
    layers: Any = LAYERS,
    *,
    probes: Any = "off",
    dataset: Any = None,
    **training: Any,
) -> JobSpec:
    body = {
        "architecture": layers if isinstance(layers, str) else {"layers": layers},
        "dataset": {"name": "parts", **(dataset or {})},
        "training": {"epochs": 3, "seed": 3, **training},
        "probes": probes,
    }
    return parse_job_spec(body, datasets=Shelf(content))


def rows_of(samples: Samples) -> Any:
    return samples.taken(np.arange(samples.count, dtype=np.int32)).x.numpy().astype(np.float64)


def evaluated(result: TrainResult) -> NumberEvaluation:
    assert isinstance(result.test, NumberEvaluation)
    return result.test


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "loss",
    [name if name == "huber" else pytest.param(name, marks=pytest.mark.nightly) for name in KERAS_LOSSES],
)
def test_the_same_as_keras_fit_and_scikit_learns_figures(
    loss: str, content: DatasetContent, data_dir: Path
) -> None:
    from sklearn import metrics  # noqa: PLC0415  (slow to import)

    written = {"name": "huber", "delta": 0.7} if loss == "huber" else loss
    spec = spec_on(content, loss=written, shuffle=False, optimizer={"name": "sgd", "learning_rate": 0.1})
    result = train(spec, data_dir=data_dir)
    data = training_data(spec, data_dir)
    scale = data.training.scale
    assert scale is not None
    planned = plan_job(spec)
    weights = initial_weights(build_network(planned, "float64"), planned, spec.training.seed)
    model = keras.Sequential([
        keras.Input((10,)),
        keras.layers.Dense(8, activation="tanh", kernel_regularizer=keras.regularizers.L2(0.01)),
        keras.layers.Dense(1),
    ])  # fmt: skip
    model.set_weights([value for value in weights if value.shape != (10,)])
    x = rows_of(data.training)
    mean, deviation = x.mean(axis=0).astype(np.float32), x.std(axis=0).astype(np.float32)

    def prepared(samples: Samples) -> tuple[Any, Any]:
        return (rows_of(samples) - mean) / deviation, scale.standardized(samples.targets)

    (train_x, train_y), (val_x, val_y), (test_x, _) = map(
        prepared, (data.training, data.validation, data.test)
    )
    model.compile(
        keras.optimizers.SGD(0.1), loss=KERAS_LOSSES[loss](), metrics=["mse", "mae"], run_eagerly=True
    )
    options = {"batch_size": 32, "epochs": 3, "shuffle": False, "verbose": 0}
    fitted = model.fit(
        train_x, train_y, validation_data=(val_x, val_y), validation_batch_size=1000, **options
    )
    for ours, theirs, power in (
        ("loss", "loss", 0),
        ("val_loss", "val_loss", 0),
        ("mse", "mse", 2),
        ("val_mse", "val_mse", 2),
        ("mae", "mae", 1),
        ("val_mae", "val_mae", 1),
    ):
        found = [getattr(record, ours) / scale.deviation**power for record in result.history]
        np.testing.assert_allclose(found, fitted.history[theirs], rtol=1e-7, err_msg=ours)
    test = evaluated(result)
    expected = scale.raw(model.predict(test_x, verbose=0)[:, 0])
    np.testing.assert_allclose(test.predictions, expected, rtol=1e-9)
    assert test.figures.r2 == pytest.approx(metrics.r2_score(test.targets, expected), rel=1e-9)
    last = result.history[-1]
    val_said = scale.raw(model.predict(val_x, verbose=0)[:, 0])
    assert last.val_r2 == pytest.approx(metrics.r2_score(data.validation.targets, val_said), rel=1e-9)
    assert last.rmse == pytest.approx(np.sqrt(last.mse or 0))
    assert (last.accuracy, last.cross_entropy, last.val_accuracy) == (None, None, None)


def test_no_loss_is_missing() -> None:
    assert set(KERAS_LOSSES) == set(losses_of(Task.REGRESSION))


def test_targets_are_standardized_by_the_jobs_own_training_rows(
    content: DatasetContent, data_dir: Path
) -> None:
    first = training_data(spec_on(content), data_dir)
    assert first.training.scale is not None
    assert first.training.scale.mean == pytest.approx(first.training.targets.mean(), rel=1e-6)
    assert first.training.scale.variance == pytest.approx(first.training.targets.var(), rel=1e-6)
    assert first.training.labels.mean() == pytest.approx(0, abs=1e-6)
    assert first.training.labels.std() == pytest.approx(1, abs=1e-6)
    drawn = [
        training_data(spec_on(content, seed=seed, dataset={"validation_split": "random"}), data_dir)
        for seed in (3, 4)
    ]
    assert len({data.training.scale for data in (first, *drawn)}) == 3
    assert {data.test.scale for data in drawn} == {data.training.scale for data in drawn}
    np.testing.assert_allclose(drawn[0].test.targets, drawn[1].test.targets, rtol=1e-6)


def test_another_unit_of_the_target_changes_nothing_but_its_figures(
    content: DatasetContent, data_dir: Path
) -> None:
    far = diabetes(data_dir / "datasets", target=lambda y: 1000 * y + 5e5)
    plain, scaled = (train(spec_on(each, optimizer="adam"), data_dir=data_dir) for each in (content, far))
    assert scaled.test_loss == pytest.approx(plain.test_loss, rel=1e-3)
    ours, theirs = evaluated(scaled).figures, evaluated(plain).figures
    assert ours.rmse == pytest.approx(1000 * theirs.rmse, rel=1e-3)
    assert ours.r2 == pytest.approx(theirs.r2, rel=1e-2)


@pytest.mark.parametrize(
    "kinds", [AT_ONCE, pytest.param(FORMATS, marks=pytest.mark.nightly)], ids=["at once", "all formats"]
)
def test_every_format_answers_in_the_targets_unit(
    kinds: Any, content: DatasetContent, data_dir: Path, tmp_path: Path
) -> None:
    result = train(spec_on(content, "baseline", optimizer="adam"), data_dir=data_dir)
    files = {file.kind: file for file in result.export(tmp_path, kinds)}
    assert {kind: files[kind].error for kind in kinds} == dict.fromkeys(kinds)
    assert ArtifactKind.TEST_CORRECT not in files
    session = onnxruntime.InferenceSession(files[ArtifactKind.ONNX].path)
    assert [output.name for output in session.get_outputs()] == ["predictions"]
    rows = training_data(result.spec, data_dir).test.x.numpy()
    (found,) = session.run(None, {session.get_inputs()[0].name: rows})
    np.testing.assert_allclose(found[:, 0], evaluated(result).predictions, rtol=1e-4)
    assert 100 < found.mean() < 200
    loaded = keras.models.load_model(files[ArtifactKind.KERAS].path)
    np.testing.assert_allclose(loaded.predict(rows, verbose=0), found, rtol=1e-4)
    written = export_evaluation(result, tmp_path, data_dir).path
    assert written is not None
    with np.load(written) as kept:
        errors = np.abs(kept["test_targets"] - kept["test_predictions"])
        assert kept["test_worst"][0] == errors.argmax()
        np.testing.assert_array_equal(kept["test_worst_rows"], rows[kept["test_worst"]])
        assert len(kept["validation_targets"]) == 60


def test_going_on_from_a_checkpoint_has_the_same_bits(content: DatasetContent, data_dir: Path) -> None:
    spec = spec_on(
        content, probes="standard", early_stopping={"monitor": "val_r2", "restore_best_weights": True}
    )
    whole = train(spec, data_dir=data_dir)
    resumed = train(spec, data_dir=data_dir, resume_from=stopped_at(spec, data_dir, 4))
    for ours, theirs in zip(whole.weights, resumed.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    figures = ("loss", "mse", "mae", "r2", "val_mse", "val_r2")
    for record, other in zip(whole.history, resumed.history, strict=True):
        assert [getattr(record, name) for name in figures] == [getattr(other, name) for name in figures]
    assert whole.best_epoch == 1 + int(np.argmin([record.val_mse for record in whole.history]))


def test_probes_measure_and_leave_accuracy_out(content: DatasetContent, data_dir: Path) -> None:
    layers = [
        {"type": "dense", "units": 8},
        {"type": "batch_normalization"},
        {"type": "activation", "activation": "relu"},
    ]
    spec = spec_on(content, [*layers, *layers], probes="off", epochs=2)
    names = ["gradient", "three_statistics", "update", "gradient_shift", "predictiveness", "sharpness"]
    result = train(spec, data_dir=data_dir, probes=names)
    seen = {(item.probe, item.statistic) for item in result.measurements}
    assert {("gradient", "loss"), ("three_statistics", "loss_moving")} <= seen
    assert not {statistic for _, statistic in seen if statistic.startswith("accuracy")}
    assert result.population is not None
    assert result.population.test_accuracy is None
    assert result.population.test_r2 is not None


def test_what_learns_nothing_says_so_beside_the_mean(content: DatasetContent, data_dir: Path) -> None:
    nothing = train(spec_on(content, optimizer={"name": "sgd", "learning_rate": 1e-12}), data_dir=data_dir)
    test = nothing.beside_mean["test"]
    assert test.is_a_guess
    (remark, *_) = nothing.remarks
    assert remark.concern is Concern.NOTHING_LEARNED
    assert f"{test.mean_mse:.4g} of always answering {test.mean:.4g}" in remark.detail
    assert nothing.majority == {}
    learned = train(spec_on(content, optimizer="adam", epochs=20), data_dir=data_dir)
    assert learned.beside_mean["test"].p_value < 1e-6
    assert Concern.NOTHING_LEARNED not in {remark.concern for remark in learned.remarks}
    assert (evaluated(learned).figures.r2 or 0) > 0.3
    with pytest.raises(TypeError, match="predicts numbers"):
        learned.test_accuracy  # noqa: B018


def test_a_constant_target_trains_and_has_no_r2(data_dir: Path) -> None:
    constant = diabetes(data_dir / "datasets", target=lambda y: 0 * y + 0.1)
    result = train(spec_on(constant, epochs=1), data_dir=data_dir)
    assert result.scale == TargetScale(pytest.approx(0.1), 0.0)  # type: ignore[arg-type]  # compares as a number
    assert (result.history[-1].r2, evaluated(result).figures.r2) == (None, None)
