"""The matrix products of an epoch alone, by NumPy's OpenBLAS on one core, and that core's peak."""

from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt
from networks import NETWORKS, TRAINING_SAMPLES
from threadpoolctl import threadpool_limits

from normlab.spec import PlannedLayer, parse_job_spec, plan_job
from normlab.spec.layers import Conv2D, Dense
from peers.data import BATCH

Product = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]


def prepare(network: str, folder: Path) -> Callable[[], dict[str, float]]:  # noqa: ARG001  (needs no data)
    threadpool_limits(limits=1)
    steps = TRAINING_SAMPLES.get(network, 55_000) / BATCH
    planned = plan_job(parse_job_spec(NETWORKS[network]))
    products = [product for item in products_of(planned) for product in item]
    operations = sum(2 * a.shape[0] * a.shape[1] * b.shape[1] for a, b, _ in products) * steps
    square = np.random.default_rng(0).normal(size=(1024, 1024)).astype(np.float32)
    out = np.empty_like(square)

    def epoch() -> dict[str, float]:
        peak = max(2 * 1024**3 / timed([(square, square, out)]) for _ in range(20))
        # A tenth of an epoch, and of it the best of ten parts: what the core can do when nobody disturbs it.
        alone = min(sum(timed(products) for _ in range(17)) / 17 for _ in range(10)) * steps
        return {"peak_gflops": peak / 1e9, "at_peak_seconds": operations / peak, "products_seconds": alone}

    return epoch


def products_of(planned: tuple[PlannedLayer, ...]) -> Iterator[list[Product]]:
    """Of each dense or convolutional layer: output, kernel's gradient, and input's gradient if somebody needs it.

    A convolution counts as the product of its unrolled windows with its kernel.
    """
    needs_input_gradient = False
    for item in planned:
        if isinstance(item.layer, Dense | Conv2D):
            *inner, width = item.layer.kernel_shape(item.input_shape)
            rows, depth = BATCH * prod(item.output_shape[:-1]), prod(inner)
            x, kernel, y = filled(rows, depth), filled(depth, width), filled(rows, width)
            products = [(x, kernel, y), (x.T, y, kernel.copy())]
            if needs_input_gradient:
                products.append((y, kernel.T, x.copy()))
            yield products
        needs_input_gradient |= any(variable.trainable for variable in item.variables)


def filled(*shape: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def timed(products: list[Product]) -> float:
    began = perf_counter()
    for a, b, out in products:
        np.matmul(a, b, out=out)
    return perf_counter() - began
