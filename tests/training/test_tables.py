"""Training on tables: what prepares their rows, of which rows its statistics are, and that nothing else changes."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from normlab.analysis.datasets import description_of
from normlab.errors import SpecError
from normlab.spec import DatasetContent, JobSpec, estimate, parse_job_spec
from normlab.spec.columns import Column, ColumnForm, ColumnKind
from normlab.training import train
from normlab.training.data import training_data
from normlab.training.layers.preparation import TablePreparation
from normlab.training.preparation import table_statistics
from support.tables import COLOURS, MIXED, NUMBERS, TOWNS, mixed, mixed_table, table_of_numbers
from support.trainings import fingerprint, stopped_at
from support.uploaded import Shelf

DENSE = [{"type": "dense", "units": 8, "activation": "relu"}]


@pytest.fixture(scope="module")
def tables(data_dir: Path) -> dict[str, DatasetContent]:
    return {
        "numbers": table_of_numbers(data_dir / "datasets"),
        "mixed": mixed_table(data_dir / "datasets"),
    }


def spec_on(
    content: DatasetContent, layers: Any = DENSE, *, probes: str = "off", dataset: Any = None, **training: Any
) -> JobSpec:
    body = {
        "architecture": layers if isinstance(layers, str) else {"layers": layers},
        "dataset": {"name": "parts", **(dataset or {})},
        "training": {"epochs": 3, "seed": 3, "optimizer": "adam", **training},
        "probes": probes,
    }
    return parse_job_spec(body, datasets=Shelf(content))


def prepared_by_hand(
    rows: npt.NDArray[Any], columns: tuple[Column, ...], mean: Any, deviation: Any, embeddings: dict[int, Any]
) -> npt.NDArray[np.float64]:
    """A row at a time, as docs/networks.md says it."""
    made = []
    for row in rows:
        numbers, indicators, categories, number = [], [], [], 0
        for index, (column, value) in enumerate(zip(columns, row, strict=True)):
            if column.categories is None:
                numbers.append(0.0 if np.isnan(value) else (float(value) - mean[number]) / deviation[number])
                number += 1
                indicators += [float(np.isnan(value))] * column.missing
                continue
            known = not np.isnan(value) and value >= 0
            values = [float(known and place == value) for place in range(len(column.categories))]
            values += [float(not known)] * column.missing
            categories += list(values @ embeddings[index]) if index in embeddings else values
        made.append([*numbers, *indicators, *categories])
    return np.array(made)


@pytest.mark.usefixtures("float64")
def test_rows_are_prepared_as_written_by_hand() -> None:
    layer = TablePreparation(columns=[column.form for column in MIXED])
    layer.build((None, len(MIXED)))
    draws = np.random.default_rng(1)
    mean, deviation, table = [170.0, 70.0], [10.0, 8.0], draws.normal(size=(len(TOWNS) + 1, 9))
    layer.set_weights([table, np.array(mean), np.array(deviation)])
    rows = mixed(50)[0].astype(np.float64)
    rows[0], rows[1] = np.nan, [150, -1, 60, -1, -1]
    expected = prepared_by_hand(rows, MIXED, mean, deviation, {3: table})
    np.testing.assert_allclose(np.asarray(layer(rows)), expected, rtol=1e-12, atol=1e-12)
    assert not expected[0, 3:6].any(), "a colour that is missing, where none was in training, adds nothing"
    assert (expected[1, 6:15] == table[-1]).all(), "an unknown town is what a missing one is"


@pytest.mark.usefixtures("float64")
def test_numbers_and_categories_are_as_keras_prepares_them() -> None:
    draws = np.random.default_rng(2)
    numbers, colours = draws.normal(30, 7, (40, 1)), draws.integers(0, 3, 40)
    normalization = keras.layers.Normalization(axis=-1)
    normalization.adapt(numbers)
    lookup = keras.layers.StringLookup(vocabulary=list(COLOURS), output_mode="one_hot", num_oov_indices=0)
    theirs = np.concatenate(
        [np.asarray(normalization(numbers)), np.asarray(lookup(np.array(COLOURS)[colours]))], axis=1
    )
    layer = TablePreparation(columns=[ColumnForm(None, missing=False), ColumnForm(3, missing=False)])
    layer.build((None, 2))
    layer.set_weights([numbers.mean(axis=0), numbers.std(axis=0)])
    ours = np.asarray(layer(np.concatenate([numbers, colours[:, None]], axis=1)))
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)  # Keras holds mean and variance in float32


@pytest.mark.parametrize("split", ["first", "random"])
def test_statistics_are_of_the_rows_that_are_trained_on(
    split: str, tables: dict[str, DatasetContent], data_dir: Path
) -> None:
    spec = spec_on(tables["mixed"], dataset={"validation_split": split, "training_samples": 100})
    training = training_data(spec, data_dir).training
    statistics = table_statistics(MIXED, training)
    assert statistics is not None
    rows = training.taken(np.arange(100, dtype=np.int32)).x.numpy().astype(np.float64)[:, [0, 2]]
    np.testing.assert_array_equal(statistics.mean, np.nanmean(rows, axis=0).astype(np.float32))
    np.testing.assert_array_equal(statistics.deviation, np.nanstd(rows, axis=0).astype(np.float32))
    everything = table_statistics(MIXED, training_data(spec_on(tables["mixed"]), data_dir).training)
    assert everything is not None
    assert (everything.mean != statistics.mean).all()


def test_column_of_one_value_is_divided_by_one(tables: dict[str, DatasetContent], data_dir: Path) -> None:
    training = training_data(spec_on(tables["numbers"]), data_dir).training
    statistics = table_statistics(NUMBERS, training)
    assert statistics is not None
    assert statistics.deviation[3] == 1
    assert statistics.deviation[1] == pytest.approx(1e-9, rel=0.5), (
        "small numbers are standardized all the same"
    )


@pytest.mark.parametrize("kind", [pytest.param("numbers", marks=pytest.mark.nightly), "mixed"])
def test_rerun_and_stopped_run_and_probes_have_the_same_bits(
    kind: str, tables: dict[str, DatasetContent], data_dir: Path
) -> None:
    layers = [
        {"type": "dense", "units": 8},
        {"type": "batch_normalization"},
        {"type": "dropout", "rate": 0.2},
    ]
    spec = spec_on(tables[kind], layers, dataset={"validation_split": "random"})
    whole = train(spec, data_dir=data_dir)
    probed = train(spec, data_dir=data_dir, probes="standard")
    assert fingerprint(probed) == fingerprint(whole)
    assert {measured.layer for measured in probed.measurements} >= {"dense_1", "output"}
    assert all(np.isfinite(measured.value) for measured in probed.measurements if measured.value is not None)
    other = train(
        spec_on(tables[kind], layers, seed=4), data_dir=data_dir
    )  # leaves its statistics in the program
    assert other.weights[0].tobytes() != whole.weights[0].tobytes()
    stopped = stopped_at(spec, data_dir, 2)
    assert stopped is not None
    resumed = train(spec, data_dir=data_dir, resume_from=stopped)
    assert fingerprint(resumed) == fingerprint(whole)


@pytest.mark.parametrize(
    "training",
    [
        pytest.param({"precision": "mixed_bfloat16"}, marks=pytest.mark.nightly),
        {"optimizer": {"name": "adam", "ema_momentum": 0.9}},
    ],
    ids=str,
)
def test_statistics_stay_as_they_are_in_every_training(
    training: dict[str, Any], tables: dict[str, DatasetContent], data_dir: Path
) -> None:
    spec = spec_on(tables["numbers"], **training)
    result = train(spec, data_dir=data_dir)
    statistics = table_statistics(NUMBERS, training_data(spec, data_dir).training)
    assert statistics is not None
    mean, deviation = (result.network.get_layer("preparation").get_weights())[-2:]
    np.testing.assert_array_equal(mean, statistics.mean)
    np.testing.assert_array_equal(deviation, statistics.deviation)
    assert result.test_accuracy > 0.5


def test_estimate_has_the_preparation(tables: dict[str, DatasetContent]) -> None:
    spec = spec_on(tables["mixed"])
    first = estimate(spec).layers[0]
    assert (first.name, first.inputs, first.output_shape) == ("preparation", ("input",), (19,))
    assert (first.parameters, first.trainable_parameters) == (4 + 21 * 9, 21 * 9)
    assert estimate(spec).layers[1].inputs == ("preparation",)


def test_digest_has_how_columns_are_prepared_and_not_their_names(tables: dict[str, DatasetContent]) -> None:
    content = tables["mixed"]
    spec = spec_on(content)
    columns = content.columns or ()
    renamed = (columns[0].model_copy(update={"name": "length"}), *columns[1:])
    assert spec_on(content.model_copy(update={"columns": renamed})).digest == spec.digest
    otherwise = (Column(name="height", missing=True), *columns[1:])
    assert spec_on(content.model_copy(update={"columns": otherwise})).digest != spec.digest
    as_numbers = (*columns[:4], Column(name="size"))
    assert spec_on(content.model_copy(update={"columns": as_numbers})).digest != spec.digest
    assert parse_job_spec(spec.to_document()) == spec


def test_column_of_many_categories_is_embedded() -> None:
    def width(count: int) -> int:
        names = tuple(f"c{number}" for number in range(count))
        column = Column(name="a", kind=ColumnKind.CATEGORY, categories=names)
        return int(TablePreparation(columns=[column.form])(keras.Input((1,))).shape[-1])

    assert [width(count) for count in (2, 16, 17, 100, 1000)] == [2, 16, 8, 21, 50]


@pytest.mark.nightly
@pytest.mark.parametrize("preset", ["baseline", "batch_norm"])
def test_presets_of_dense_layers_learn_a_table(
    preset: str, tables: dict[str, DatasetContent], data_dir: Path
) -> None:
    result = train(spec_on(tables["numbers"], preset, epochs=6), data_dir=data_dir)
    assert result.test_accuracy > 0.6


@pytest.mark.parametrize(
    ("fields", "pointer", "sentence"),
    [
        (
            {"architecture": "cnn"},
            "/architecture",
            "cnn is a preset of pictures, and parts version 1 is a table",
        ),
        (
            {"architecture": {"preset": "resnet20", "normalization": "group"}},
            "/architecture",
            "take baseline",
        ),
        (
            {"architecture": {"layers": [{"type": "conv2d", "filters": 3, "kernel_size": 3}]}},
            "/architecture/layers/0",
            "dense layers suit its rows",
        ),
        (
            {"training": {"augmentation": ["flip"]}},
            "/training/augmentation/0",
            "samples of parts version 1 are none",
        ),
    ],
    ids=str,
)
def test_what_is_for_pictures_is_refused(
    fields: dict[str, Any], pointer: str, sentence: str, tables: dict[str, DatasetContent]
) -> None:
    body = {"architecture": "baseline", "dataset": "parts", **fields}
    with pytest.raises(SpecError) as caught:
        parse_job_spec(body, datasets=Shelf(tables["mixed"]))
    (problem,) = caught.value.problems
    assert problem.pointer == pointer
    assert sentence in problem.detail


def test_table_in_words(tables: dict[str, DatasetContent]) -> None:
    said = description_of(spec_on(tables["mixed"]).to_document())
    assert "300 rows of 2 numbers and 3 categories of 3 classes" in said
