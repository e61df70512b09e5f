import subprocess
import sys
from dataclasses import replace
from typing import Any

from normlab.analysis import caveats, differences
from normlab.analysis.differences import facets, has_penalty
from normlab.spec import parse_job_spec


def spec(architecture: Any = "baseline", **training: Any) -> dict[str, Any]:
    return parse_job_spec({"architecture": architecture, "training": training}).to_document()


def found(**specs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {difference.field: dict(difference.values) for difference in differences(specs)}


def test_equal_specs_do_not_differ() -> None:
    assert found(a=spec(), b=spec()) == {}


def test_the_notebooks_arms_differ_in_three_things() -> None:
    assert found(a=spec("baseline"), b=spec("batch_norm")) == {
        "normalization": {
            "a": "none",
            "b": "batch_normalization after flatten, after dense(300) and its activation, "
            "after dense(100) and its activation",
        },
        "activation": {"a": "leaky_relu(slope 0.3)", "b": "relu"},
        "initializer": {"a": "he_normal", "b": "glorot_uniform"},
    }


def test_the_controlled_arm_differs_in_one() -> None:
    assert set(found(a=spec("baseline"), b=spec("baseline_with_batch_norm"))) == {"normalization"}


def test_training_is_told_in_its_own_words() -> None:
    adam = {"name": "adam", "learning_rate": 0.01}
    differing = found(a=spec(), b=spec(optimizer=adam, epochs=3, seed=1, batch_size=64))
    assert differing["optimizer"] == {"a": "sgd", "b": "adam"}
    assert differing["learning_rate"] == {"a": 0.001, "b": 0.01}
    assert differing["epochs"] == {"a": 10, "b": 3}
    assert differing["seed"] == {"a": 42, "b": 1}
    assert differing["batch_size"] == {"a": 32, "b": 64}
    assert differing["momentum"] == {"a": 0.0, "b": None}


def test_the_dataset_is_a_difference() -> None:
    mnist = parse_job_spec({"architecture": "baseline", "dataset": {"name": "mnist"}}).to_document()
    assert found(a=spec(), b=mnist) == {"dataset": {"a": "fashion_mnist", "b": "mnist"}}


def test_an_activation_inside_a_layer_is_the_same_as_one_behind_it() -> None:
    inside = {"layers": [{"type": "flatten"}, {"type": "dense", "units": 8, "activation": "relu"}]}
    behind = {
        "layers": [
            {"type": "flatten"},
            {"type": "dense", "units": 8},
            {"type": "activation", "activation": "relu"},
        ]
    }
    assert found(a=spec(inside), b=spec(behind)) == {}


def test_normalization_before_or_behind_the_activation_is_a_difference() -> None:
    dense = {"type": "dense", "units": 8}
    relu = {"type": "activation", "activation": "relu"}
    norm = {"type": "batch_normalization"}
    flat = {"type": "flatten"}
    differing = found(
        a=spec({"layers": [flat, dense, norm, relu]}), b=spec({"layers": [flat, dense, relu, norm]})
    )
    assert differing == {
        "normalization": {
            "a": "batch_normalization after dense(8)",
            "b": "batch_normalization after dense(8) and its activation",
        }
    }


def test_an_order_that_no_facet_tells_is_told_as_such() -> None:
    dense, drop = {"type": "dense", "units": 8}, {"type": "dropout", "rate": 0.5}
    flat = {"type": "flatten"}
    assert set(found(a=spec({"layers": [flat, drop, dense]}), b=spec({"layers": [flat, dense, drop]}))) == {
        "layer order"
    }


def test_options_of_layers_are_named() -> None:
    convolution = {"filters": 4, "kernel_size": 3, "padding": "same", "kernel_regularizer": {"l2": 0.1}}
    layers = [
        {"type": "reshape", "target_shape": [28, 28, 1]},
        {"type": "conv2d"} | convolution,
        {"type": "layer_normalization", "epsilon": 0.1},
        {"type": "flatten"},
    ]
    described = facets(spec({"layers": layers})["architecture"]["layers"])
    assert described["layers"] == "reshape(28 x 28 x 1), conv2d(4, kernel_size 3 x 3, padding same), flatten"
    assert described["regularizer"] == "l2 0.1"
    assert described["normalization"].startswith("layer_normalization(epsilon 0.1) after conv2d")


def test_the_notebooks_verdict_cannot_be_put_down_to_normalization(make_run: Any) -> None:
    told = " ".join(caveats([make_run("baseline"), make_run("batch_norm")]))
    assert "differ in normalization, activation and initializer at once" in told
    assert "cannot be put down to the normalization alone" in told
    assert "baseline_with_batch_norm changes only the normalization" in told
    assert "One run of each" in told
    assert "no verdict" in told


def test_arms_that_isolate_the_normalization_are_named(make_run: Any) -> None:
    arms = ("baseline", "batch_norm", "baseline_with_batch_norm")
    told = " ".join(caveats([make_run(arm) for arm in arms]))
    assert "Only baseline_with_batch_norm minus baseline isolates the normalization." in told
    assert "compare it with" not in told


def test_the_controlled_comparison_has_no_such_caveat(make_run: Any) -> None:
    told = " ".join(
        caveats(
            [make_run(arm, seed=seed) for arm in ("baseline", "baseline_with_batch_norm") for seed in (1, 2)]
        )
    )
    assert "at once" not in told
    assert "One run" not in told


def test_seeds_data_training_and_machines_are_watched(make_run: Any) -> None:
    a = replace(make_run("baseline", seed=1), environment={"device": "cpu", "python": "3"})
    b = replace(make_run("batch_norm", seed=2, batch_size=64), environment={"device": "gpu", "python": "3"})
    told = " ".join(caveats([a, b]))
    assert "not run with the same seeds" in told
    assert "the training differs: batch_size" in told
    assert "environments differ (device)" in told
    mnist = replace(a, spec=a.spec | {"dataset": a.spec["dataset"] | {"name": "mnist"}})
    assert "not trained on the same data (dataset differ" in " ".join(caveats([a, mnist]))


def test_what_a_network_takes_of_a_gpus_memory_is_no_other_footing(make_run: Any) -> None:
    a, b = (
        replace(make_run(arm), environment={"device": "gpu", "device_memory_peak_bytes": peak})
        for arm, peak in (("baseline", 10), ("batch_norm", 20))
    )
    assert "environments differ" not in " ".join(caveats([a, b]))


def test_one_arm_alone_and_a_single_run_among_many_are_told(make_run: Any) -> None:
    assert "nothing to compare" in caveats([make_run(seed=1), make_run(seed=2)])[0]
    mixed = caveats([make_run(seed=1), make_run(seed=2), make_run("batch_norm", seed=1)])
    assert "Only one run of batch_norm" in mixed[0]


def test_unequal_lengths_are_told(make_run: Any) -> None:
    assert any(
        "different numbers of epochs, from 3 to 6" in text
        for text in caveats([make_run(), make_run(epochs=3)])
    )


def test_networks_of_another_size_are_told(make_run: Any) -> None:
    wide = make_run({"layers": [{"type": "flatten"}, {"type": "dense", "units": 600}]}, name="wide")
    told = " ".join(caveats([make_run("baseline"), wide]))
    assert "not of the same size: parameters: baseline 266,610, wide 477,010" in told
    assert "; multiplications per sample (element-wise work such as normalization is not counted): " in told
    assert told.count("not of the same size") == 1
    same = caveats([make_run("baseline"), make_run("baseline_with_batch_norm")])
    assert "size" not in " ".join(same)


def test_the_analysis_is_imported_without_scipy_and_altair() -> None:
    code = (
        "import sys, normlab.analysis; "
        "sys.exit([name for name in ('scipy', 'altair', 'numpy', 'tensorflow') if name in sys.modules] or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_each_condition_beside_the_architecture_is_told(make_run: Any) -> None:
    """What the fairness check watches beyond the networks themselves."""
    for training, field in (
        ({"optimizer": {"name": "adam"}}, "optimizer"),
        ({"optimizer": {"name": "sgd", "learning_rate": 0.5}}, "learning_rate"),
        ({"epochs": 5}, "epochs"),
        ({"precision": "mixed_bfloat16"}, "precision"),
        ({"batch_size": 8}, "batch_size"),
    ):
        told = " ".join(caveats([make_run("baseline"), make_run("batch_norm", **training)]))
        assert "Beside the networks, the training differs" in told
        assert field in told
    for field in ("device", "device_name", "executor", "intra_op_threads", "library_settings", "tensorflow"):
        a, b = (replace(make_run(arm), environment={field: arm}) for arm in ("baseline", "batch_norm"))
        assert f"environments differ ({field})" in " ".join(caveats([a, b]))


def blocks(*layers: dict[str, Any]) -> dict[str, str]:
    document = spec({"layers": [{"type": "reshape", "target_shape": [28, 28, 1]}, *layers, POOL]})
    return facets(document["architecture"]["layers"])


POOL = {"type": "global_average_pooling2d"}
CONV = {"type": "conv2d", "filters": 4, "kernel_size": 3, "padding": "same"}
NORM = {"type": "batch_normalization"}
RELU = {"type": "activation", "activation": "relu"}


def test_blocks_are_told_in_a_line() -> None:
    conv, wide = "conv2d(4, kernel_size 3 x 3, padding same)", "conv2d(8, kernel_size 1 x 1)"
    told = blocks(
        CONV,
        {
            "type": "repeat",
            "times": 2,
            "layers": [{"type": "residual", "layers": [CONV, NORM, RELU, CONV]}, RELU],
        },
        {
            "type": "residual",
            "layers": [NORM, CONV | {"filters": 8, "kernel_size": 1, "padding": "valid"}],
            "shortcut": [{"type": "conv2d", "filters": 8, "kernel_size": 1}, NORM],
        },
        {"type": "branches", "merge": "concatenate", "branches": [[], [NORM, RELU]]},
    )
    assert told["layers"] == (
        f"reshape(28 x 28 x 1), {conv}, 2 x residual({conv}, {conv}), residual({wide} | shortcut {wide}), "
        "concatenate(identity | none), global_average_pooling2d"
    ).replace(f"({conv}, {conv})", f"(2 x {conv})")
    assert told["normalization"] == (
        f"batch_normalization after each of 2 {conv}, after add and its activation, after {wide}, after add"
    )
    assert told["activation"] == "linear, 5 x relu, linear"


def test_a_repeat_is_told_as_the_layers_written_out() -> None:
    block = {"type": "residual", "layers": [CONV, NORM]}
    repeated = {"type": "repeat", "times": 3, "layers": [block, RELU]}
    assert blocks(CONV, repeated) == blocks(CONV, *[block, RELU] * 3)


def test_an_activation_behind_a_sum_is_that_of_the_layers_in_it() -> None:
    plain = blocks(CONV, RELU, CONV, RELU)
    summed = blocks(CONV, RELU, {"type": "residual", "layers": [CONV]}, RELU)
    assert plain["activation"] == summed["activation"] == "relu"
    assert {facet for facet in plain if plain[facet] != summed[facet]} == {"layers", "layer order"}


def test_a_penalty_in_a_block_is_seen() -> None:
    penalized = CONV | {"kernel_regularizer": {"l2": 0.1}}
    assert (
        blocks({"type": "residual", "layers": [penalized], "shortcut": [CONV]})["regularizer"]
        == "l2 0.1, none"
    )
    layers = [
        {"type": "flatten"},
        {
            "type": "residual",
            "layers": [{"type": "dense", "units": 784} | {"kernel_regularizer": {"l2": 0.1}}],
        },
    ]
    assert has_penalty(spec({"layers": layers}))


def test_a_normalization_within_blocks_is_one_difference() -> None:
    def network(*norm: dict[str, Any]) -> dict[str, Any]:
        block = {"type": "residual", "layers": [CONV, *norm, RELU, CONV, *norm]}
        return spec({"layers": [{"type": "reshape", "target_shape": [28, 28, 1]}, CONV, block, RELU, POOL]})

    differing = found(a=network(NORM), b=network({"type": "group_normalization", "groups": 2}), c=network())
    assert set(differing) == {"normalization"}


def test_of_many_normalizations_it_is_told_how_often_each_is_there() -> None:
    told = found(
        a=spec({"preset": "resnet20", "normalization": "fixup"}),
        b=spec({"preset": "resnet20", "normalization": "none"}),
    )
    assert told["normalization"]["a"] == "40 x bias_only(scalar True), 9 x scale_only(scalar True)"
    assert set(told) == {"layers", "normalization", "initializer"}

    def network(*first: dict[str, Any]) -> dict[str, Any]:
        turns = [{"type": kind} for kind in ("batch_normalization", "layer_normalization") * 7]
        return spec({"layers": [{"type": "flatten"}, *first, *turns]})

    last, dense = {"type": "layer_normalization"}, {"type": "dense", "units": 9}
    assert set(found(a=network(dense, last), b=network(last, dense))) == {"layer order"}
