"""Regularizes."""

import numpy as np

from normlab.analysis.claims.claim import Claim, Definition, Examined, Need
from normlab.analysis.claims.effect import Better, Unknown, of_ratios
from normlab.analysis.claims.evidence import Evidence, Run

MARGIN = 1.02
"""A validation loss that is 2 % lower is the least that matters."""

_Curve = tuple[np.ndarray, np.ndarray]
"""Training losses, each below all before it, and the validation losses of the same epochs: (epochs,) each."""


def _curve(run: Run) -> _Curve:
    training = run.at_epoch_ends("fit", "loss")
    points: list[tuple[float, float]] = []
    for epoch in run.record.epochs:
        train, held_out = training.get(epoch.epoch), epoch.val_cross_entropy
        if train is None or held_out is None or not np.isfinite(held_out):
            continue
        if not points or train < points[-1][0]:
            points.append((train, held_out))
    columns = np.array(points, float).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]


def _at(curve: _Curve, training_loss: float) -> float:
    """The validation loss at a training loss, by interpolation."""
    return float(np.interp(training_loss, curve[0][::-1], curve[1][::-1]))


def examine(evidence: Evidence) -> Examined:
    """Validation losses of both arms at the lowest training loss that both have reached."""
    found, apart = [], 0
    for run_a, run_b in zip(evidence.same.a, evidence.same.b, strict=True):
        a, b = _curve(run_a), _curve(run_b)
        if not (len(a[0]) and len(b[0])):
            continue
        at = max(a[0][-1], b[0][-1])
        if at > min(a[0][0], b[0][0]):
            apart += 1
            continue
        found.append((_at(a, at), _at(b, at)))
    if not found:
        return {
            "equal_loss": Unknown(
                "at no training loss were both arms at an epoch's end: the one ends above where the other has its "
                "first epoch behind it, so that a gap at equal training loss is not known (more epochs would show it)"
                if apart
                else "the loss of the training samples in use was not measured in both arms"
            )
        }
    a_values, b_values = np.array(found, float).T
    quantity = "the validation loss at the lowest training loss that both arms reached"
    return {"equal_loss": of_ratios(quantity, a_values, b_values, Better.SMALLER, margin=MARGIN)}


CLAIM = Claim(
    name="regularizes",
    sentence="regularizes",
    definition=(
        "The validation loss where the training loss is equal: at the lowest one that both arms have reached, pair by "
        "pair. Both are cross-entropies of the network in use (moving statistics, no dropout), the training loss of a "
        "fixed set of 1,000 samples, between epochs by interpolation. At equal epochs the faster arm would be "
        "punished, and the training loss that is logged while training is one of other statistics and weights. "
        "2 % less does not matter."
    ),
    source="Ioffe and Szegedy (2015), arXiv 1502.03167, section 3.4; Luo et al. (2019), arXiv 1809.00846",
    runs="Both arms as they are, with common seeds, and the probe `fit`.",
    cost="1 forward pass of 1,000 samples at each epoch's end.",
    needs=(Need.COMPARISON, Need.PROBES),
    definitions=(Definition("equal_loss", "it has the lower validation loss at equal training loss"),),
    examine=examine,
    probes=("fit",),
)
