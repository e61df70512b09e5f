"""Survives stale statistics, after few updates."""

import numpy as np

from normlab.analysis.claims.claim import Claim, Definition, Examined, Need
from normlab.analysis.claims.effect import Better, Effect, NotApplicable, Unit, Unknown
from normlab.analysis.claims.evidence import Evidence, Run, paired_values
from normlab.analysis.mechanism.quantities import Scale

MAY_LOSE = 0.01
"""So much validation accuracy may be lost to statistics that have not settled."""
SETTLED = 0.01
"""Where less than this is left of the statistics that the run began with, they are not stale."""


def _start_share(run: Run) -> float:
    """The largest part that is left of the first moving statistics after the first epoch; 0 without any."""
    layers = run.layers("moving", "start_share")
    return max((run.at_epoch_end("moving", "start_share", layer) or 0.0 for layer in layers), default=0.0)


def examine(evidence: Evidence) -> Examined:
    """Accuracy in use against that with the statistics of the data."""
    with_statistics = [bool(run.layers("moving", "start_share")) for run in evidence.same.b]
    if not evidence.same.b or not any(run.measured for run in evidence.same.b):
        return {"accuracy": Unknown("nothing was measured inside the networks")}
    if not any(with_statistics):
        return NotApplicable(f"{evidence.b} has no moving statistics: 0 layers with batch normalization")
    if any(run.layers("moving", "start_share") for run in evidence.same.a):
        return NotApplicable(f"{evidence.a} has moving statistics, too: they are not what was changed")
    share = float(np.mean([_start_share(run) for run in evidence.same.b]))
    if share < SETTLED:
        return NotApplicable(
            f"after the first epoch {100 * share:.2g} % is left of the statistics that {evidence.b} began with, so "
            f"they are not stale; above {100 * SETTLED:.0f} % they are"
        )
    values = paired_values(
        (
            run.at_epoch_end("three_statistics", "accuracy_population"),
            run.at_epoch_end("three_statistics", "accuracy_moving"),
        )
        for run in evidence.same.b
    )
    if values is None:
        return {"accuracy": Unknown("accuracy with other statistics was not measured")}
    population, moving = values
    return {
        "accuracy": Effect(
            f"accuracy of {evidence.b} after the first epoch, with {100 * share:.0f} % of its first statistics left,",
            population - MAY_LOSE,
            moving,
            Better.LARGER,
            Scale.DIFFERENCE,
            0.0,
            Unit.PERCENT,
            names=(f"use with settled statistics less {100 * MAY_LOSE:g} point", "use as it is"),
        )
    }


CLAIM = Claim(
    name="stale_statistics",
    sentence="survives stale statistics",
    definition=(
        "After few updates the moving statistics are still in good part the mean 0 and variance 1 that they began "
        "with. At the end of the first epoch: the accuracy on held-out samples with the moving statistics may be at "
        "most 1 percentage point below that with the statistics of the data, weights being the same. Not applicable "
        "where less than 1 % of the first statistics is left, where there are none, and where both arms have some."
    ),
    source="Wu and Johnson (2021), arXiv 2105.07576, section 3; momentum to the power of the updates",
    runs="Both arms as they are, with common seeds, and the probes `moving` and `three_statistics`.",
    cost="3 forward passes of 1,000 samples at each epoch's end, and 1 of 2,048 at each point.",
    needs=(Need.COMPARISON, Need.PROBES),
    definitions=(Definition("accuracy", "it loses no more than that to them"),),
    examine=examine,
    probes=("moving", "three_statistics"),
)
