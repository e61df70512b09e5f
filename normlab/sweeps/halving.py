"""Successive halving: many points with few epochs, of which the best third goes on with three times as many.

Source: Jamieson and Talwalkar (2016), Non-stochastic best arm identification and hyperparameter optimization, AISTATS;
with η = 3, as Li et al. (2018), Hyperband, JMLR 18.

A rung's run is the beginning of the next rung's only if no learning rate depends on how long the run will be. So a
schedule that is stretched over the run is refused: it would be another training at each rung, and what is compared
would be how the points do with a short schedule.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from normlab.errors import Problem
from normlab.spec import JobSpec
from normlab.spec.run_length import depends_on_length
from normlab.sweeps.request import SweepQuestion

ETA = 3
"""A rung has a third of the points of the one before it, with three times the epochs."""


@dataclass(frozen=True)
class Ladder:
    """The rungs, the first with the most points."""

    points: tuple[int, ...]
    """Of each arm, by rung."""

    def epochs(self, spec: JobSpec, rung: int) -> int:
        """How long a point is trained on a rung; on the last as the spec says."""
        return max(1, round(spec.training.epochs / int(ETA ** (len(self.points) - 1 - rung))))


def ladder(question: SweepQuestion, specs: Sequence[JobSpec], most_jobs: int) -> Ladder | None:
    """The ladder that a budget of jobs allows; None if it is too small to halve anything."""
    jobs = most_jobs if question.budget is None or question.budget.jobs is None else question.budget.jobs
    runs = jobs // (len(specs) * question.seeds)
    epochs = min(spec.training.epochs for spec in specs)
    for rungs in range(int(math.log(epochs, ETA) + 1e-9) + 1, 1, -1):
        first = max((first for first in range(1, runs + 1) if sum(_rungs(first, rungs)) <= runs), default=0)
        if first >= ETA ** (rungs - 1):
            return Ladder(tuple(_rungs(first, rungs)))
    return None


def _rungs(first: int, rungs: int) -> list[int]:
    return [first // ETA**rung for rung in range(rungs)]


def changes_length(pointer: str) -> bool:
    """Whether a parameter changes how long a run is, or what its length means."""
    return pointer in ("/training", "/training/epochs") or pointer.startswith(
        "/training/learning_rate_schedule"
    )


def ladder_problem(spec: JobSpec) -> Problem | None:
    """Why the runs of a rung would not be the beginnings of those of the next one."""
    training = spec.training
    if training.epochs < ETA:
        return Problem("/training/epochs", f"should be at least {ETA} to begin with fewer")
    lengths = {max(1, training.epochs // ETA**power) for power in range(1, 6)}
    if any(depends_on_length(spec, epochs) for epochs in lengths):
        return Problem(
            "/training/learning_rate_schedule",
            f"should not depend on the number of epochs: {training.learning_rate_schedule.name} ends a shorter run "
            "otherwise, so that it is no beginning of a longer one. Take constant, exponential or reduce_on_plateau, "
            "or another strategy",
        )
    return None
