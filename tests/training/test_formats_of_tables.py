"""A network on a table in every format: missing values and unknown categories are prepared as in training."""

import json
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from normlab.spec import parse_job_spec, plan_job
from normlab.spec.columns import Column
from normlab.spec.export_formats import FORMATS, ArtifactKind
from normlab.training.export import keras as keras_format
from normlab.training.export.check import _random_rows, check
from normlab.training.export.export import ExportedFile, export_all
from normlab.training.export.serving_function import TrainedNetwork
from normlab.training.layers.network import build_serving_network
from support.formats import LOADERS
from support.tables import MIXED, keep_table, mixed
from support.uploaded import Shelf

NUMBERS_ALONE = (Column(name="a"), Column(name="b"))
TOWN_ALONE = (MIXED[3],)


def trained_network(columns: tuple[Column, ...], folder: Path) -> TrainedNetwork:
    """A network with weights as training may leave them, on columns of ``MIXED``."""
    draws = np.random.default_rng(0)
    places = [0, 2] if columns is NUMBERS_ALONE else [MIXED.index(column) for column in columns]
    x, y = mixed(60)
    content = keep_table(folder / "datasets", columns, (x[:, places], y), (x[:, places], y))
    spec = parse_job_spec(
        {
            "architecture": {"layers": [{"type": "dense", "units": 8, "activation": "tanh"}]},
            "dataset": "parts",
        },
        datasets=Shelf(content),
    )
    planned = plan_job(spec)
    network = build_serving_network(planned, 1)
    for weight in network.weights:
        weight.assign(draws.normal(0, 0.5, weight.shape))
    if (layer := network.get_layer("preparation")).table.numbers:
        layer.mean.assign([170, 70])
        layer.deviation.assign([1e-9, 8] if columns is NUMBERS_ALONE else [10, 8])
    return TrainedNetwork(planned, network, 1)


@pytest.mark.parametrize("columns", [MIXED, NUMBERS_ALONE, TOWN_ALONE], ids=["mixed", "numbers", "town"])
def test_every_format_prepares_rows(columns: tuple[Column, ...], tmp_path: Path) -> None:
    trained = trained_network(columns, tmp_path)
    rows = _random_rows(trained)
    assert np.isnan(rows).any()
    expected = np.asarray(trained.network(rows))
    assert np.ptp(expected, axis=0).min() > 0.05, "the rows are told apart"
    files = export_all(trained, [], np.zeros(0, bool), tmp_path / "files", FORMATS)
    assert all(isinstance(file, ExportedFile) and file.error is None for file in files), files
    for kind in FORMATS:
        run = LOADERS[kind](tmp_path / "files" / kind.file_name)
        for batch in (1, len(rows)):
            np.testing.assert_allclose(run(rows[:batch]), expected[:batch], atol=2e-6, err_msg=kind)
    with ZipFile(tmp_path / "files" / ArtifactKind.KERAS.file_name) as archive:
        assert "normlab" not in json.dumps(json.loads(archive.read("config.json"))).lower()
    # Later formats are made of that file, and tried with the same rows.
    again = TrainedNetwork(trained.planned, keras_format.read(tmp_path / "files" / "model.keras"), 1)
    np.testing.assert_array_equal(_random_rows(again), rows)
    np.testing.assert_allclose(np.asarray(again.serving.function(rows)["probabilities"]), expected, atol=1e-6)


def test_check_sees_a_table_that_is_prepared_otherwise(tmp_path: Path) -> None:
    trained = trained_network(MIXED, tmp_path)
    as_it_is = trained.network

    def missing_is_zero(rows: np.ndarray) -> np.ndarray:
        return np.asarray(as_it_is(np.nan_to_num(rows)))

    with pytest.raises(ValueError, match="in a test its probabilities are wrong"):
        check(missing_is_zero, trained, runtime="a test")
