"""What a job's measurements say is wrong inside its network."""

from pydantic import Field

from normlab.documents.base import Document
from normlab.documents.states import JobState
from normlab.spec.open_enum import Open


class FindingDocument(Document):
    """Something that is not as it should be."""

    code: str
    severity: str = Field(description="`problem`, `warning` or `note`.")
    layer: str = Field(description="In which it is worst or begins; empty for the network as a whole.")
    layers: tuple[str, ...] = Field(description="All in which it was seen.")
    first_epoch: int = Field(description="In which it was seen first; 0 is the start.")
    last_epoch: int = Field(description="In which it was seen last.")
    numbers: dict[str, float | None] = Field(
        description="What the sentence rests on, the threshold among them."
    )
    sentence: str
    remedy: str = Field(description="What would change it.")
    source: str


class LookedDocument(Document):
    """A question that the measurements were asked."""

    code: str
    question: str
    answer: str = Field(description="`found`, `nothing_found`, `not_applicable` or `not_measured`.")
    why: str = Field(description="At what it looked; or why it does not apply or is not known.")


class DiagnosisDocument(Document):
    """All that a job's measurements say so far."""

    job: str
    state: Open[JobState]
    summary: str
    findings: tuple[FindingDocument, ...] = Field(description="The worst first.")
    looked: tuple[LookedDocument, ...] = Field(description="Every question and what became of it.")
