"""Keras models beside tables: what they get, and what only a job's own file has."""

from pathlib import Path
from typing import Any

import pytest

from normlab import from_keras
from normlab.errors import KerasModelError
from normlab.keras_models import KerasRemark, to_keras
from normlab.spec import DatasetContent, parse_job_spec
from support.tables import mixed_table
from support.uploaded import Shelf


@pytest.fixture
def content(tmp_path: Path) -> DatasetContent:
    return mixed_table(tmp_path)


def model(width: int, *first: str) -> dict[str, Any]:
    def layer(kind: str, **config: Any) -> dict[str, Any]:
        return {"module": "keras.layers", "class_name": kind, "config": config}

    layers = [
        layer("InputLayer", batch_shape=[None, width], name="rows"),
        *(layer(kind, name=kind.lower(), axis=[-1]) for kind in first),
        layer("Dense", units=8, activation="relu", name="hidden"),
        layer("Dense", units=3, activation="softmax", name="classes"),
    ]
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}


@pytest.mark.parametrize("first", [(), ("Normalization",)], ids=["plain", "with a Normalization"])
def test_model_stands_behind_the_preparation(first: tuple[str, ...], content: DatasetContent) -> None:
    with pytest.warns(KerasRemark, match="standardizes its numbers") as told:
        spec = from_keras(model(19, *first), dataset="parts", datasets=Shelf(content))
    assert ("in place of the model's Normalization" in str(told[0].message)) == bool(first)
    assert [layer.type for layer in spec.architecture.layers] == ["dense"]


def test_model_of_another_width_is_refused(content: DatasetContent) -> None:
    with pytest.raises(KerasModelError, match="prepared rows of parts version 1 have 19"):
        from_keras(model(5), dataset="parts", datasets=Shelf(content))


def test_a_spec_has_no_figures_of_rows(content: DatasetContent) -> None:
    spec = parse_job_spec({"architecture": "baseline", "dataset": "parts"}, datasets=Shelf(content))
    with pytest.raises(KerasModelError, match=r"the \.keras file of a job has the whole network"):
        to_keras(spec)
