"""Training on uploaded data: the same bits as on the built-in arrays, any shape, any number of classes."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

from normlab.analysis import RunRecord, compare_runs, markdown_report
from normlab.spec import DatasetContent, DatasetName, JobSpec, parse_job_spec
from normlab.spec.export_formats import AT_ONCE, FORMATS, ArtifactKind
from normlab.training import TrainResult, data, train
from normlab.training.data import training_data
from normlab.training.datasets import load
from normlab.training.datasets.arrays import Arrays
from normlab.training.export.evaluation import export_evaluation
from support.trainings import CONVOLUTION_WITH_DROPOUT, fingerprint
from support.uploaded import Shelf, keep, striped

DENSE = [
    {"type": "flatten"},
    {"type": "batch_normalization"},
    {"type": "dense", "units": 16, "activation": "relu"},
]


def spec_on(
    content: DatasetContent, layers: Any, *, dataset: Any = None, probes: str = "off", **training: Any
) -> JobSpec:
    body = {
        "architecture": layers if isinstance(layers, str) else {"layers": layers},
        "dataset": {"name": "parts", **(dataset or {})},
        "training": {"epochs": 2, "seed": 3, "optimizer": "adam", **training},
        "probes": probes,
    }
    return parse_job_spec(body, datasets=Shelf(content))


def uploaded(name: DatasetName, data_dir: Path, **fields: Any) -> DatasetContent:
    """A built-in dataset as if somebody had brought it."""
    known = load(name, data_dir / "datasets")
    arrays = Arrays(known.x_train, known.y_train, known.x_test, known.y_test)
    content = keep(arrays, data_dir / "datasets", **fields)
    assert content.digest == known.digest
    return content


def bits(result: TrainResult) -> dict[str, Any]:
    found = fingerprint(result)
    return {**found, "digests": {**found["digests"], "spec": None}}


def same_bits(content: DatasetContent, built_in: str, layers: Any, data_dir: Path, **fields: Any) -> None:
    brought = spec_on(content, layers, **fields)
    known = parse_job_spec(
        {**brought.to_document(), "dataset": {"name": built_in, **(fields.get("dataset") or {})}}
    )
    assert bits(train(brought, data_dir=data_dir)) == bits(train(known, data_dir=data_dir))


@pytest.mark.parametrize(
    ("layers", "dataset"),
    [(DENSE, {"validation_split": "random"}), (CONVOLUTION_WITH_DROPOUT, {"training_samples": 300})],
    ids=["xla, random split", "graph"],
)
def test_same_bits_as_the_builtin(layers: Any, dataset: dict[str, Any], data_dir: Path) -> None:
    content = uploaded(DatasetName.DIGITS, data_dir, validation=137, pixel_max=16)
    same_bits(content, "digits", layers, data_dir, dataset=dataset)


@pytest.mark.nightly
@pytest.mark.parametrize("preset", ["baseline", "cnn"])
def test_same_bits_on_the_whole_of_fashion_mnist(preset: str, data_dir: Path) -> None:
    content = uploaded(DatasetName.FASHION_MNIST, data_dir, validation=5_000)
    same_bits(content, "fashion_mnist", preset, data_dir, epochs=1)


@pytest.mark.parametrize(
    ("dataset", "probes"),
    [
        ({}, "off"),
        ({"validation_split": "random"}, "off"),
        ({"validation_samples": 0}, "off"),
        # Probes take samples by number and by row.
        pytest.param({"validation_split": "random"}, "standard", marks=pytest.mark.nightly),
    ],
    ids=str,
)
def test_parts_are_the_same_whether_rows_are_mapped_or_copied(
    dataset: dict[str, Any], probes: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = striped()
    assert arrays.x_train[0].size % 64, "a sample is no multiple of what TensorFlow aligns"
    content = keep(arrays, data_dir / "datasets", validation=11)
    spec = spec_on(content, DENSE, dataset=dataset, probes=probes)
    mapped = training_data(spec, data_dir)
    assert mapped.training.rows is not None or not spec.dataset.held_out
    result = train(spec, data_dir=data_dir)
    data._cache.clear()
    monkeypatch.setattr(data, "_can_be_mapped", lambda _: False)
    copied = training_data(spec, data_dir)
    for part in ("training", "validation", "test"):
        ours, theirs = getattr(mapped, part), getattr(copied, part)
        assert ours.count == theirs.count
        everything = np.arange(ours.count, dtype=np.int32)
        np.testing.assert_array_equal(ours.taken(everything).x, theirs.taken(everything).x)
        np.testing.assert_array_equal(ours.labels, theirs.labels)
    if "validation_split" not in dataset:
        np.testing.assert_array_equal(copied.training.x.numpy(), arrays.x_train[spec.dataset.held_out :])
    assert bits(result) == bits(train(spec, data_dir=data_dir))
    data._cache.clear()


@pytest.mark.parametrize(
    ("shape", "classes", "preset"),
    [
        ((6, 6), 300, "baseline"),
        pytest.param((9, 7, 3), 3, "cnn", marks=pytest.mark.nightly),
        pytest.param((5, 4, 1), 2, "cnn", marks=pytest.mark.nightly),
        pytest.param((8, 8, 4), 3, "cnn", marks=pytest.mark.nightly),
    ],
    ids=str,
)
def test_any_shape_and_any_number_of_classes(
    shape: tuple[int, ...], classes: int, preset: str, data_dir: Path, tmp_path: Path
) -> None:
    arrays = striped(shape, classes=classes, training=max(120, 2 * classes), test=max(30, classes))
    assert arrays.y_train.dtype == (np.int32 if classes > 256 else np.uint8)
    content = keep(arrays, data_dir / "datasets", validation=13)
    result = train(spec_on(content, preset, epochs=1), data_dir=data_dir)
    assert result.weights[-1].shape == (classes,)
    written = export_evaluation(result, tmp_path, data_dir).path
    assert written is not None
    with np.load(written) as kept:
        np.testing.assert_array_equal(kept["test_labels"], arrays.y_test)
        mistakes = kept["test_mistakes"]
        np.testing.assert_array_equal(kept["test_mistake_pixels"], arrays.x_test[mistakes])


def test_cached_by_content_and_not_by_name(data_dir: Path) -> None:
    first = keep(striped(), data_dir / "datasets", validation=12)
    second = keep(striped(test=31), data_dir / "datasets", validation=12)
    counts = [training_data(spec_on(content, DENSE), data_dir).test.count for content in (first, second)]
    assert counts == [30, 31]


@pytest.mark.nightly
def test_arms_are_compared_and_the_report_names_the_data(data_dir: Path) -> None:
    content = keep(striped(training=660), data_dir / "datasets", validation=60)
    arms: dict[str, list[RunRecord]] = {}
    correct = {}
    for name, layers in {"plain": [DENSE[0], DENSE[2]], "normalized": DENSE}.items():
        for seed in (1, 2, 3):
            result = train(spec_on(content, layers, seed=seed, epochs=6), data_dir=data_dir)
            run = RunRecord(
                f"{name} {seed}",
                result.spec.to_document(),
                result.history,
                name,
                test_accuracy=result.test_accuracy,
            )
            arms.setdefault(name, []).append(run)
            correct[run.job] = result.test_correct
    assert all(run.test_accuracy > 0.9 for run in arms["normalized"]), "there is something to be learnt"
    comparison = compare_runs(arms, correct=correct)
    assert comparison.pairs[0].test_set is not None
    page = markdown_report(comparison, arms)
    assert f"parts version 1: 690 colour images, 9 x 7 pixels, of 3 classes, {content.digest}" in page


@pytest.mark.parametrize(
    "kinds", [AT_ONCE, pytest.param(FORMATS, marks=pytest.mark.nightly)], ids=["at once", "all formats"]
)
def test_every_format_answers_in_raw_pixels_by_its_classes(
    kinds: Any, data_dir: Path, tmp_path: Path
) -> None:
    content = keep(striped((9, 7, 3)), data_dir / "datasets", validation=12)
    result = train(spec_on(content, "cnn", epochs=1), data_dir=data_dir)
    files = {file.kind: file for file in result.export(tmp_path, kinds)}
    assert {kind: files[kind].error for kind in kinds} == dict.fromkeys(kinds), (
        "each file is checked against the network"
    )
    session = onnxruntime.InferenceSession(files[ArtifactKind.ONNX].path)
    pixels = striped((9, 7, 3)).x_test.astype(np.float32)
    (found,) = session.run(None, {session.get_inputs()[0].name: pixels})
    np.testing.assert_allclose(found, result.probabilities["test"], atol=1e-5)


@pytest.mark.nightly
@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "xla"])
def test_rows_beyond_four_thousand_million_values_are_the_right_ones(compiled: bool, tmp_path: Path) -> None:
    count, values = 200_000, 96 * 96 * 3
    # Sparse: next to nothing of it is on the disk.
    pixels = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint8, (count, 96, 96, 3))
    marked = np.array(
        [0, 2**31 // values, 2**31 // values + 1, 2**32 // values, 2**32 // values + 1, count - 1]
    )
    for number, place in enumerate(marked, 1):
        pixels[place] = number
    tensor = data._pixels(np.load(tmp_path / "x.npy", mmap_mode="c"))

    @tf.function(jit_compile=compiled)
    def largest_of(x: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
        # As a training step takes its batch.
        return tf.reduce_max(tf.gather(tf.reshape(x, (-1, values)), places), axis=1)

    found = largest_of(tensor, tf.constant(marked, tf.int32))
    np.testing.assert_array_equal(found, np.arange(1, len(marked) + 1))
