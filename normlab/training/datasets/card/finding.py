"""What a family of questions gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from normlab.training.datasets.card.parts import Parts

Severity = Literal["error", "warning", "info"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The worst first."""

EXAMPLES = 5
"""So many are shown of a finding."""


@dataclass(frozen=True)
class Finding:
    """Something about a dataset that who trains on it should know."""

    code: str
    severity: str
    detail: str
    """What is so, and what to do."""
    count: int
    examples: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    """What the sentence rests on; a threshold stands beside what it was compared with."""
    shown: Sequence[Sequence[int]] = ()
    """The examples' samples by their numbers among all, those that belong together in one row."""


def named(parts: Parts, groups: Sequence[Sequence[int]]) -> tuple[str, ...]:
    """Groups of samples, for people."""
    return tuple(" = ".join(parts.name_of(number) for number in group) for group in groups)


def listed(names: Sequence[str], most: int = EXAMPLES) -> str:
    """Some names in a sentence: ``a, b and 7 more``."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def percent(share: float) -> str:
    """A share in a sentence: as many digits as make it differ from 0."""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
