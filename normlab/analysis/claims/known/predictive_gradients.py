"""More predictive gradients."""

from normlab.analysis.claims.claim import Claim, Definition, Examined, Need
from normlab.analysis.claims.effect import Better, NotApplicable, Unknown, of_ratios
from normlab.analysis.claims.evidence import Evidence

MARGIN = 1.1
"""A tenth less does not matter."""

_QUANTITIES = {
    "gradient": ("gradient_change", "the largest relative change of the gradient along itself"),
    "loss": ("loss_range", "the relative range of the loss along the gradient"),
}


def examine(evidence: Evidence) -> Examined:
    """Both quantities at the end of the first epoch."""
    if (reason := evidence.guessing()) is not None:
        return NotApplicable(reason)
    return {
        definition: Unknown(f"{words} was not measured")
        if (values := evidence.values("predictiveness", statistic)) is None
        else of_ratios(f"{words}, after the first epoch,", *values, Better.SMALLER, margin=MARGIN)
        for definition, (statistic, words) in _QUANTITIES.items()
    }


CLAIM = Claim(
    name="predictive_gradients",
    sentence="has more predictive gradients",
    definition=(
        "At the end of the first epoch 8 plain steps are tried along the gradient of a training batch, of 1/4 to 32 "
        "learning rates: how much the gradient changes, as a part of itself, and over which range the loss goes, as a "
        "part of itself. Both without a dimension, since raw gradients mean something else in each arm. A tenth less "
        "does not matter; not applicable where an arm learns nothing."
    ),
    source="Santurkar et al. (2018), arXiv 1805.11604, figure 4",
    runs="Both arms as they are, with common seeds, and the probe `predictiveness`.",
    cost="9 forward and backward passes of one batch at each epoch's end.",
    needs=(Need.COMPARISON, Need.PROBES),
    definitions=(
        Definition("gradient", "the gradient changes less along itself"),
        Definition("loss", "the loss varies less along the gradient"),
    ),
    examine=examine,
    probes=("predictiveness",),
)
