"""Reduces internal covariate shift."""

from collections.abc import Collection, Mapping

import numpy as np

from normlab.analysis.claims.claim import Claim, Definition, Examined, Need
from normlab.analysis.claims.effect import Better, Effect, NotApplicable, Unknown, of_ratios
from normlab.analysis.claims.evidence import Evidence, Run

MARGIN = 1.1
"""A tenth less does not matter."""

_QUANTITIES = {
    "distribution": ("distribution_shift", "preactivation", "the shift of what enters the activations"),
    "gradients": (
        "gradient_shift",
        "relative",
        "the change of a layer's gradient by the step of the layers below",
    ),
}


def _positive(run: Run, probe: str, statistic: str) -> dict[tuple[str, int], float]:
    """What was measured at the end of each epoch, by layer and epoch, where it is above 0."""
    return {
        (layer, epoch): value
        for layer in run.layers(probe, statistic)
        for epoch, value in run.at_epoch_ends(probe, statistic, layer).items()
        if value > 0
    }


def _mean(values: Mapping[tuple[str, int], float], keys: Collection[tuple[str, int]]) -> float:
    """The geometric mean over these layers and epochs."""
    return float(np.exp(np.mean([np.log(values[key]) for key in keys])))


def _effect(evidence: Evidence, probe: str, statistic: str, words: str) -> Effect | Unknown:
    pairs = [
        (_mean(first, both), _mean(second, both))
        for run_a, run_b in zip(evidence.same.a, evidence.same.b, strict=True)
        for first, second in [(_positive(run_a, probe, statistic), _positive(run_b, probe, statistic))]
        if (both := sorted(first.keys() & second.keys()))
    ]
    if not pairs:
        return Unknown(f"{words} was not measured at a layer that both arms have")
    a, b = np.array(pairs, float).T
    return of_ratios(f"{words} (geometric mean over layers and epochs)", a, b, Better.SMALLER, margin=MARGIN)


def examine(evidence: Evidence) -> Examined:
    """Both definitions, at the layers with a kernel that both arms have."""
    if (reason := evidence.guessing()) is not None:
        return NotApplicable(reason)
    return {name: _effect(evidence, *quantity) for name, quantity in _QUANTITIES.items()}


CLAIM = Claim(
    name="covariate_shift",
    sentence="reduces internal covariate shift",
    definition=(
        "By distributions: how far the values of each unit of z = Wx + b move from one epoch's end to the next "
        "(Wasserstein-1 distance by their deviation; median over units). By gradients: how much a layer's gradient on "
        "one batch changes, as a part of itself, once all layers below have taken their step. Geometric means over the "
        "layers that both arms have and over the epochs. A tenth less does not matter; not applicable where an arm "
        "learns nothing, since then nothing shifts."
    ),
    source=(
        "Ioffe and Szegedy (2015), arXiv 1502.03167, section 4.1; Santurkar et al. (2018), arXiv 1805.11604, "
        "definition 2.1"
    ),
    runs="Both arms as they are, with common seeds, and the probes `distribution_shift` and `gradient_shift`.",
    cost="1 forward and backward pass for every other layer with a kernel, and 1 forward pass of 512 samples, a point.",
    needs=(Need.COMPARISON, Need.PROBES),
    definitions=(
        Definition("distribution", "the distributions of what enters the activations shift less"),
        Definition("gradients", "the gradients shift less"),
    ),
    examine=examine,
    probes=("distribution_shift", "gradient_shift"),
)
