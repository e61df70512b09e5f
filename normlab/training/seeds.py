"""Seeds by role: each use of chance has a stream of its own, derived from (seed, role) and from nothing else.

So the same seed gives the same data order in every arm, whatever its layers draw, and the same initial kernel
wherever shape and initializer agree.
"""

import hashlib
from enum import StrEnum

import numpy as np


class Role(StrEnum):
    """What a stream of random numbers is for."""

    KERNEL = "kernel"
    ORDER = "order"
    SPLIT = "split"
    DROPOUT = "dropout"
    PROBES = "probes"
    AUGMENTATION = "augmentation"
    CORRUPTION = "corruption"


def derive(seed: int, role: Role, *parts: object) -> int:
    """A number in [0, 2**31) that depends on all arguments, by SHA-256.

    >>> derive(42, Role.DROPOUT, 0), derive(42, Role.DROPOUT, 1), derive(43, Role.DROPOUT, 0)
    (1020369370, 1871906661, 1040161672)
    """
    return int.from_bytes(_hash(seed, role, *parts)[:4], "big") & 0x7FFF_FFFF


def generator(seed: int, role: Role, *parts: object) -> np.random.Generator:
    """A NumPy generator (PCG64) of its own for all arguments."""
    return np.random.Generator(np.random.PCG64(int.from_bytes(_hash(seed, role, *parts)[:16], "big")))


def _hash(seed: int, role: Role, *parts: object) -> bytes:
    return hashlib.sha256("/".join(["normlab", str(seed), role, *map(str, parts)]).encode()).digest()
