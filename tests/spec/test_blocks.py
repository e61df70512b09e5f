"""Blocks: how they are planned, what is refused where, and that nothing grows before it is counted."""

import json
import re
from typing import Any

import pytest

from normlab.errors import SpecError
from normlab.spec import Limits, PlannedLayer, estimate, learning_warnings, parse_job_spec, plan_job
from normlab.spec.blocks import MAX_BRANCHES, MAX_DEPTH, planned_count, written_layers
from normlab.spec.graph import flow, kernel_depths, layers_below, sizes_together
from normlab.spec.probes.places import Place
from normlab.spec.settling import highest_momentum

Layer = dict[str, Any]

FLATTEN = {"type": "flatten"}
IMAGE = {"type": "reshape", "target_shape": [8, 8, 1]}
BATCH = {"type": "batch_normalization"}
RELU = {"type": "activation", "activation": "relu"}
POOL = {"type": "global_average_pooling2d"}


def dense(units: int, **options: Any) -> Layer:
    return {"type": "dense", "units": units, **options}


def conv(filters: int, size: int = 3, **options: Any) -> Layer:
    return {"type": "conv2d", "filters": filters, "kernel_size": size, "padding": "same", **options}


def residual(*layers: Layer, **options: Any) -> Layer:
    return {"type": "residual", "layers": list(layers), **options}


def branches(merge: str, *ways: list[Layer]) -> Layer:
    return {"type": "branches", "merge": merge, "branches": list(ways)}


def repeat(times: int, *layers: Layer) -> Layer:
    return {"type": "repeat", "times": times, "layers": list(layers)}


def body(*layers: Layer, **training: Any) -> dict[str, Any]:
    return {"architecture": {"layers": list(layers)}, "dataset": "digits", "training": training}


def planned(*layers: Layer) -> tuple[PlannedLayer, ...]:
    return plan_job(parse_job_spec(body(*layers)))


def refused(document: dict[str, Any], limits: Limits | None = None) -> tuple[str, str]:
    with pytest.raises(SpecError) as caught:
        parse_job_spec(document, limits or Limits())
    (problem,) = caught.value.problems
    return problem.pointer, problem.detail


def test_a_block_is_planned_as_its_layers_and_one_that_merges_them() -> None:
    plan = planned(
        IMAGE,
        repeat(2, residual(conv(1), BATCH), RELU),
        branches("concatenate", [], [conv(4), conv(2)], [residual(conv(3), shortcut=[conv(3, 1)])]),
        POOL,
    )
    assert [(item.name, item.inputs, item.output_shape, item.pointer) for item in plan] == [
        ("reshape_1", ("input",), (8, 8, 1), "/layers/0"),
        ("conv2d_1", ("reshape_1",), (8, 8, 1), "/layers/1/layers/0/layers/0"),
        ("batch_normalization_1", ("conv2d_1",), (8, 8, 1), "/layers/1/layers/0/layers/1"),
        ("add_1", ("batch_normalization_1", "reshape_1"), (8, 8, 1), "/layers/1/layers/0"),
        ("activation_1", ("add_1",), (8, 8, 1), "/layers/1/layers/1"),
        ("conv2d_2", ("activation_1",), (8, 8, 1), "/layers/1/layers/0/layers/0"),
        ("batch_normalization_2", ("conv2d_2",), (8, 8, 1), "/layers/1/layers/0/layers/1"),
        ("add_2", ("batch_normalization_2", "activation_1"), (8, 8, 1), "/layers/1/layers/0"),
        ("activation_2", ("add_2",), (8, 8, 1), "/layers/1/layers/1"),
        ("conv2d_3", ("activation_2",), (8, 8, 4), "/layers/2/branches/1/0"),
        ("conv2d_4", ("conv2d_3",), (8, 8, 2), "/layers/2/branches/1/1"),
        ("conv2d_5", ("activation_2",), (8, 8, 3), "/layers/2/branches/2/0/layers/0"),
        ("conv2d_6", ("activation_2",), (8, 8, 3), "/layers/2/branches/2/0/shortcut/0"),
        ("add_3", ("conv2d_5", "conv2d_6"), (8, 8, 3), "/layers/2/branches/2/0"),
        ("concatenate_1", ("activation_2", "conv2d_4", "add_3"), (8, 8, 6), "/layers/2"),
        ("global_average_pooling2d_1", ("concatenate_1",), (6,), "/layers/3"),
        ("output", ("global_average_pooling2d_1",), (10,), "/layers"),
    ]


def test_a_repeat_is_the_layers_written_out() -> None:
    def without_pointers(*layers: Layer) -> list[tuple[Any, ...]]:
        return [(item.name, item.layer, item.inputs, item.output_shape) for item in planned(*layers)]

    block = [dense(6), BATCH, RELU]
    nested = repeat(3, repeat(2, *block))
    assert without_pointers(FLATTEN, nested) == without_pointers(FLATTEN, *block * 6)


def test_a_block_comes_back_as_it_was_sent() -> None:
    layers = [FLATTEN, residual(dense(64)), branches("multiply", [], [dense(1, activation="sigmoid")])]
    spec = parse_job_spec(body(*layers))
    document = spec.to_document()
    assert parse_job_spec(document) == spec
    sent = document["architecture"]["layers"]
    assert sent[1]["shortcut"] == "identity"
    assert sent[2]["branches"][0] == []
    written_out = parse_job_spec(body(*(layers[:1]), residual(dense(64), shortcut=[]), layers[2]))
    assert written_out.digest == spec.digest


MISFITS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a layer in a block": (
        body(IMAGE, RELU, residual(conv(4), FLATTEN, conv(4))),
        "/architecture/layers/2/layers/2",
        "conv2d needs height x width x channels",
    ),
    "a layer in a shortcut": (
        body(IMAGE, residual(conv(4), shortcut=[{"type": "group_normalization", "groups": 5}])),
        "/architecture/layers/1/shortcut/0",
        "cannot be divided into 5 groups",
    ),
    "more filters": (
        body(IMAGE, conv(4), residual(conv(16)), POOL),
        "/architecture/layers/2",
        '"shortcut": [{"type": "conv2d", "filters": 16, "kernel_size": 1}]',
    ),
    "strides": (
        body(IMAGE, conv(4), residual(conv(16, strides=[2, 1])), POOL),
        "/architecture/layers/2",
        '"shortcut": [{"type": "conv2d", "filters": 16, "kernel_size": 1, "strides": [2, 1]}]',
    ),
    "another shortcut": (
        body(IMAGE, residual(conv(4), shortcut=[conv(5)]), POOL),
        "/architecture/layers/1",
        "8 x 8 x 4 and 8 x 8 x 5 cannot be added: end the shortcut with",
    ),
    "units": (
        body(FLATTEN, residual(dense(32))),
        "/architecture/layers/1",
        '"shortcut": [{"type": "dense", "units": 32}]',
    ),
    "valid padding": (
        body(IMAGE, residual(conv(1, 3) | {"padding": "valid"}), POOL),
        "/architecture/layers/1",
        '"padding": "same"',
    ),
    "a flat branch": (
        body(IMAGE, branches("concatenate", [], [FLATTEN])),
        "/architecture/layers/1/branches/1",
        "flatten or reshape",
    ),
    "a smaller branch": (
        body(IMAGE, branches("concatenate", [], [conv(3)], [conv(7, strides=2)]), POOL),
        "/architecture/layers/1/branches/2",
        "cannot be concatenated",
    ),
    "a product": (
        body(FLATTEN, branches("multiply", [dense(4)], [dense(3)])),
        "/architecture/layers/1/branches/1",
        'end this branch with {"type": "dense", "units": 4}',
    ),
    "the third time": (
        body(IMAGE, repeat(5, {"type": "max_pooling2d"}, RELU)),
        "/architecture/layers/1/layers/0",
        "(time 4 of 5)",
    ),
}


@pytest.mark.parametrize(("document", "pointer", "phrase"), MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_is_refused_at_the_layer(
    document: dict[str, Any], pointer: str, phrase: str
) -> None:
    found, detail = refused(document)
    assert found == pointer
    assert phrase in detail


@pytest.mark.parametrize("name", ["more filters", "strides", "units"])
def test_the_shortcut_that_is_named_makes_it_fit(name: str) -> None:
    document, _, _ = MISFITS[name]
    _, detail = refused(document)
    (shortcut,) = re.findall(r'"shortcut": (\[.*\])', detail)
    layers = document["architecture"]["layers"]
    mended = [
        layer | {"shortcut": json.loads(shortcut)} if layer["type"] == "residual" else layer
        for layer in layers
    ]
    parse_job_spec(body(*mended))


def nested(depth: int) -> Layer:
    layer = dense(64)
    for number in range(depth):
        layer = residual(layer) if number % 2 else branches("add", [], [layer])
    return layer


def test_blocks_stand_in_blocks_to_a_limit() -> None:
    assert len(planned(FLATTEN, nested(MAX_DEPTH))) == MAX_DEPTH + 3
    pointer, detail = refused(body(FLATTEN, nested(MAX_DEPTH + 1)))
    assert pointer.startswith("/architecture/layers/1/")
    assert f"at most {MAX_DEPTH} blocks" in detail
    assert "too deep" in refused(body(FLATTEN, nested(100)))[1]


@pytest.mark.parametrize(
    "layer", [repeat(10**9, dense(3)), repeat(2**53 - 1, repeat(2**53 - 1, residual(dense(3))))]
)
def test_layers_are_counted_before_they_are_repeated(layer: Layer) -> None:
    pointer, detail = refused(body(FLATTEN, layer))
    assert pointer == "/architecture/layers"
    assert "should be at most 200" in detail


def test_the_limit_counts_what_is_planned() -> None:
    layers = [FLATTEN, repeat(3, residual(dense(64), RELU))]
    count = len(planned(*layers)) - 1
    assert count == planned_count(parse_job_spec(body(*layers)).architecture.layers) == 10
    parse_job_spec(body(*layers), Limits(layers=count))
    assert refused(body(*layers), Limits(layers=count - 1))[0] == "/architecture/layers"


def test_the_limit_of_units_is_held_in_blocks() -> None:
    document = body(FLATTEN, branches("add", [dense(4)], [residual(dense(9), shortcut=[dense(65_537)])]))
    assert refused(document)[0] == "/architecture/layers/1/branches/1/0/shortcut/0/units"


MISTAKES: dict[str, tuple[Layer, str, str]] = {
    "an option": (residual(dense(3, unit=4)), "/layers/0/unit", '"units"'),
    "a kind in a shortcut": (residual(dense(3), shortcut=[{"type": "Linear"}]), "/shortcut/0", '"dense"'),
    "a kind in a branch": (branches("add", [], [{"type": "Linear"}]), "/branches/1/0", '"dense"'),
    "a word": (residual(dense(3), shortcut="none"), "/shortcut", '"identity" or a list'),
    "no list": (residual(dense(3), shortcut=dense(3)), "/shortcut", "should be a list: ["),
    "nothing": (residual(), "/layers", "a layer or more"),
    "one branch": (branches("add", []), "/branches", f"2 to {MAX_BRANCHES} lists"),
    "too many": (branches("add", *[[]] * 17), "/branches", f"2 to {MAX_BRANCHES} lists"),
    "a sum": (branches("sum", [], []), "/merge", 'is called "add"'),
    "how to merge": ({"type": "branches", "branches": [[], []]}, "/merge", '"concatenate"'),
    "a merge": ({"type": "add"}, "", '"residual"'),
    "the times": (repeat(2, dense(3)) | {"times": "2"}, "/times", "without quotes"),
    "an option of a block": (dense(3, times=2), "/times", "belongs to repeat"),
    "an option elsewhere": (residual(dense(3, epochs=2)), "/layers/0/epochs", '"training": {"epochs": 2}'),
}


@pytest.mark.parametrize(("layer", "pointer", "phrase"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_in_blocks_are_answered_as_in_a_list(layer: Layer, pointer: str, phrase: str) -> None:
    found, detail = refused(body(layer))
    assert found == f"/architecture/layers/0{pointer}"
    assert phrase in detail


def test_an_estimate_says_what_reads_what_and_is_of_all_layers() -> None:
    layers = [FLATTEN, dense(6), repeat(2, residual(dense(5), dense(6)))]
    size = estimate(parse_job_spec(body(*layers)))
    assert size.layers[4].inputs == ("dense_3", "dense_1")
    assert size.parameters == 64 * 6 + 6 + 2 * (6 * 5 + 5 + 5 * 6 + 6) + 6 * 10 + 10
    assert size.multiplications_per_sample == 64 * 6 + 2 * (6 * 5 + 5 * 6) + 6 * 10


def test_what_is_held_together_counts_what_a_shortcut_keeps() -> None:
    straight = planned(FLATTEN, dense(5), dense(7))
    assert list(sizes_together(straight)) == [64 + 64, 64 + 5, 5 + 7, 7 + 10]
    plan = planned(FLATTEN, dense(5), residual(dense(7), dense(5)), dense(3))
    assert list(sizes_together(plan)) == [128, 64 + 5, 5 + 7, 5 + 7 + 5, 5 + 5 + 5, 5 + 3, 3 + 10]


def test_values_flow_along_the_plan_and_are_dropped_in_time() -> None:
    plan = planned(FLATTEN, residual(dense(64)), branches("concatenate", [], [dense(2)]))
    left = flow(plan, "x", lambda item, values: f"{item.name}({', '.join(values)})")
    add = "add_1(dense_1(flatten_1(x)), flatten_1(x))"
    assert left == f"output(concatenate_1({add}, dense_2({add})))"


def test_layers_below_and_depths_follow_the_branches() -> None:
    plan = planned(FLATTEN, branches("add", [dense(4), dense(4)], [dense(4)]), dense(3))
    below = layers_below(plan)
    assert below["dense_3"] == {"flatten_1"}
    assert below["add_1"] == {"flatten_1", "dense_1", "dense_2", "dense_3"}
    assert kernel_depths(plan) | {"output": 3} == {
        "flatten_1": 0,
        "dense_1": 0,
        "dense_2": 1,
        "dense_3": 0,
        "add_1": 2,
        "dense_4": 2,
        "output": 3,
    }


def test_probes_find_their_places_by_what_reads_what() -> None:
    plan = planned(
        FLATTEN,
        dense(8),  # normalized and passed on
        residual(BATCH, dense(8)),
        residual(dense(8), BATCH, shortcut=[dense(8), BATCH]),
        branches("add", [BATCH], [BATCH]),
    )
    assert Place.SCALE_FREE.layers(plan) == ("dense_3", "dense_4")
    assert Place.KERNELS_BUT_FIRST.layers(plan) == ("dense_2", "dense_3", "dense_4", "output")
    split = planned(FLATTEN, branches("add", [dense(8)], [dense(8), dense(8)]))
    assert Place.KERNELS_BUT_FIRST.layers(split) == ("dense_3", "output")


def test_layers_in_blocks_are_known_to_what_asks_for_kinds() -> None:
    slow = repeat(2, residual(dense(8), BATCH | {"momentum": 0.999}, shortcut=[dense(8), BATCH]))
    spec = parse_job_spec(body(FLATTEN, slow))
    assert highest_momentum(spec) == 0.999
    pointers = [pointer for pointer, _ in written_layers(spec.architecture.layers)]
    inside = "/layers/1/layers/0"
    assert pointers == [
        "/layers/0",
        *(f"{inside}/layers/{number}" for number in (0, 1)),
        *(f"{inside}/shortcut/{number}" for number in (0, 1)),
    ]


GROUPS = {"type": "group_normalization", "groups": 4}


@pytest.mark.parametrize(
    ("layers", "is_erased"),
    [
        ([residual(conv(4), GROUPS, shortcut=[conv(4), GROUPS])], True),
        ([branches("concatenate", [conv(4), GROUPS], [conv(4), GROUPS])], True),
        ([residual(conv(4), GROUPS, shortcut=[conv(4)])], False),
        ([branches("multiply", [conv(4), GROUPS], [conv(4), GROUPS])], False),
        ([residual(conv(4), GROUPS, shortcut=[conv(4), GROUPS]), RELU], False),
    ],
)
def test_means_that_every_branch_has_erased_are_not_asked_for(layers: list[Layer], is_erased: bool) -> None:
    document = body(IMAGE, *layers, POOL)
    if is_erased:
        assert refused(document)[0] == f"/architecture/layers/{len(layers) + 1}"
    else:
        parse_job_spec(document)


def test_warnings_point_into_blocks() -> None:
    spec = parse_job_spec(body(FLATTEN, residual(dense(2), {"type": "layer_normalization"}, dense(64))))
    (warning,) = learning_warnings(spec)
    assert warning.pointer == "/architecture/layers/1/layers/1"
