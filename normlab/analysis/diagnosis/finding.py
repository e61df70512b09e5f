"""What a diagnosis consists of."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from normlab.analysis.documents import to_plain


class Severity(StrEnum):
    """How bad a finding is."""

    PROBLEM = "problem"
    """The network learns nothing, or much less than it could, until it is mended."""
    WARNING = "warning"
    """It learns, and something costs it accuracy, speed or robustness."""
    NOTE = "note"
    """Good to know before reading the figures."""


class Answer(StrEnum):
    """What became of a question to the measurements."""

    FOUND = "found"
    NOTHING_FOUND = "nothing_found"
    """It was looked at, and is in order."""
    NOT_APPLICABLE = "not_applicable"
    """There is nothing of the kind in this network."""
    NOT_MEASURED = "not_measured"
    """The run's probes have not measured it, or not yet."""


@dataclass(frozen=True)
class Observation:
    """What a rule saw, before it has the rule's name."""

    severity: Severity
    layers: tuple[str, ...]
    """Where: the layer in which it is worst or begins, then all others; none for the whole network."""
    epochs: tuple[int, ...]
    """The epochs of the points at which it was seen, 0 for the start."""
    numbers: Mapping[str, float]
    sentence: str
    remedy: str


@dataclass(frozen=True)
class Finding:
    """Something in a run that is not as it should be."""

    code: str
    severity: Severity
    layer: str
    """In which it is worst or begins; "" for the whole network."""
    layers: tuple[str, ...]
    """All in which it was seen."""
    first_epoch: int
    """In which it was seen first; 0 is the start."""
    last_epoch: int
    """In which it was seen last."""
    numbers: Mapping[str, float]
    """What the sentence rests on; a threshold stands beside what it was compared with."""
    sentence: str
    remedy: str
    """What would change it."""
    source: str


@dataclass(frozen=True)
class Looked:
    """A question that the measurements were asked."""

    code: str
    question: str
    answer: Answer
    why: str
    """Where nothing was found, at what it looked; otherwise why it does not apply or is not known. Empty if found."""


@dataclass(frozen=True)
class Diagnosis:
    """All that a run's measurements say."""

    findings: tuple[Finding, ...]
    """The worst first."""
    looked: tuple[Looked, ...]
    """Every question, in the order of the table of rules."""
    summary: str
    """In one sentence."""

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document
