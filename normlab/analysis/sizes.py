"""How large the networks are that are compared: a larger one may be better for its size alone."""

from dataclasses import dataclass

from normlab.analysis.records import SpecDocument
from normlab.errors import SpecError
from normlab.spec import estimate, parse_job_spec


@dataclass(frozen=True)
class NetworkSize:
    """What a network has and does, worked out from its spec."""

    parameters: int
    multiplications_per_sample: int


def size_of(spec: SpecDocument) -> NetworkSize | None:
    """The size of a spec's network; None for a spec that is not one (any more)."""
    try:
        size = estimate(parse_job_spec(dict(spec)))
    except SpecError:
        return None
    return NetworkSize(size.parameters, size.multiplications_per_sample)
