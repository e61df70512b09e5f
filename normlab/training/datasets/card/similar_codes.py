"""For each of some hashes, the nearest among many others, by sorting rather than by comparing all pairs."""

import numpy as np
import numpy.typing as npt

from normlab.training.datasets.card.perceptual_hash import Codes

TABLES = 16
"""Orders of the bits by which the others are sorted. Two codes are neighbours in a table when the bits in which they
differ come late in its order."""

WINDOW = 32
"""Neighbours looked at in each table."""

_SEED = 20_261_128
_QUERIES = 8_192
_NOTHING = np.uint64(2**64 - 1)
_PLACE_BITS = np.uint64(40)


def nearest(
    queries: Codes, others: Codes, *, most_bits: int, keep: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The places in ``others`` of each query's nearest codes, (queries, keep), and in how many bits they differ.

    The nearest come first; where there are fewer than ``keep`` within ``most_bits``, -1. A near one may be missed: that
    is the price of n log n. The time is ``TABLES`` sorts of the others and ``TABLES * WINDOW`` looks for each query,
    whatever the codes are.
    """
    best = np.full((len(queries), keep), _NOTHING)
    orders = np.random.default_rng(_SEED)
    for _ in range(TABLES):
        bits = orders.permutation(64)[:32]
        keys = _gathered(others, bits)
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        for start in range(0, len(queries), _QUERIES):
            chunk = slice(start, start + _QUERIES)
            middle = np.searchsorted(keys, _gathered(queries[chunk], bits))
            first = np.clip(middle - WINDOW // 2, 0, max(0, len(others) - WINDOW))
            near = order[np.minimum(first[:, None] + np.arange(WINDOW), len(others) - 1)]
            differ = np.bitwise_count(others[near] ^ queries[chunk, None]).astype(np.uint64)
            found = np.where(differ <= most_bits, differ << _PLACE_BITS | near.astype(np.uint64), _NOTHING)
            best[chunk] = _merged(best[chunk], found, keep)
    places = (best & ((np.uint64(1) << _PLACE_BITS) - np.uint64(1))).astype(np.int64)
    nothing = best == _NOTHING
    return np.where(nothing, -1, places), np.where(nothing, -1, (best >> _PLACE_BITS).astype(np.int64))


def _gathered(codes: Codes, bits: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """Some of the bits of each code, in this order, as a number."""
    keys = np.zeros(len(codes), np.uint32)
    for bit in bits:
        keys = keys << np.uint32(1) | (codes >> np.uint64(bit) & np.uint64(1)).astype(np.uint32)
    return keys


def _merged(best: Codes, found: Codes, keep: int) -> Codes:
    """The smallest of each row of both, each once."""
    both = np.sort(np.concatenate([best, found], axis=1), axis=1)
    both[:, 1:][both[:, 1:] == both[:, :-1]] = _NOTHING
    return np.sort(both, axis=1)[:, :keep]
