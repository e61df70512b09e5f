"""Specs that cannot learn are refused, those that hardly can are warned of; and Keras agrees about which they are."""

from typing import Any

import pytest

from normlab.errors import SpecError
from normlab.spec import DATASETS, PRESETS, learning_warnings, parse_job_spec

FLATTEN = {"type": "flatten"}
RELU = {"type": "activation", "activation": "relu"}
LINEAR = {"type": "activation", "activation": "linear"}
LAYER = {"type": "layer_normalization"}
BATCH = {"type": "batch_normalization"}
GLOBAL_POOL = {"type": "global_average_pooling2d"}
DIGITS = {"type": "reshape", "target_shape": [8, 8, 1]}


def dense(units: int) -> dict[str, Any]:
    return {"type": "dense", "units": units}


def group(groups: int) -> dict[str, Any]:
    return {"type": "group_normalization", "groups": groups}


def convolution(filters: int, size: int) -> dict[str, Any]:
    return {"type": "conv2d", "filters": filters, "kernel_size": size}


def body(*layers: dict[str, Any], batch_size: int = 32, samples: int = 1280) -> dict[str, Any]:
    return {
        "architecture": {"layers": list(layers)},
        "dataset": {"name": "digits", "training_samples": samples},
        "training": {"batch_size": batch_size},
    }


REFUSED = {
    "a group for each unit": (
        body(FLATTEN, dense(12), group(12)),
        "/architecture/layers/2",
        "groups could be 1, 2, 3, 4",
    ),
    "a group for each channel of 1 x 1 pictures": (
        body(DIGITS, convolution(6, 8), group(6), FLATTEN),
        "/architecture/layers/2",
        "groups could be 1, 2",
    ),
    "one group of one unit": (
        body(FLATTEN, dense(1), group(1)),
        "/architecture/layers/2",
        "leave the layer out",
    ),
    "two units can only be told apart": (
        body(FLATTEN, dense(2), group(2)),
        "/architecture/layers/2",
        "groups could be 1",
    ),
    "layers of one channel": (body(DIGITS, LAYER, FLATTEN), "/architecture/layers/1", '"groups": 1}'),
    "layers of one unit": (body(FLATTEN, dense(1), LAYER), "/architecture/layers/2", "leave the layer out"),
    "batches of one sample": (
        body(FLATTEN, dense(12), BATCH, batch_size=1),
        "/training/batch_size",
        "batch_normalization_1 would leave nothing",
    ),
    "batches of one 1 x 1 picture": (
        body(DIGITS, convolution(6, 8), BATCH, FLATTEN, batch_size=1),
        "/training/batch_size",
        "take batches of 8 or more",
    ),
    "one sample in all": (
        body(FLATTEN, dense(12), BATCH, samples=1),
        "/dataset/training_samples",
        "every batch has one sample",
    ),
    "parts of one sample": (
        body(FLATTEN, dense(12), BATCH | {"virtual_batch_size": 1}),
        "/architecture/layers/2/virtual_batch_size",
        "every part of a batch has one sample",
    ),
    "renormalization of one sample": (
        body(FLATTEN, dense(12), {"type": "batch_renormalization"}, batch_size=1),
        "/training/batch_size",
        "batch_renormalization_1 would leave nothing",
    ),
    "instances of rows": (
        body(FLATTEN, dense(12), {"type": "instance_normalization"}),
        "/architecture/layers/2",
        "take layer_normalization",
    ),
    "the mean of each instance": (
        body(DIGITS, {"type": "instance_normalization"}, GLOBAL_POOL),
        "/architecture/layers/2",
        "instance_normalization_1 has just made equal",
    ),
    "the root mean square of one channel": (
        body(DIGITS, {"type": "rms_normalization"}, FLATTEN),
        "/architecture/layers/1",
        "its sign alone would be left",
    ),
    "the length of one unit": (
        body(FLATTEN, dense(1), {"type": "unit_normalization"}),
        "/architecture/layers/2",
        "its sign alone would be left",
    ),
    "the response of one pixel": (
        body(DIGITS, convolution(6, 8), {"type": "filter_response_normalization"}, FLATTEN),
        "/architecture/layers/2",
        "put it where images are larger",
    ),
    "the mean of each normalized channel": (
        body(DIGITS, convolution(6, 3), group(6), GLOBAL_POOL),
        "/architecture/layers/3",
        "group_normalization_1 has just made equal",
    ),
    "the mean, of a pool as large as the picture": (
        body(
            DIGITS,
            convolution(6, 3),
            group(6),
            LINEAR,
            {"type": "average_pooling2d", "pool_size": 6},
            FLATTEN,
        ),
        "/architecture/layers/4",
        "put an activation between them",
    ),
    "the mean of each channel of batches of one": (
        body(DIGITS, convolution(6, 3), BATCH, GLOBAL_POOL, batch_size=1),
        "/architecture/layers/3",
        "batch_normalization_1 has just made equal",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_spec_that_cannot_learn_is_refused_with_what_would(name: str) -> None:
    spec, pointer, phrase = REFUSED[name]
    with pytest.raises(SpecError) as refused:
        parse_job_spec(spec)
    (problem,) = refused.value.problems
    assert problem.pointer == pointer
    assert phrase in problem.detail


@pytest.mark.parametrize(
    "spec",
    [
        body(DIGITS, convolution(6, 3), group(6), FLATTEN),  # each picture by itself
        body(DIGITS, convolution(6, 3), group(6), RELU, GLOBAL_POOL),
        body(DIGITS, convolution(6, 3), group(2), GLOBAL_POOL),
        body(DIGITS, convolution(6, 3), LAYER, GLOBAL_POOL),
        body(DIGITS, convolution(6, 3), BATCH, FLATTEN, batch_size=1),
        body(DIGITS, convolution(6, 3), BATCH, GLOBAL_POOL),
        body(BATCH, FLATTEN, batch_size=1),  # over the rows of a picture
        body(FLATTEN, dense(12), LAYER, batch_size=1),
    ],
)
def test_what_resembles_it_and_learns_is_taken_without_a_word(spec: dict[str, Any]) -> None:
    assert list(learning_warnings(parse_job_spec(spec))) == []


@pytest.mark.parametrize(
    ("spec", "pointer", "phrase"),
    [
        (
            body(FLATTEN, dense(12), group(6)),
            "/architecture/layers/2",
            "group_normalization_1 takes each mean",
        ),
        (body(FLATTEN, dense(2), LAYER), "/architecture/layers/2", "over two values"),
        (body(FLATTEN, dense(12), BATCH, batch_size=2), "/architecture/layers/2", "over two values"),
        (
            body(FLATTEN, dense(12), BATCH, samples=33),
            "/training/batch_size",
            "moving variance 1 % of the way to 0",
        ),
        (
            body(FLATTEN, dense(12), BATCH | {"virtual_batch_size": 8}, batch_size=33),
            "/architecture/layers/2/virtual_batch_size",
            "one sample of a batch of 33 is left over",
        ),
        (
            body(FLATTEN, BATCH, dense(12), {**BATCH, "momentum": 0.5}, samples=33),
            "/training/batch_size",
            "batch_normalization_2 leaves nothing",
        ),
    ],
)
def test_a_spec_that_hardly_learns_is_warned_of(spec: dict[str, Any], pointer: str, phrase: str) -> None:
    (warning,) = learning_warnings(parse_job_spec(spec))
    assert warning.pointer == pointer
    assert phrase in warning.detail


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_learns_on_every_dataset(preset: str, dataset: str) -> None:
    assert list(learning_warnings(parse_job_spec({"architecture": preset, "dataset": dataset}))) == []
