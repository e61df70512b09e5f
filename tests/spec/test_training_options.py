"""Options of the training: what they take, what is refused, and that specs without them are what they were."""

from typing import Any

import pytest

from normlab.errors import SpecError
from normlab.spec import JobSpec, parse_job_spec
from normlab.spec.muon import muon_warnings

IMAGE = {"type": "reshape", "target_shape": [8, 8, 1]}
CONVOLUTION = {"type": "conv2d", "filters": 4, "kernel_size": 3}
NETWORK = {"layers": [IMAGE, CONVOLUTION, {"type": "flatten"}, {"type": "dense", "units": 8}]}


def parsed(architecture: Any = NETWORK, **training: Any) -> JobSpec:
    return parse_job_spec({"architecture": architecture, "dataset": "digits", "training": training})


def refusal(architecture: Any = NETWORK, **training: Any) -> str:
    with pytest.raises(SpecError) as refused:
        parsed(architecture, **training)
    return str(refused.value)


@pytest.mark.parametrize(
    ("body", "digest", "arm"),
    [
        ({"architecture": "baseline"}, "7d16c53ad489ad7a", "a91e9b8715f94620"),
        (
            {
                "architecture": "batch_norm",
                "dataset": "digits",
                "training": {"optimizer": "adamw", "learning_rate_schedule": "cosine"},
            },
            "0d37c9528ab284a8",
            "516942f7234e1cf6",
        ),
        (
            {
                "architecture": "baseline",
                "training": {
                    "optimizer": {"name": "sgd", "momentum": 0.9, "clipnorm": 1.0, "weight_decay": 0.01},
                    "learning_rate_schedule": {"name": "step", "epochs": [2, 4]},
                    "early_stopping": {},
                },
            },
            "54d6c5b96fa5cc05",
            "734951f7cfe315a9",
        ),
        (
            {
                "architecture": "baseline",
                "training": {
                    "optimizer": "rmsprop",
                    "learning_rate_schedule": {"name": "cosine", "warmup_epochs": 1.5},
                    "precision": "mixed_bfloat16",
                },
            },
            "3940802724bf133e",
            "5d5637904189d3ea",
        ),
    ],
    ids=["baseline", "adamw", "sgd", "rmsprop"],
)
def test_specs_from_before_these_options_keep_their_digests(body: Any, digest: str, arm: str) -> None:
    spec = parse_job_spec(body)
    assert (spec.digest[7:23], spec.arm_digest[7:23]) == (digest, arm)


def test_an_option_changes_the_digest_and_comes_back_from_the_document() -> None:
    plain = parsed(optimizer="adamw")
    excluding = parsed(optimizer={"name": "adamw", "exclude_from_weight_decay": ["normalization", "bias"]})
    assert "exclude_from_weight_decay" not in plain.to_document()["training"]["optimizer"]
    assert excluding.digest != plain.digest
    assert parse_job_spec(excluding.to_document()) == excluding
    other_order = {"name": "adamw", "exclude_from_weight_decay": ["bias", "normalization", "bias"]}
    assert parsed(optimizer=other_order).digest == excluding.digest


@pytest.mark.parametrize("name", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_clipping_may_be_written_with_underscores(name: str) -> None:
    written = {"clipnorm": "clip_norm", "clipvalue": "clip_value", "global_clipnorm": "global_clip_norm"}[
        name
    ]
    with_underscores, without = (parsed(optimizer={"name": "sgd", key: 0.5}) for key in (written, name))
    assert with_underscores == without
    assert f"/training/optimizer/{written}: should be greater than 0" in refusal(
        optimizer={"name": "sgd", written: -1}
    )


def test_what_an_optimizer_cannot_is_refused() -> None:
    nothing = refusal(optimizer={"name": "adam", "exclude_from_weight_decay": ["bias"]})
    assert nothing.startswith("/training/optimizer: exclude_from_weight_decay")
    assert 'give "weight_decay"' in nothing
    decayed = refusal(optimizer={"name": "schedule_free_adamw", "weight_decay": 0.1})
    assert decayed.startswith("/training/optimizer: schedule_free_adamw takes no weight_decay")
    assert "beta_1" in refusal(optimizer={"name": "schedule_free_adamw", "beta_1": 0.0})
    assert "/training/optimizer/beta_1" in refusal(optimizer={"name": "lion", "beta_1": 0.0})


def test_muon_says_which_variables_it_trains() -> None:
    (warning,) = muon_warnings(parsed(optimizer="muon"))
    assert warning.pointer == "/training/optimizer"
    assert "the kernels of dense_1 and output, and AdamW the variables of conv2d_1" in warning.detail
    left_out = {"name": "muon", "exclude_layers": ["output"]}
    (warning,) = muon_warnings(parsed(optimizer=left_out))
    assert "the kernel of dense_1, and AdamW the variables of conv2d_1 and output" in warning.detail
    assert list(muon_warnings(parsed(optimizer="adamw"))) == []


def test_muon_is_refused_layers_that_it_would_not_train_and_nothing_to_train() -> None:
    unknown = refusal(optimizer={"name": "muon", "exclude_layers": ["output", "conv2d_1"]})
    assert unknown.startswith('/training/optimizer/exclude_layers/1: "conv2d_1"')
    assert "dense_1 and output" in unknown
    assert "leaves no kernel to muon" in refusal(
        optimizer={"name": "muon", "exclude_layers": ["output", "dense_1"]}
    )


def test_a_warm_up_ends_before_the_run() -> None:
    too_long = {"name": "constant", "warmup_steps": 10_000}
    said = refusal(epochs=3, learning_rate_schedule=too_long)
    assert said.startswith("/training/learning_rate_schedule/warmup_steps: should be fewer than the")
    assert "3 epochs of batches of 32" in said
    twice = {"name": "cosine", "warmup_steps": 5, "warmup_epochs": 1.0}
    assert "the warm-up is given twice" in refusal(learning_rate_schedule=twice)


def test_what_watches_the_validation_needs_validation_samples() -> None:
    body = {
        "architecture": NETWORK,
        "dataset": {"name": "digits", "validation_samples": 0},
        "training": {"learning_rate_schedule": "reduce_on_plateau"},
    }
    with pytest.raises(SpecError, match="/training/learning_rate_schedule/monitor: needs validation samples"):
        parse_job_spec(body)


def test_class_weights_go_by_the_numbers_of_classes() -> None:
    given = parsed(class_weight={"7": 2, "0": 0.5})
    assert given.to_document()["training"]["class_weight"] == {"0": 0.5, "7": 2.0}
    assert given.digest == parsed(class_weight={0: 0.5, 7: 2.0}).digest
    assert "/training/class_weight/10: digits has 10 classes" in refusal(class_weight={"10": 1.0})
    assert 'should be "balanced" or weights' in refusal(class_weight="auto")
    assert 'goes by the numbers of classes, from 0, and "zero" is none' in refusal(class_weight={"zero": 1.0})
    assert "the weight of class 3 should be" in refusal(class_weight={"3": -1.0})
    assert "one class twice" in refusal(class_weight={"3": 1.0, 3: 2.0})
    assert "lets no class count" in refusal(class_weight={str(number): 0 for number in range(10)})


def test_augmentation_is_of_pictures_and_fits_them() -> None:
    written = parsed(augmentation=["flip", {"name": "crop", "padding": 2}]).to_document()["training"]
    assert [each["name"] for each in written["augmentation"]] == ["flip", "crop"]
    assert "/training/augmentation/0/padding: should be less than the 8 pixels" in refusal(
        augmentation=[{"name": "crop", "padding": 8}]
    )
    assert "/training/augmentation/1: mixes what has been mixed" in refusal(augmentation=["mixup", "mixup"])
    assert '"RandomFlip" is called "flip" here' in refusal(augmentation=["RandomFlip"])
    assert "augmentation" not in parsed(augmentation=[]).to_document()["training"]


def test_plain_options_are_not_written_down() -> None:
    plain = parsed()
    said = parsed(loss={"name": "cross_entropy", "label_smoothing": 0.0}, augmentation=[], class_weight=None)
    assert said.to_document() == plain.to_document()
    assert {"loss", "augmentation", "class_weight"} & plain.to_document()["training"].keys() == set()
