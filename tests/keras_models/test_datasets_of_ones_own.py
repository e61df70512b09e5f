"""Keras models that are to learn a dataset of one's own: it decides the input, the scaling and the classes."""

import json
from typing import Any

import pytest

from normlab import from_keras
from normlab.client.specs import spec_document
from normlab.errors import KerasModelError, SpecError
from normlab.keras_models import convert
from support.uploaded import Shelf


def model(
    *, classes: int = 3, scale: float = 1 / 255, shape: tuple[int, ...] = (12, 10, 3)
) -> dict[str, Any]:
    def layer(kind: str, **config: Any) -> dict[str, Any]:
        return {"module": "keras.layers", "class_name": kind, "config": config}

    layers = [
        layer("InputLayer", batch_shape=[None, *shape], name="pictures"),
        layer("Rescaling", scale=scale, offset=0.0, name="scaling"),
        layer("Flatten", name="flat"),
        layer("Dense", units=classes, activation="softmax", name="parts"),
    ]
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}


def test_dataset_is_looked_up_and_its_version_written_down() -> None:
    spec = from_keras(model(), dataset="parts", datasets=Shelf())
    assert (spec.dataset.name, spec.dataset.version) == ("parts", 2)
    assert spec.dataset.info.class_count == 3


def test_body_says_what_was_asked_for() -> None:
    converted = convert(json.dumps(model()), {"dataset": {"name": "parts", "version": 1}}, Shelf())
    assert converted.body["dataset"] == {"name": "parts", "version": 1}
    assert spec_document(json.dumps(model()), {"dataset": "parts"}, Shelf())["dataset"] == "parts"


def test_what_does_not_fit_is_said_of_keras_layers() -> None:
    wrong = model(classes=10, scale=1 / 127.5, shape=(28, 28))
    with pytest.raises(KerasModelError) as caught:
        from_keras(wrong, dataset="parts", datasets=Shelf())
    reasons = {refused.name: refused.reason for refused in caught.value.refused}
    assert "parts version 2 3 classes" in reasons["parts"]
    assert "samples of parts version 2 have 12 x 10 x 3" in reasons["pictures"]
    assert "which of parts version 2 is Rescaling(1 / 255)" in reasons["scaling"]


@pytest.mark.parametrize("datasets", [None, Shelf()], ids=["no service", "service"])
def test_unknown_dataset_is_said_as_of_any_spec(datasets: Any) -> None:
    with pytest.raises(SpecError) as caught:
        from_keras(model(shape=(28, 28), classes=10), dataset="zebra", datasets=datasets)
    assert [problem.pointer for problem in caught.value.problems] == ["/dataset/name"]
