"""Checks of the numbers that a caller hands in, so that no method below has to warn."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

ROUNDING = 16 * float(np.finfo(np.float64).eps)
"""Differences of numbers that agree to this fraction are rounding, not data."""


def as_values(name: str, data: ArrayLike, *, minimum: int = 1) -> Floats:
    """``data`` as an array of shape (n,) of finite float64. Raises ``ValueError`` that names what is
    wrong."""
    values = _as_array(name, data)
    if values.ndim != 1:
        raise ValueError(
            f"{name} should be a flat sequence of numbers, one per run, but it has shape {values.shape}"
        )
    if values.dtype.kind not in "buif":
        if values.size:
            raise ValueError(f"{name} should be numbers, but it holds {values.dtype}")
        values = values.astype(np.float64)
    values = values.astype(np.float64)
    if len(values) < minimum:
        raise ValueError(
            f"{name} should have at least {minimum} value{'s' * (minimum > 1)}, but it has {len(values)}"
        )
    _refuse_nonfinite(name, values)
    return values


def as_matrix(name: str, data: ArrayLike, *, or_row: bool = False) -> Floats:
    """``data`` as an array of shape (n, m) of finite float64; with ``or_row`` flat data are a single row. Raises
    ``ValueError`` that names what is wrong."""
    values = _as_array(name, data)
    if or_row and values.ndim == 1:
        values = values[None]
    if values.ndim != 2 or values.dtype.kind not in "buif":
        raise ValueError(
            f"{name} should be a table of numbers with a row for each run, but it is {values.dtype} "
            f"of shape {values.shape}"
        )
    if 0 in values.shape:
        raise ValueError(f"{name} should have rows and columns, but its shape is {values.shape}")
    if values.dtype.kind == "f":
        _refuse_nonfinite(name, values)
    return values.astype(np.float64)


def as_pairs(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    """Two arrays of shape (n,), n ≥ 1, that belong together value by value."""
    first, second = as_values("a", a), as_values("b", b)
    if len(first) != len(second):
        raise ValueError(
            f"a and b should have one value for each pair, but they have {len(first)} and {len(second)}: "
            "leave out the runs whose partner is missing"
        )
    return first, second


def as_generator(rng: np.random.Generator | int | None) -> np.random.Generator:
    """The generator for resampling. None stands for a fixed seed, so that the same data give the same
    answer."""
    return rng if isinstance(rng, np.random.Generator) else np.random.default_rng(0 if rng is None else rng)


def check_confidence(confidence: float) -> float:
    """Refuse what is no confidence level."""
    if not 0.5 <= confidence < 1:
        raise ValueError(
            f"confidence should be at least 0.5 and less than 1, such as 0.95, but it is {confidence}"
        )
    return float(confidence)


def check_margin(margin: float) -> float:
    """Refuse what is no equivalence margin."""
    if not (margin >= 0 and np.isfinite(margin)):
        raise ValueError(
            f"equivalence_margin should be 0 or a positive number in the metric's units, but it is {margin}"
        )
    return float(margin)


def _as_array(name: str, data: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(data)
    except ValueError:
        raise ValueError(f"{name} should have rows of the same length") from None


def _refuse_nonfinite(name: str, values: Floats) -> None:
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        place = ", ".join(map(str, wrong[0]))
        raise ValueError(
            f"{name}[{place}] is {values[tuple(wrong[0])]}: leave out a run without a finite value, and its partner"
        )
