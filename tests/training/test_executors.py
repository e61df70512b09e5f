"""The rule by which a network's executor is chosen, and XLA's flags."""

import os
from typing import Any

import pytest

from normlab.spec import PRESETS, Device, parse_job_spec, plan_job
from normlab.training.compiled.executors import Executor, choose_executor, set_xla_flags

IMAGE = {"type": "reshape", "target_shape": [14, 14, 4]}
FLATTEN = {"type": "flatten"}


def rule(layers: Any, device: Device = Device.CPU) -> Executor:
    planned = plan_job(parse_job_spec({"architecture": layers}))
    return choose_executor([item.layer for item in planned], device)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_compiled_unless_they_convolve(preset: str) -> None:
    assert rule(preset) is (Executor.GRAPH if PRESETS[preset].of_pictures else Executor.XLA)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ({"type": "conv2d", "filters": 2, "kernel_size": 3}, Executor.GRAPH),
        ({"type": "max_pooling2d"}, Executor.GRAPH),
        ({"type": "average_pooling2d"}, Executor.XLA),
        ({"type": "dropout", "rate": 0.5}, Executor.XLA),
        ({"type": "group_normalization", "groups": 1}, Executor.XLA),
        ({"type": "layer_normalization"}, Executor.XLA),
        ({"type": "depthwise_conv2d", "kernel_size": 3}, Executor.GRAPH),
        ({"type": "separable_conv2d", "filters": 2, "kernel_size": 3}, Executor.GRAPH),
        ({"type": "gaussian_noise", "stddev": 0.5}, Executor.XLA),
    ],
)
def test_on_a_cpu_it_depends_on_the_layers(layer: dict[str, Any], expected: Executor) -> None:
    assert rule({"layers": [IMAGE, layer, FLATTEN]}) is expected


def test_on_a_gpu_all_are_compiled() -> None:
    layers = [IMAGE, {"type": "conv2d", "filters": 2, "kernel_size": 3}, FLATTEN]
    assert rule({"layers": layers}, Device.GPU) is Executor.XLA


OURS = "--xla_cpu_copy_insertion_use_region_analysis=true"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, OURS),
        ("--xla_dump_to=/tmp/x", f"--xla_dump_to=/tmp/x {OURS}"),
        (
            "--xla_cpu_copy_insertion_use_region_analysis=false",
            "--xla_cpu_copy_insertion_use_region_analysis=false",
        ),
    ],
    ids=["nothing was said", "other flags stay", "the user's word counts"],
)
def test_flags_are_added_to_what_the_user_said(
    monkeypatch: pytest.MonkeyPatch, said: str | None, expected: str
) -> None:
    monkeypatch.setenv("XLA_FLAGS", said or "")
    set_xla_flags()
    set_xla_flags()
    assert os.environ["XLA_FLAGS"] == expected
