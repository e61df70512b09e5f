"""Whether an exported file gives the network's probabilities in a runtime that people use it in."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from normlab.spec.plan import predicts_numbers
from normlab.training.export.plain import table_statistics
from normlab.training.export.serving_function import TrainedNetwork

BATCHES = (1, 64)
"""The sizes that a file is tried with."""
TOLERANCE = 1e-3
"""Between the file's probabilities and the network's. Rounding makes some 1e-6; a wrong operation more than this."""

_MISSING = 0.1
"""Of the values of a table that it is tried with."""

_Pixels = npt.NDArray[np.float32]


def check(run: Callable[[_Pixels], _Pixels], trained: TrainedNetwork, *, runtime: str) -> None:
    """Compare what ``run`` gives for raw pixels (batch, *shape) with what the network gives: (batch, classes). Numbers
    are compared as parts of the largest of them, since they may be of any unit.

    Raises ``ValueError``, which names the runtime and the largest difference.
    """
    pixels = _random_rows(trained) if trained.table is not None else _random_pixels(trained)
    expected = np.asarray(trained.network(pixels, training=False))
    numbers = predicts_numbers(trained.planned)
    what, unit = ("numbers", np.abs(expected).max()) if numbers else ("probabilities", 1.0)
    for batch in BATCHES:
        difference = np.abs(run(pixels[:batch]) - expected[:batch])
        if not np.allclose(difference, 0, atol=TOLERANCE * unit):
            raise ValueError(
                f"in {runtime} its {what} are wrong by up to {difference.max():.2g} "
                f"for a batch of {batch}: use another format"
            )


def _random_rows(trained: TrainedNetwork) -> _Pixels:
    """Rows of a table around those that were trained on, with missing values and unknown categories: (64, columns)."""
    draws, rows, table = np.random.default_rng(0), max(BATCHES), trained.table
    assert table is not None  # noqa: S101 - for mypy
    values = np.empty((rows, *trained.network.input_shape[1:]), np.float32)
    mean, deviation = table_statistics(trained.network)
    values[:, list(table.numbers)] = mean + deviation * draws.normal(0, 2, (rows, len(table.numbers)))
    for column in table.categories:
        values[:, column.index] = draws.integers(-1, column.categories, rows)
    values[draws.random(values.shape) < _MISSING] = np.nan
    return values


def _random_pixels(trained: TrainedNetwork) -> _Pixels:
    """Noise from strong to faint: (64, *shape). Where all is strong, a sure network may hide a wrong operation."""
    shape = trained.network.input_shape[1:]
    strength = np.linspace(1, 0, max(BATCHES), endpoint=False).reshape(-1, *(1 for _ in shape))
    noise = np.random.default_rng(0).uniform(0, trained.pixel_max, (max(BATCHES), *shape))
    return (noise * strength).astype(np.float32)
