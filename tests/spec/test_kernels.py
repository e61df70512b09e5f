"""What is asked of a kernel: short and long forms, what is refused with a pointer, and digests that stay."""

from typing import Any

import pytest

from normlab.errors import SpecError
from normlab.spec import JobSpec, parse_job_spec
from normlab.spec.initializers import INITIALIZERS

IMAGE = {"type": "reshape", "target_shape": [14, 14, 4]}
FLATTEN = {"type": "flatten"}


def spec(*layers: dict[str, Any], **training: Any) -> JobSpec:
    return parse_job_spec({"architecture": {"layers": list(layers)}, "training": training})


def written(**options: Any) -> dict[str, Any]:
    """A dense layer with these options, as its specification is written out."""
    document = spec(FLATTEN, {"type": "dense", "units": 4, **options}).to_document()
    layer: dict[str, Any] = document["architecture"]["layers"][1]
    assert parse_job_spec(document).to_document() == document
    return layer


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("he_normal", "he_normal"),
        ({"name": "he_normal"}, "he_normal"),
        ({"name": "random_normal", "stddev": 0.05}, "random_normal"),
        ({"name": "random_normal", "stddev": 0.1}, {"name": "random_normal", "stddev": 0.1}),
        (
            {"name": "glorot_uniform", "input_axes": [0], "output_axes": [1]},
            {"name": "glorot_uniform", "input_axes": [0], "output_axes": [1]},
        ),
    ],
)
def test_an_initializer_is_written_as_short_as_it_can_be(given: object, expected: object) -> None:
    assert written(kernel_initializer=given)["kernel_initializer"] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"l2": 0.01}),
        ({"l2": 0.5}, {"l2": 0.5}),
        ({"l1": 0.5}, {"l1": 0.5}),
        ({"l1": 0.0, "l2": 0.5}, {"l2": 0.5}),
        ({"l1": 0.1, "l2": 0.5}, {"l1": 0.1, "l2": 0.5}),
        ({"orthogonal": 0.5}, {"orthogonal": 0.5}),
        ({"orthogonal": 0.5, "mode": "columns"}, {"orthogonal": 0.5, "mode": "columns"}),
    ],
)
def test_a_penalty_is_written_without_what_it_has_not(given: object, expected: object) -> None:
    assert written(kernel_regularizer=given)["kernel_regularizer"] == expected


def test_what_came_later_is_not_in_specs_without_it() -> None:
    layer = written()
    assert set(layer) == {
        "type",
        "use_bias",
        "activation",
        "kernel_initializer",
        "kernel_regularizer",
        "units",
    }
    convolution = {"type": "conv2d", "filters": 4, "kernel_size": 3}
    image = spec(IMAGE, convolution, {"type": "batch_normalization"}, FLATTEN).to_document()
    later = {"groups", "kernel_constraint", "kernel_normalization", "virtual_batch_size"}
    assert not any(later & set(layer) for layer in image["architecture"]["layers"])


def test_digests_of_specs_from_before_stay() -> None:
    """They are in databases, and equal specs are found by them."""
    for preset in ("baseline", "batch_norm"):
        assert parse_job_spec({"architecture": preset}).digest == DIGESTS[preset]
    convolution = {"type": "conv2d", "filters": 4, "kernel_size": 3, "kernel_initializer": "orthogonal"}
    layers = (convolution, {"type": "batch_normalization"}, {"type": "dropout", "rate": 0.2}, FLATTEN)
    assert (
        spec(IMAGE, *layers, {"type": "dense", "units": 4, "kernel_regularizer": {}}).digest
        == DIGESTS["layers"]
    )


DIGESTS = {
    "baseline": "sha256:7d16c53ad489ad7af553e0903d1f67b2b93ff26285aff5819e0e24fabb1d43e2",
    "batch_norm": "sha256:eab8b7a58578faf3628518b6e1f971be2ba3cb7531eb2175d03ea9b138c3ccbb",
    "layers": "sha256:f37b338b44f995f4f48df06e7f42f34019df727971630ceecfddcbaf22f4d800",
}

REFUSED = {
    "identity of a convolution": (
        {"type": "conv2d", "filters": 4, "kernel_size": 3, "kernel_initializer": "identity"},
        "",
        "identity is for kernels that are matrices",
    ),
    "an axis that is none": (
        {
            "type": "conv2d",
            "filters": 4,
            "kernel_size": 3,
            "kernel_constraint": {"name": "unit_norm", "axis": [0, 4]},
        },
        "",
        "an axis is 0 to 3, not 4",
    ),
    "axes of what is no kernel": (
        {
            "type": "conv2d",
            "filters": 4,
            "kernel_size": 3,
            "kernel_initializer": {"name": "he_normal", "input_axes": [0], "output_axes": [5]},
        },
        "",
        "axes are 0 to 3, not 5",
    ),
    "one unit is orthogonal to nothing": (
        {
            "type": "conv2d",
            "filters": 1,
            "kernel_size": 3,
            "kernel_regularizer": {"orthogonal": 0.1, "mode": "columns"},
        },
        "",
        'take "mode": "rows"',
    ),
    "two penalties": (
        {
            "type": "conv2d",
            "filters": 4,
            "kernel_size": 3,
            "kernel_regularizer": {"orthogonal": 0.1, "l2": 0.1},
        },
        "/kernel_regularizer",
        "orthogonal is a penalty of its own",
    ),
    "a range the wrong way round": (
        {
            "type": "conv2d",
            "filters": 4,
            "kernel_size": 3,
            "kernel_initializer": {"name": "random_uniform", "minval": 1.0, "maxval": 0.0},
        },
        "/kernel_initializer",
        "minval should be less than maxval",
    ),
    "groups of filters": (
        {"type": "conv2d", "filters": 5, "kernel_size": 3, "groups": 2},
        "",
        "5 filters cannot be divided among 2 groups",
    ),
    "groups of channels": (
        {"type": "conv2d", "filters": 6, "kernel_size": 3, "groups": 3},
        "",
        "4 channels cannot be divided into 3 groups",
    ),
    "uneven steps of single channels": (
        {"type": "depthwise_conv2d", "kernel_size": 3, "strides": [1, 2]},
        "",
        "equally far in both directions",
    ),
    "rows of pictures": ({"type": "conv1d", "filters": 4, "kernel_size": 3}, "", '"target_shape": [14, 56]'),
    "slopes along an axis that is none": ({"type": "prelu", "shared_axes": [1, 4]}, "", "there is no axis 4"),
    "too much attention": (
        {"type": "multi_head_attention", "num_heads": 100_001, "key_dim": 2},
        "/num_heads",
        "limit 'units'",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_with_a_pointer(name: str) -> None:
    layer, pointer, phrase = REFUSED[name]
    with pytest.raises(SpecError) as refused:
        spec(IMAGE, layer, FLATTEN)
    (problem,) = refused.value.problems
    assert problem.pointer == f"/architecture/layers/1{pointer}"
    assert phrase in problem.detail


def test_spectral_normalization_needs_full_precision() -> None:
    layer = {"type": "dense", "units": 4, "kernel_normalization": "spectral_normalization"}
    with pytest.raises(SpecError) as refused:
        spec(FLATTEN, layer, precision="mixed_bfloat16")
    (problem,) = refused.value.problems
    assert problem.pointer == "/architecture/layers/1/kernel_normalization"


@pytest.mark.parametrize("name", INITIALIZERS)
def test_each_initializer_stands_in_a_spec(name: str) -> None:
    assert written(kernel_initializer=name)["kernel_initializer"] == name
