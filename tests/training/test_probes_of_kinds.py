"""Probes change no bit of a run, whatever kinds of layers and blocks it has."""

from collections.abc import Callable
from typing import Any

import pytest

from normlab.spec import Device, JobSpec, plan_job
from normlab.spec.probes import STANDARD
from normlab.spec.probes.places import Place
from normlab.training import TrainResult
from normlab.training.compiled.executors import choose_executor
from support.probed_kinds import MORE_KINDS
from support.trainings import BRANCHES, RESIDUAL_IMAGES, fingerprint


@pytest.mark.parametrize("layers", [RESIDUAL_IMAGES, BRANCHES], ids=["residual", "branches"])
def test_probes_change_no_bit_where_there_are_blocks(
    layers: list[dict[str, Any]], small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    spec = small_spec(layers, {"epochs": 1})
    probed = run(spec, probes="standard")
    assert fingerprint(probed) == fingerprint(run(spec, probes="off"))
    planned = plan_job(spec)
    found = probed.measurements
    assert found.layers("gradient", "kernel_rms") == Place.KERNELS.layers(planned)
    assert found.layers("norm", "effective_rate") == Place.SCALE_FREE.layers(planned)
    assert found.layers("signal", "variance") == Place.OUTPUTS.layers(planned)


@pytest.mark.parametrize("executor", ["graph", pytest.param("xla", marks=pytest.mark.nightly)])
def test_probes_change_no_bit_of_more_kinds_of_layer(
    executor: str, small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    spec = small_spec(MORE_KINDS[executor], {"epochs": 1, "optimizer": "adam"})
    assert choose_executor(spec.architecture.layers, Device.CPU) == executor
    probed = run(spec, probes="standard")
    assert fingerprint(probed) == fingerprint(run(spec, probes="off"))
    assert {m.probe for m in probed.measurements} == {*STANDARD}
