"""A question to the measurements of a run."""

from collections.abc import Callable
from dataclasses import dataclass

from normlab.analysis.diagnosis.finding import Observation
from normlab.analysis.diagnosis.observed import Observed


def always(run: Observed) -> str:  # noqa: ARG001  (the signature of all that say why a rule does not apply)
    """For rules that apply to every network."""
    return ""


@dataclass(frozen=True)
class Rule:
    """A row of the table of rules."""

    code: str
    question: str
    needs: tuple[tuple[str, str], ...]
    """Probes and their statistics without which nothing can be said; none for those that read the epochs alone."""
    looks: Callable[[Observed], Observation | None]
    """Gives what is wrong, or None."""
    looked_at: Callable[[Observed], str]
    """At what it looked, for the answer that nothing was found."""
    source: str
    not_applicable: Callable[[Observed], str] = always
    """Why there is nothing of the kind in this network; "" where there is."""
    least_epochs: int = 0
    """How many epochs there have to be before anything can be said."""
