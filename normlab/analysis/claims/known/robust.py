"""Is robust to changes of the input."""

from collections.abc import Iterable

import numpy as np

from normlab.analysis.claims.claim import Claim, Definition, Examined, Need
from normlab.analysis.claims.effect import Better, Effect, Unit, Unknown
from normlab.analysis.claims.evidence import Corrupted, Evidence, paired_values
from normlab.analysis.mechanism.quantities import Scale
from normlab.spec.robustness import CORRUPTIONS, CorruptionName

MARGIN = 0.01
"""A percentage point of what is kept does not matter."""
NOISE = tuple(name for name, row in CORRUPTIONS.items() if row.family == "noise")

_ASKED: dict[str, tuple[tuple[CorruptionName, ...], str]] = {
    "overall": (
        tuple(CORRUPTIONS),
        "the part of its accuracy that is kept under all corruptions, on average,",
    ),
    "noise": (NOISE, "the part of its accuracy that is kept under additive, shot and impulse noise"),
}


def _kept(corrupted: Corrupted | None, names: Iterable[CorruptionName]) -> float | None:
    """Mean accuracy under these corruptions as a part of that on the clean pictures."""
    if corrupted is None or not corrupted.clean:
        return None
    return float(np.mean([corrupted.by_corruption[name] for name in names])) / corrupted.clean


def examine(evidence: Evidence) -> Examined:
    """What is kept by networks with the statistics that they were trained with."""
    found: dict[str, Effect | Unknown] = {}
    for definition, (names, words) in _ASKED.items():
        values = paired_values(
            (_kept(a.corrupted, names), _kept(b.corrupted, names))
            for a, b in zip(evidence.same.a, evidence.same.b, strict=True)
        )
        found[definition] = (
            Unknown("no pair of networks was tried on corrupted pictures")
            if values is None
            else Effect(words, *values, Better.LARGER, Scale.DIFFERENCE, MARGIN, Unit.PERCENT)
        )
    return found


CLAIM = Claim(
    name="robust",
    sentence="is robust to changes of the input",
    definition=(
        "The networks are tried on corrupted copies of the test pictures, the same for both arms: 12 corruptions at 5 "
        "severities, clipped to the range of raw pixels. Compared is the mean accuracy as a part of the network's own "
        "on the clean pictures, with the statistics that it was trained with: under all corruptions, and under noise "
        "alone. A percentage point does not matter."
    ),
    source=(
        "against it Galloway et al. (2019), arXiv 1905.02161; the corruptions are those of Hendrycks and Dietterich "
        "(2019), arXiv 1903.12261, as far as they fit"
    ),
    runs="Both arms as they are, with common seeds; each network on 60 corrupted copies of the test set.",
    cost="No training; seconds for each network, in a process beside the worker's trainings.",
    needs=(Need.COMPARISON, Need.ROBUSTNESS),
    definitions=(
        Definition("overall", "it keeps more of its accuracy when pictures are corrupted"),
        Definition("noise", "it keeps more of its accuracy under noise"),
    ),
    examine=examine,
)
