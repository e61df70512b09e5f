"""What a request may say, and what it is told when it may not."""

import json
from typing import Any

import pytest

from normlab.errors import SpecError
from normlab.spec import PRESETS, Limits, estimate, parse_job_spec
from normlab.spec.probes import PROBES
from normlab.spec.training import EarlyStopping


def with_layers(*layers: Any) -> dict[str, Any]:
    return {"architecture": {"layers": list(layers)}}


def with_training(**training: Any) -> dict[str, Any]:
    return {"architecture": "baseline", "training": training}


def problem_of(body: object, **limits: int) -> str:
    with pytest.raises(SpecError) as raised:
        parse_job_spec(body, Limits(**limits))
    assert len(raised.value.problems) == 1, raised.value
    return str(raised.value)


THE_PROBES = f"the probes are {', '.join(PROBES)}"
FLATTEN = {"type": "flatten"}


def test_a_preset_is_a_whole_request_with_the_notebooks_values() -> None:
    spec = parse_job_spec({"architecture": "baseline"})

    assert spec.dataset.name == "fashion_mnist"
    assert (spec.dataset.held_out, spec.dataset.trained_on) == (5_000, 55_000)
    assert spec.training.optimizer.name == "sgd"
    assert spec.training.optimizer.learning_rate == 1e-3
    assert (spec.training.batch_size, spec.training.epochs, spec.training.seed) == (32, 10, 42)
    assert spec.training.shuffle


@pytest.mark.parametrize("preset", PRESETS)
def test_a_document_is_read_back_as_the_same_spec(preset: str) -> None:
    spec = parse_job_spec({"architecture": preset, "training": {"early_stopping": {}, "optimizer": "adamw"}})
    document = json.loads(json.dumps(spec.to_document()))

    assert parse_job_spec(document) == spec
    assert parse_job_spec(document).digest == spec.digest
    assert spec.training.early_stopping == EarlyStopping()


def test_digests_stay_what_they_were_when_jobs_were_stored_with_them() -> None:
    spec = parse_job_spec({"architecture": "batch_norm"})
    assert spec.digest == "sha256:eab8b7a58578faf3628518b6e1f971be2ba3cb7531eb2175d03ea9b138c3ccbb"
    assert spec.arm_digest == "sha256:ba62d6660e84a2d208b92922db1e9295b1648b30bee3f31386bb1280e0e165b4"


def test_the_digest_is_of_what_changes_the_numbers() -> None:
    spec = parse_job_spec({"architecture": "baseline", "name": "a", "tags": ["x"]})
    layers = spec.to_document()["architecture"]["layers"]
    written_out = parse_job_spec(
        {
            "architecture": {"layers": layers},
            "dataset": {"validation_samples": 5000, "training_samples": 55000},
        }
    )
    another_seed = parse_job_spec(with_training(seed=43))

    assert written_out.digest == spec.digest
    assert another_seed.digest != spec.digest
    assert another_seed.arm_digest == spec.arm_digest
    assert parse_job_spec(with_training(epochs=11)).arm_digest != spec.arm_digest
    assert parse_job_spec({"architecture": "batch_norm"}).digest != spec.digest


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, '/: should be an object such as {"architecture": "baseline"}, not null'),
        (
            {},
            '/architecture: is required: "baseline" or '
            '{"layers": [{"type": "flatten"}, {"type": "dense", "units": 100}]}',
        ),
        (
            {"architecture": "basline"},
            '/architecture: there is no preset "basline" (did you mean "baseline"?); the presets are '
            "baseline, batch_norm, baseline_with_batch_norm, deep_sigmoid, deep_sigmoid_with_batch_norm, "
            "cnn, resnet20, vgg; layers of "
            'your own are written {"layers": [{"type": "flatten"}, {"type": "dense", "units": 100}]}',
        ),
        (
            {"architecture": {"preset": "baseline", "layers": []}},
            '/architecture: these are not the layers of the preset "baseline": '
            "leave out preset when the layers are your own",
        ),
        (
            {"architecture": "baseline", "epochs": 3},
            '/epochs: belongs in "training": write "training": {"epochs": 3}',
        ),
        (
            {"architecture": "baseline", "dataset": "fashion"},
            '/dataset/name: "fashion" is called "fashion_mnist" here',
        ),
        (
            {"architecture": "baseline", "dataset": {"validation_samples": 60_000}},
            "/dataset/validation_samples: fashion_mnist has 60000 training samples: "
            "keep fewer than that for validation",
        ),
        (
            {"architecture": "baseline", "dataset": {"training_samples": 55_001}},
            "/dataset/training_samples: 55000 training samples are left of fashion_mnist after validation: "
            "ask for no more",
        ),
        (
            {
                "architecture": "baseline",
                "dataset": {"validation_samples": 0},
                "training": {"early_stopping": {}},
            },
            "/training/early_stopping/monitor: needs validation samples: monitor loss or accuracy instead",
        ),
        (with_training(epochs=0), "/training/epochs: should be greater than 0, not 0"),
        (with_training(epochs="3"), '/training/epochs: should be a whole number, not "3": 3, without quotes'),
        (with_training(seed=True), "/training/seed: should be a whole number, not true"),
        (
            with_training(optimizer={"name": "sgd", "learning_rate": float("nan")}),
            "/training/optimizer/learning_rate: should be a finite number, not NaN",
        ),
        (
            with_training(optimizer="adm"),
            '/training/optimizer: "adm" is not known here (did you mean "adam"?); '
            "it should be one of sgd, adam, adamw, rmsprop, adamax, nadam, adagrad, adadelta, lion, lamb, adafactor, "
            "ftrl, muon, schedule_free_adamw",
        ),
        (
            with_training(optimizer={"name": "adam", "clipnorm": 1.0, "clipvalue": 1.0}),
            "/training/optimizer: gradients can be clipped in one way only, not by clipnorm and clipvalue",
        ),
        (
            with_training(learning_rate_schedule={"name": "step", "epochs": [3, 2]}),
            "/training/learning_rate_schedule/epochs: the epochs should rise from one to the next",
        ),
        (
            with_layers({"type": "dense"}),
            "/architecture/layers/0/units: is required",
        ),
        (
            with_layers({"units": 3}),
            '/architecture/layers/0: should have "type", as in {"type": "dense", "units": 100}',
        ),
        (
            with_layers(FLATTEN, {"type": "conv2d", "filters": 8, "kernel_size": 3}),
            "/architecture/layers/1: conv2d needs height x width x channels, but 784 enters it: "
            "put a reshape layer before it, or leave out the flatten layer",
        ),
        (
            with_layers({"type": "max_pooling2d"}),
            "/architecture/layers/0: max_pooling2d needs height x width x channels, but 28 x 28 enters it: "
            'put {"type": "reshape", "target_shape": [28, 28, 1]} before it',
        ),
        (
            with_layers(
                {"type": "reshape", "target_shape": [28, 28, 1]},
                {"type": "conv2d", "filters": 8, "kernel_size": 29},
            ),
            "/architecture/layers/1: a window of 29 x 29 does not fit into 28 x 28: "
            'make it smaller, or set "padding": "same"',
        ),
        (
            with_layers({"type": "reshape", "target_shape": [28, 29]}),
            "/architecture/layers/0: the 784 values of a 28 x 28 input do not fit 28 x 29",
        ),
        (
            with_layers(FLATTEN, {"type": "group_normalization", "groups": 5}),
            "/architecture/layers/1: 784 channels cannot be divided into 5 groups: "
            "groups could be 1, 2, 4, 7, 8, 14, 16, 28, 49, 56",
        ),
        (
            with_layers(FLATTEN, {"type": "activation", "activation": "relu", "negative_slope": 0.1}),
            "/architecture/layers/1: negative_slope belongs to leaky_relu, not to relu",
        ),
        (
            with_layers(FLATTEN, {"type": "dropout", "rate": 1.0}),
            "/architecture/layers/1/rate: should be less than 1, not 1.0",
        ),
        (
            with_layers(),
            "/architecture/layers: the output layer needs one row of values, but 28 x 28 reaches it: "
            'end the layers with {"type": "flatten"} or {"type": "global_average_pooling2d"}',
        ),
        (
            with_training(early_stopping={"patience": 10**30}),
            f"/training/early_stopping/patience: should be less than or equal to 9007199254740991, not {10**30}",
        ),
        *(
            ({"architecture": "baseline", "probes": probes}, f"/probes: {sentence}")
            for probes, sentence in (
                (["off"], f'"off" stands alone, not in a list: "probes": "off"; {THE_PROBES}'),
                (["off", "rank"], f'"off" stands alone, not in a list: "probes": "off"; {THE_PROBES}'),
                (
                    ["rank", "standard"],
                    f'"standard" stands alone, not in a list: "probes": "standard"; {THE_PROBES}',
                ),
                (["rank", ""], f'"" names no probe: "probes": "off" measures nothing; {THE_PROBES}'),
                (["ranc"], f'there is no probe "ranc" (did you mean "rank"?); {THE_PROBES}'),
                ("", f'should be "off", "standard" or a list, not ""; {THE_PROBES}'),
                ("rank", 'should be a list: ["rank"]'),
                (None, 'should be "off" to measure nothing, or "standard", the default, not null'),
                (True, 'should be "off" to measure nothing, or "standard", the default, not true'),
            )
        ),
        (
            {"architecture": "baseline", "probes": [{"name": "rank", "every": 2**63}]},
            "/probes/0/every: should be less than or equal to 9007199254740991, not 9223372036854775808",
        ),
        (
            with_layers(FLATTEN, {"type": "dense", "units": 10**9}),
            "/architecture/layers/1/units: should be at most 65536, not 1000000000 "
            "(limit 'units' of this service)",
        ),
        (
            with_layers(FLATTEN, {"type": "dense", "units": 65_536}),
            "/architecture: needs 52,101,130 parameters, and this service allows 50,000,000 "
            "(limit 'parameters'): make layers or the batch smaller",
        ),
    ],
)
def test_what_cannot_be_built_is_refused_with_what_would_be_right(body: object, said: str) -> None:
    assert problem_of(body) == said


def test_the_limits_are_settings() -> None:
    assert problem_of(with_training(epochs=11), epochs=10) == (
        "/training/epochs: should be at most 10, not 11 (limit 'epochs' of this service)"
    )


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(SpecError) as raised:
        parse_job_spec({"architecture": "nothing", "training": {"epochs": -1, "batch_size": 1.5}})

    assert [problem.pointer for problem in raised.value.problems] == [
        "/architecture",
        "/training/epochs",
        "/training/batch_size",
    ]


def test_an_estimate_has_every_layer() -> None:
    size = estimate(parse_job_spec({"architecture": "batch_norm"}))

    assert [layer.name for layer in size.layers] == [
        "flatten_1",
        "batch_normalization_1",
        "dense_1",
        "batch_normalization_2",
        "dense_2",
        "batch_normalization_3",
        "output",
    ]
    # The notebook's printed summary: 271,346 parameters, 2,368 of them not trainable.
    assert (size.parameters, size.parameters - size.trainable_parameters) == (271_346, 2_368)
    assert size.multiplications_per_sample == 784 * 300 + 300 * 100 + 100 * 10
    assert size.steps_per_epoch == 1_719
