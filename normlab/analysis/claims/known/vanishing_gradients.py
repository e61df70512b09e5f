"""Cures the vanishing gradient."""

import numpy as np

from normlab.analysis.claims.claim import Claim, Definition, Examined, Need
from normlab.analysis.claims.effect import Better, Effect, NotApplicable, Unknown, of_ratios
from normlab.analysis.claims.evidence import Evidence, Run, paired_values
from normlab.analysis.claims.words import number
from normlab.analysis.diagnosis.gradients import FAR
from normlab.analysis.mechanism.quantities import Scale

MARGIN = 2.0
"""Twice as large a gradient in the first layer is the least that matters."""


def through_all_layers(run: Run) -> float | None:
    """The gradient at the first hidden layer as a part of that at the last, after the first epoch; None where there
    are fewer than two, or nothing is left at the last."""
    hidden = run.layers("gradient", "preactivation_rms")[:-1]  # the last is the output
    if len(hidden) < 2:
        return None
    first, last = (
        run.at_epoch_end("gradient", "preactivation_rms", layer) for layer in (hidden[0], hidden[-1])
    )
    return first / last if first is not None and last else None


def examine(evidence: Evidence) -> Examined:
    """How much of the gradient is left at the first layer in both arms."""
    values = paired_values(
        (through_all_layers(a), through_all_layers(b))
        for a, b in zip(evidence.same.a, evidence.same.b, strict=True)
    )
    if values is None:
        reason = Unknown(
            "the gradient by depth was not measured in both arms, or there are fewer than two hidden layers"
        )
        return {"less": reason, "cured": reason}
    a, b = values
    left = float(np.exp(np.log(np.maximum(a, np.finfo(float).tiny)).mean()))
    if left >= FAR:
        return NotApplicable(
            f"there is nothing to cure: in {evidence.a} the gradient at the first hidden layer is {number(left)} of "
            f"that at the last after the first epoch, and below {number(FAR)} it is said to vanish"
        )
    quantity = "the part of the gradient that is left at the first hidden layer"
    b = np.maximum(b, np.finfo(float).tiny)
    return {
        "less": of_ratios(quantity, np.maximum(a, np.finfo(float).tiny), b, Better.LARGER, margin=MARGIN),
        "cured": Effect(
            quantity,
            np.full_like(b, FAR),
            b,
            Better.LARGER,
            Scale.RATIO,
            1.0,
            names=("what is said to vanish", evidence.b),
        ),
    }


CLAIM = Claim(
    name="vanishing_gradients",
    sentence="cures the vanishing gradient",
    definition=(
        "The gradient by what enters the activation at the first hidden layer as a part of that at the last, after the "
        "first epoch. Not applicable where it does not vanish without the "
        "change: where it is at least a thousandth. It has to become larger, by a factor of at least 2, and to vanish "
        "no more."
    ),
    source="Glorot and Bengio (2010); Ioffe and Szegedy (2015), arXiv 1502.03167, section 3.3",
    runs="Both arms as they are, with common seeds, and the probe `gradient`.",
    cost="1 forward and backward pass of 256 samples at each point.",
    needs=(Need.COMPARISON, Need.PROBES),
    definitions=(
        Definition("less", "it vanishes less"),
        Definition("cured", "it vanishes no more"),
    ),
    examine=examine,
    probes=("gradient",),
)
