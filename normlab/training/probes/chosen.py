"""Which probes a run has: those that its spec asks for, or those that a caller gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from normlab.spec import JobSpec, plan_job
from normlab.spec.parse import parse_probes
from normlab.spec.probes import PROBES
from normlab.spec.probes.info import When
from normlab.spec.probes.samples import affordable_samples
from normlab.training.probes.base import Probe
from normlab.training.probes.batch import MAX_SAMPLES
from normlab.training.probes.registry import probe_classes


@dataclass(frozen=True)
class Chosen:
    """A probe with its options."""

    probe: Probe
    when: When
    samples: int
    """How many samples it looks at."""
    every: int = 1
    """It measures at the end of each so many epochs, of the first and of the last one."""


Given: TypeAlias = str | Sequence[str | Mapping[str, Any] | Probe]
"""``"off"``, ``"standard"``, or names, objects as in a job spec, and probes of one's own."""


def chosen_probes(spec: JobSpec, given: Given | None = None) -> tuple[Chosen, ...]:
    """The probes that ``given`` names or is, by default those of the spec, without those that nothing applies to.

    Raises ``SpecError`` for what is not known.
    """
    own = (
        [] if given is None or isinstance(given, str) else [each for each in given if isinstance(each, Probe)]
    )
    if given is None:
        asked = spec.probes
    else:
        asked = parse_probes(given if isinstance(given, str) else [each for each in given if each not in own])
    planned = plan_job(spec)
    affordable = min(affordable_samples(planned), spec.dataset.trained_on)
    chosen = [Chosen(each, When.POINTS, min(MAX_SAMPLES, affordable)) for each in own]
    for request in asked:
        row = PROBES[request.name]
        if row.place.applies(planned):
            samples = min(request.samples or row.samples or 1, affordable)
            every = request.every_of(spec.training.epochs)
            chosen.append(Chosen(probe_classes()[row.name](), row.when, samples, every))
    return tuple(chosen)
