"""Presets whose normalization can be chosen, on data with and without channels."""

from collections import Counter
from typing import Any

import pytest

from normlab.analysis.differences import differences
from normlab.errors import SpecError
from normlab.spec import DATASETS, PRESETS, JobSpec, estimate, learning_warnings, parse_job_spec, plan_job
from normlab.spec.layers import Conv2D, ScaleOnly
from normlab.spec.shortest import shortest_spec

OPEN = {name: preset for name, preset in PRESETS.items() if preset.by_normalization}
CHOICES = [(name, choice) for name, preset in OPEN.items() for choice in preset.by_normalization]

NORMALIZATION_LAYERS = {"none": 0, "fixup": 2}
"""Kinds of layers that a choice brings, where not one: Fixup has scalar factors and biases."""


def asked(preset: str, normalization: str | None = None, **given: Any) -> JobSpec:
    choice = {} if normalization is None else {"normalization": normalization}
    return parse_job_spec({"architecture": {"preset": preset} | choice} | given)


@pytest.mark.parametrize(("preset", "normalization"), CHOICES)
def test_each_choice_can_be_built_on_every_dataset(preset: str, normalization: str) -> None:
    for dataset in DATASETS:
        spec = asked(preset, normalization, dataset=dataset)
        kinds = {item.layer.type for item in plan_job(spec) if item.layer.facet == "normalization"}
        assert len(kinds) == NORMALIZATION_LAYERS.get(normalization, 1)
        assert list(learning_warnings(spec)) == []
        document = spec.to_document()
        assert document["architecture"]["normalization"] == normalization
        assert parse_job_spec(document) == spec
        assert parse_job_spec(shortest_spec(document)).arm_digest == spec.arm_digest


@pytest.mark.parametrize("preset", OPEN)
def test_arms_of_one_preset_differ_in_nothing_but_normalization(preset: str) -> None:
    alike = set(OPEN[preset].by_normalization) - {"fixup"}
    specs = {choice: asked(preset, choice).to_document() for choice in alike}
    assert [difference.field for difference in differences(specs)] == ["normalization"]


@pytest.mark.parametrize(
    ("preset", "usual"),
    [("deep_sigmoid", "none"), ("cnn", "batch"), ("resnet20", "batch"), ("vgg", "batch")],
)
def test_the_usual_normalization_need_not_be_named(preset: str, usual: str) -> None:
    assert asked(preset).digest == asked(preset, usual).digest
    assert "normalization" not in asked(preset).to_document()["architecture"]


def test_the_deep_preset_with_batch_normalization_is_the_other_preset() -> None:
    assert asked("deep_sigmoid", "batch").digest == asked("deep_sigmoid_with_batch_norm").digest


def test_resnet20_is_that_of_the_paper() -> None:
    size = estimate(asked("resnet20", dataset="cifar10"))
    kernels = [layer for layer in size.layers if layer.type in ("conv2d", "dense")]
    assert len(kernels) == 20 + 2  # and two projections in shortcuts
    assert 265_000 < size.parameters < 280_000  # He et al., Table 6: 0.27 million
    assert [layer.output_shape for layer in size.layers if layer.type == "add"] == [
        *[(32, 32, 16)] * 3,
        *[(16, 16, 32)] * 3,
        *[(8, 8, 64)] * 3,
    ]


def test_networks_without_normalization_begin_as_their_authors_say() -> None:
    fixup, plain = plan_job(asked("resnet20", "fixup")), plan_job(asked("resnet20", "none"))
    blocks = [item for item in fixup if item.layer.type == "add"]
    kernels = [item.layer for item in fixup[:-1] if isinstance(item.layer, Conv2D)]
    assert len(blocks) == 9
    assert [layer.filters for layer in kernels] == [
        item.layer.filters for item in plain if isinstance(item.layer, Conv2D)
    ]
    assert not any(layer.use_bias for layer in kernels)
    by_initializer = Counter(str(layer.kernel_initializer) for layer in kernels)
    scaled = '{"name": "variance_scaling", "scale": 0.2222222222222222}'  # 2 * 9 ** -1
    assert by_initializer == {"zeros": 9, scaled: 9, "he_normal": 3}  # the first one, and two in shortcuts
    scalars = [item for item in fixup if item.layer.facet == "normalization"]
    assert {variable.size for item in scalars for variable in item.variables} == {1}
    assert sum(item.layer.type == "scale_only" for item in scalars) == 9
    # Before each kernel and each activation; the first kernel sees pixels.
    assert sum(item.layer.type == "bias_only" for item in scalars) == 1 + 9 * 4 + 2 + 1

    skipping = plan_job(asked("resnet20", "skip_init"))
    factors = [item for item in skipping if item.layer.facet == "normalization"]
    assert {type(item.layer) for item in factors} == {ScaleOnly}
    assert [variable.initial for item in factors for variable in item.variables] == [0.0] * 9
    # Each is the last layer of its block.
    assert {item.inputs[0] for item in skipping if item.layer.type == "add"} == {
        item.name for item in factors
    }
    assert [item.layer for item in skipping if item not in factors] == [item.layer for item in plain]


@pytest.mark.parametrize(
    ("architecture", "pointer", "phrase"),
    [
        (
            {"preset": "baseline", "normalization": "group"},
            "/architecture",
            "deep_sigmoid, cnn, resnet20 and vgg",
        ),
        (
            {"preset": "deep_sigmoid", "normalization": "instance"},
            "/architecture",
            "none, batch, layer, group or rms",
        ),
        ({"preset": "cnn", "normalization": "BatchNorm"}, "/architecture/normalization", '"batch"'),
        ({"preset": "vgg", "normalization": "fixup"}, "/architecture", "resnet20 can have fixup"),
        ({"preset": "cnn", "normalization": 3}, "/architecture/normalization", "none, batch"),
        ({"preset": "cnn", "norm": "group"}, "/architecture/norm", 'is called "normalization"'),
        ({"layers": [], "normalization": "batch"}, "/architecture", "belongs to a preset"),
        ({"preset": "cnn", "layers": [{"type": "flatten"}]}, "/architecture", "not the layers of the preset"),
    ],
)
def test_what_cannot_be_chosen_is_refused(architecture: dict[str, Any], pointer: str, phrase: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_job_spec({"architecture": architecture})
    (problem,) = caught.value.problems
    assert problem.pointer == pointer
    assert phrase in problem.detail
