"""At which points many series differ, with the error kept for all claims together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHAINS = 2
"""Of each series: from its start on, and from its end back."""


def told_apart(p_values: Sequence[NDArray[Any]], alpha: float) -> list[NDArray[np.bool_]]:
    """At which points each series differs, with a probability of at most ``alpha`` that any of it is wrong.

    A chain is tested point by point at its part of the error, up to the first point that does not differ; a chain that
    is through hands its part to the others. Chains of one point are Holm's procedure. Source: Bretz, Maurer, Brannath
    and Posch (2009), A graphical approach to sequentially rejective multiple test procedures, Statistics in Medicine
    28.

    Args:
        p_values: Of each series, in the order of its points: (points,).
        alpha: The error of all claims together.

    >>> [list(map(bool, told)) for told in told_apart([np.array([0.001, 0.5, 0.002]), np.array([0.5, 0.5])], 0.05)]
    [[True, False, True], [False, False]]
    """
    chains = [chain for values in p_values for chain in (values, values[::-1])]
    lengths = [0] * len(chains)
    while active := [number for number, chain in enumerate(chains) if lengths[number] < len(chain)]:
        level = alpha / len(active)
        for number in active:
            over = np.flatnonzero(chains[number] > level)
            lengths[number] = int(over[0]) if len(over) else len(chains[number])
        if all(lengths[number] < len(chains[number]) for number in active):
            break
    told = []
    for number, values in enumerate(p_values):
        forward, backward = lengths[CHAINS * number : CHAINS * (number + 1)]
        places = np.arange(len(values))
        told.append((places < forward) | (places >= len(values) - backward))
    return told
