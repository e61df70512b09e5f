"""What claims are judged by: the runs of two arms, paired by seed, at their own setting and at others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any, Self

import numpy as np

from normlab.analysis.learning import cannot_be_told_from_guessing
from normlab.analysis.records import RunRecord
from normlab.analysis.validation import Floats
from normlab.documents.states import JobState
from normlab.spec.measurements import WHOLE_NETWORK, Measured


@dataclass(frozen=True)
class Corrupted:
    """What a network makes of corrupted test pictures, with the statistics that it was trained with."""

    clean: float
    """Its accuracy on the same pictures before."""
    by_corruption: Mapping[str, float]
    """Mean accuracy over the severities."""


@dataclass(frozen=True)
class Run:
    """A training run and what probes measured in it."""

    record: RunRecord
    measured: Sequence[Measured] = ()
    steps: int = 0
    """Of an epoch; 0 where that is not known."""
    corrupted: Corrupted | None = None
    """None where it was not tried."""

    @cached_property
    def _at_ends(self) -> Mapping[tuple[str, str, str], Mapping[int, float]]:
        """By probe, statistic and layer the number that was measured last in each epoch."""
        found: dict[tuple[str, str, str], dict[int, float]] = {}
        for item in self.measured:
            found.setdefault((item.probe, item.statistic, item.layer), {})[item.epoch] = item.value
        return found

    def at_epoch_end(
        self, probe: str, statistic: str, layer: str = WHOLE_NETWORK, *, epoch: int = 1
    ) -> float | None:
        """A number as it was measured last in an epoch; None where it was not, or is not finite."""
        return self.at_epoch_ends(probe, statistic, layer).get(epoch)

    def at_epoch_ends(self, probe: str, statistic: str, layer: str = WHOLE_NETWORK) -> Mapping[int, float]:
        """The same by epoch, from the first one on; without what is not finite."""
        values = self._at_ends.get((probe, statistic, layer), {})
        return {epoch: value for epoch, value in values.items() if epoch > 0 and isfinite(value)}

    def layers(self, probe: str, statistic: str) -> tuple[str, ...]:
        """The layers of which there is such a number, in the order of the network."""
        return tuple(layer for *key, layer in self._at_ends if key == [probe, statistic])

    @property
    def accuracy(self) -> float | None:
        """The validation accuracy of the network that is kept; 0 where the loss stopped being a number."""
        if self.record.state == JobState.FAILED:
            return 0.0
        return None if self.record.kept is None else self.record.kept.val_accuracy


@dataclass(frozen=True)
class Setting:
    """Where runs differ from what their arm says: one value of its spec."""

    pointer: str
    """JSON pointer into a job's spec."""
    value: Any
    times: bool = False
    """Whether the arm's own value, a number, is multiplied by it."""


@dataclass(frozen=True)
class Paired:
    """Runs of both arms, pair by pair in one order."""

    a: Sequence[Run] = ()
    b: Sequence[Run] = ()

    @classmethod
    def of(cls, a: Iterable[Run], b: Iterable[Run]) -> Self:
        """The runs of those pairs that have both."""
        first, second = ({run.record.pair_number: run for run in runs} for runs in (a, b))
        both = [pair for pair in first if pair in second]
        return cls([first[pair] for pair in both], [second[pair] for pair in both])

    def __len__(self) -> int:
        return len(self.a)


@dataclass(frozen=True)
class Evidence:
    """All that was run for claims about two arms: ``b`` is the one with the change."""

    a: str
    """The name of the arm without the change."""
    b: str
    same: Paired
    """Both arms as they are."""
    at: Mapping[Setting, Paired] = field(default_factory=dict)
    """Both arms at other settings."""
    target_accuracy: float | None = None
    """The validation accuracy to which time is counted; None: worked out of each pair."""

    def values(self, probe: str, statistic: str) -> tuple[Floats, Floats] | None:
        """A number of the whole network at the end of the first epoch in both arms: (pairs,) each, of the pairs where
        both have it; None where none has."""
        return paired_values(
            (run_a.at_epoch_end(probe, statistic), run_b.at_epoch_end(probe, statistic))
            for run_a, run_b in zip(self.same.a, self.same.b, strict=True)
        )

    @property
    def without_learning(self) -> str | None:
        """The arm that has learned nothing in any run."""
        for name, runs in ((self.a, self.same.a), (self.b, self.same.b)):
            if runs and all(cannot_be_told_from_guessing(run.record) for run in runs):
                return name
        return None

    def guessing(self) -> str | None:
        """Why nothing can be read off the inside of networks of which some learned nothing; None where all did."""
        if (name := self.without_learning) is None:
            return None
        reached = [run.accuracy for run in (self.same.a if name == self.a else self.same.b)]
        known = [value for value in reached if value is not None]
        figure = f" ({100 * float(np.mean(known)):.1f} % of the validation samples right)" if known else ""
        return f"{name} has learned nothing{figure}, and a network that does not learn shows none of it"


def paired_values(pairs: Iterable[tuple[float | None, float | None]]) -> tuple[Floats, Floats] | None:
    """Values of both arms, of the pairs that have both: (pairs,) each. None where none has."""
    both = [(a, b) for a, b in pairs if a is not None and b is not None]
    if not both:
        return None
    values = np.array(both, float)
    return values[:, 0], values[:, 1]
