"""How large the networks are that are compared: a larger one may be better for its size alone."""

from dataclasses import dataclass

from normlab.analysis.parsed import parsed
from normlab.analysis.records import SpecDocument
from normlab.spec import estimate


@dataclass(frozen=True)
class NetworkSize:
    """What a network has and does, worked out from its spec."""

    parameters: int
    multiplications_per_sample: int


def size_of(spec: SpecDocument) -> NetworkSize | None:
    """The size of a spec's network; None for a spec that is not one (any more)."""
    if (whole := parsed(spec)) is None:
        return None
    size = estimate(whole)
    return NetworkSize(size.parameters, size.multiplications_per_sample)
