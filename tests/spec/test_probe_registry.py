"""The registry of probes, and where each of them applies."""

from collections.abc import Callable

import pytest
from pydantic import TypeAdapter

from normlab.spec import JobSpec, estimate, parse_job_spec, plan, preset_layers
from normlab.spec.blocks import LayerOrBlock
from normlab.spec.probes import PROBES, STANDARD
from normlab.spec.probes.places import Place


def places(layers: object) -> dict[str, tuple[str, ...]]:
    """The layers of each place in a network of these."""
    made = TypeAdapter(tuple[LayerOrBlock, ...]).validate_python(layers)
    return {place: place.layers(plan(made, (8, 8, 1), 10)) for place in Place}


def test_a_network_is_divided_into_places() -> None:
    found = places(
        [
            {"type": "conv2d", "filters": 2, "kernel_size": 3},
            {"type": "batch_normalization"},
            {"type": "activation", "activation": "relu"},
            {"type": "flatten"},
            {"type": "dense", "units": 4, "activation": "tanh"},
            {"type": "batch_normalization"},
            {"type": "dropout", "rate": 0.5},
        ]
    )
    assert found == {
        Place.NETWORK: (),
        Place.NETWORK_WITH_BATCH_NORMALIZATION: (),
        Place.KERNELS: ("conv2d_1", "dense_1", "output"),
        Place.KERNELS_BUT_FIRST: ("dense_1", "output"),
        Place.OUTPUTS: (
            "conv2d_1",
            "batch_normalization_1",
            "activation_1",
            "dense_1",
            "batch_normalization_2",
            "output",
        ),
        Place.FEATURES: ("activation_1", "dense_1"),
        Place.RELU: ("activation_1",),
        Place.SATURATING: ("dense_1",),
        Place.BATCH_NORMALIZATION: ("batch_normalization_1", "batch_normalization_2"),
        # A kernel whose activation stands between it and the normalization is not free.
        Place.SCALE_FREE: ("conv2d_1",),
    }


@pytest.mark.parametrize(
    ("preset", "not_applicable"),
    [
        ("baseline", {"dead", "saturated", "moving", "three_statistics", "gain"}),
        ("batch_norm", {"saturated"}),
        ("deep_sigmoid", {"dead", "moving", "three_statistics", "gain"}),
    ],
)
def test_not_applicable_is_known_without_measuring(preset: str, not_applicable: set[str]) -> None:
    planned = plan(preset_layers(preset), (28, 28), 10)
    assert {name for name, row in PROBES.items() if not row.place.applies(planned)} == not_applicable


def test_the_registry_says_what_it_should() -> None:
    assert set(PROBES) - set(STANDARD) == {"sharpness", "fit"}
    for row in PROBES.values():
        assert len(row.by_name) == len(row.statistics)
        assert all((row.formula, row.source, row.cost, row.misleads))


def test_a_spec_says_which_probes(make_spec: Callable[..., JobSpec]) -> None:
    names = {
        probes: [each.name for each in make_spec(probes=probes).probes] for probes in ("off", "standard")
    }
    assert names == {"off": [], "standard": list(STANDARD)}
    spec = make_spec(probes=["dead", {"name": "rank", "every": 5, "samples": 500}])
    assert [(each.name, each.every, each.samples) for each in spec.probes] == [
        ("dead", None, None),
        ("rank", 5, 500),
    ]
    dead, rank = spec.probes
    assert [dead.every_of(epochs) for epochs in (1, 32, 33, 400)] == [1, 1, 2, 13]
    assert rank.every_of(400) == 5
    # Plain JSON has the word where there is one, and is read back.
    for probes in ("off", "standard", ["dead"]):
        document = make_spec(probes=probes).to_document()
        assert parse_job_spec(document).to_document() == document
        assert document["probes"] == probes or document["probes"][0]["name"] == "dead"
    assert parse_job_spec({"architecture": "baseline"}).to_document()["probes"] == "standard"


def test_probes_are_part_of_no_digest(make_spec: Callable[..., JobSpec]) -> None:
    specs = [make_spec(probes=probes) for probes in ("off", "standard", ["dead"])]
    assert len({(spec.digest, spec.arm_digest) for spec in specs}) == 1


def test_the_memory_of_probes_is_counted(make_spec: Callable[..., JobSpec]) -> None:
    images = [
        {"type": "reshape", "target_shape": [28, 28, 1]},
        {"type": "conv2d", "filters": 32, "kernel_size": 3},
        {"type": "flatten"},
    ]
    given = {"architecture": {"layers": images}, "dataset": "fashion_mnist"}
    off, on = (estimate(make_spec(probes=probes, **given)).training_bytes for probes in ("off", "standard"))
    assert off <= on < off + 128 * 2**20
