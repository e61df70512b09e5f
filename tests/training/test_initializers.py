"""Every initializer draws what Keras's class of that name draws from the same stream."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from normlab.spec import JobSpec, plan_job
from normlab.spec.initializers import INITIALIZERS
from normlab.training.layers.network import build_network, initial_weights
from normlab.training.seeds import Role, derive

BY_FANS: dict[str, Any] = {"input_axes": [0], "output_axes": [1]}
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "constant": [{}, {"value": 0.3}],
    "identity": [{"gain": 2.0}],
    "random_normal": [{}, {"mean": 1.0, "stddev": 0.3}],
    "truncated_normal": [{"mean": 1.0, "stddev": 0.3}],
    "random_uniform": [{"minval": 0.1, "maxval": 0.4}],
    "orthogonal": [{}, {"gain": 0.7}],
    "variance_scaling": [
        {},
        {"scale": 3.0, "mode": "fan_out", "distribution": "uniform"},
        {"mode": "fan_avg", "distribution": "untruncated_normal", **BY_FANS},
    ],
    "glorot_uniform": [{}, BY_FANS],
}
CASES = [(name, options) for name in INITIALIZERS for options in OPTIONS.get(name, [{}])]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_an_initializer_is_keras_own(
    name: str, options: dict[str, Any], make_spec: Callable[..., JobSpec]
) -> None:
    given = {"name": name, **options}
    layers = [{"type": "flatten"}, {"type": "dense", "units": 5, "kernel_initializer": given}]
    if name != "identity":
        convolution = {"type": "conv2d", "filters": 4, "kernel_size": [2, 3], "kernel_initializer": given}
        layers = [{"type": "reshape", "target_shape": [8, 8, 1]}, convolution, *layers]
    spec = make_spec({"seed": 3}, architecture={"layers": layers}, dataset="digits")
    planned = plan_job(spec)
    kernels = [
        values for values in initial_weights(build_network(planned, "float32"), planned, 3) if values.ndim > 1
    ]
    kind = getattr(keras.initializers, "".join(part.capitalize() for part in name.split("_")))
    short = str(INITIALIZERS[name].model_validate(given))
    for kernel in kernels[:-1]:
        stream = derive(3, Role.KERNEL, short, kernel.shape, 1)
        seed = {"seed": stream} if INITIALIZERS[name].drawn else {}
        np.testing.assert_array_equal(kernel, kind(**options, **seed)(kernel.shape))
