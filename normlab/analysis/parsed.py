"""A run's spec as a whole, where the plan of its network is asked for."""

from normlab.analysis.records import SpecDocument
from normlab.errors import SpecError
from normlab.spec import JobSpec, parse_job_spec


def parsed(spec: SpecDocument) -> JobSpec | None:
    """The spec of a document; None for one that is not one (any more)."""
    try:
        return parse_job_spec(dict(spec))
    except SpecError:
        return None
