"""Claims: which are known, and trials of them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from normlab.documents.base import Document, Fraction
from normlab.documents.states import FailureCode, JobState, StudyState, StudyStopReason
from normlab.documents.statistics import IntervalDocument
from normlab.spec.open_enum import Open


class Answer(StrEnum):
    """What runs say of a claim."""

    HOLDS = "holds"
    """It is shown, by all of its definitions."""
    DOES_NOT_HOLD = "does_not_hold"
    """By none of its definitions there is an effect that matters."""
    DEPENDS_ON_DEFINITION = "depends_on_definition"
    """It is shown by some of its definitions, and by others there is no effect that matters."""
    NOT_APPLICABLE = "not_applicable"
    """It is not about these arms: there is nothing to cure."""
    INCONCLUSIVE = "inconclusive"
    """The runs decide nothing."""


class PartAnswer(StrEnum):
    """What runs say of one definition."""

    SHOWN = "shown"
    NOT_SHOWN = "not_shown"
    """There is no effect as claimed, or one that is too small to matter."""
    OPEN = "open"


class DefinitionDocument(Document):
    """One of the ways in which a claim can be meant."""

    name: str
    words: str = Field(description="What has to be true of the arm with the change.")


class SettingDocument(Document):
    """Where both arms are run beside their own setting."""

    pointer: str = Field(description="JSON pointer into a job's spec.")
    value: Any
    times: bool = Field(description="Whether the arm's own value, a number, is multiplied by it.")


class ClaimDocument(Document):
    """A claim and how it is tested."""

    name: str
    sentence: str = Field(description="As the textbook has it, of the arm with the change.")
    definition: str = Field(description="What is measured, and when it counts.")
    source: str
    runs: str = Field(description="What is run for it.")
    cost: str
    needs: tuple[str, ...] = Field(
        description="`comparison`: both arms as they are; `probes`: what is measured inside these networks; "
        "`settings`: both arms at other settings, jobs of its own; `robustness`: what the networks make of corrupted "
        "pictures."
    )
    definitions: tuple[DefinitionDocument, ...]
    settings: tuple[SettingDocument, ...]
    probes: tuple[str, ...] = Field(
        description="The probes that have to measure; a trial asks for them by itself."
    )


class ClaimList(Document):
    """All claims that are known."""

    data: tuple[ClaimDocument, ...]


class PartDocument(Document):
    """One definition of a claim, judged."""

    definition: str
    answer: Open[PartAnswer]
    sentence: str
    pairs: int
    a: float | None = Field(
        description="Mean over the pairs, of ratios the geometric one; null: not measured."
    )
    b: float | None
    scale: str | None = Field(
        description="`ratio`: `estimate` is b divided by a; `difference`: b minus a; null: not measured."
    )
    estimate: float | None
    interval: IntervalDocument | None = Field(description="Of `estimate`, at `level`.")
    level: float | None = Field(description="Alone, such an interval holds the truth this often.")
    margin: float | None = Field(
        description="An effect below it does not matter: as a ratio above 1, or a difference."
    )
    p_value: float | None = Field(description="Of the test that decides, corrected for nothing.")
    adjusted_p_value: float | None = Field(
        description="By Holm's procedure over all definitions of all claims that were asked together."
    )
    smallest_shown: float | None = Field(
        description="The smallest effect that these pairs would have shown with a probability of 80 %: as a ratio "
        "above 1, or a difference."
    )
    notes: tuple[str, ...]
    values: tuple[tuple[float, float], ...] = Field(description="Of a and b in each pair.")


class OutcomeDocument(Document):
    """What the runs say of a claim."""

    claim: str
    answer: Open[Answer]
    sentence: str = Field(description="One sentence, made from the numbers.")
    parts: tuple[PartDocument, ...] = Field(
        description="By definition; empty where the claim does not apply."
    )


class TrialJobDocument(Document):
    """A job of a trial."""

    job: str
    arm: str
    setting: SettingDocument | None = Field(description="Null: the arm as it is.")
    seed: int
    state: Open[JobState]
    reused: bool = Field(description="Whether the job existed before, and was not made for this trial.")
    error: Open[FailureCode] | None


class TrialArmDocument(Document):
    """One side of a trial."""

    name: str
    spec: dict[str, Any] = Field(description="With every default written out, and without a seed.")
    arm_digest: str
    base_seed: int | None = Field(description="The arm's first seed, if it has seeds of its own.")


class TrialLinks(Document):
    """Where the rest of a trial is."""

    self: str
    events: str
    cancel: str
    report: str


class TrialBudget(Document):
    """What a trial may take."""

    jobs: int | None
    seconds: float | None


class TrialSummary(Document):
    """A trial as a list shows it."""

    id: str
    name: str | None
    state: Open[StudyState]
    stop_reason: Open[StudyStopReason] | None
    created_at: datetime
    finished_at: datetime | None
    arm_names: tuple[str, ...] = Field(description="Without the change, and with it.")
    claims: tuple[str, ...]
    answers: dict[str, Open[Answer]] | None = Field(description="By claim, when it has ended.")
    confidence: float
    target_accuracy: float | None
    base_seed: int
    seeds: int = Field(description="As many as are to be run, if the budget has room for them.")
    budget: TrialBudget | None
    fresh: bool
    links: TrialLinks


class TrialProgress(Document):
    """How much of it is there, and what is being asked."""

    seeds: int = Field(description="So many have their jobs.")
    jobs: dict[Open[JobState], int] = Field(description="How many jobs are in which state.")
    fraction: Fraction = Field(description="The part of the jobs so far that have ended.")
    asking: str = Field(description="What its unfinished jobs are for; empty when it has ended.")


class TrialDocument(TrialSummary):
    """A trial with all that is known so far."""

    arms: tuple[TrialArmDocument, ...]
    jobs: tuple[TrialJobDocument, ...]
    progress: TrialProgress
    pairs: int = Field(description="Seeds for which both arms, as they are, have a job that succeeded.")
    outcomes: tuple[OutcomeDocument, ...] = Field(
        description="By claim, when it has ended: a look at what is there before would be one that the error rates do "
        "not allow for."
    )
    caveats: tuple[str, ...]
    left_out: tuple[str, ...] = Field(description="A sentence for each job without a result.")
    error: str | None = Field(description="Why there are no outcomes although pairs are complete.")


class TrialList(Document):
    """A page of trials, newest first."""

    data: tuple[TrialSummary, ...]
    has_more: bool
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")


class ValidatedTrial(Document):
    """A request for a trial that was only checked."""

    claims: tuple[str, ...]
    seeds: int
    jobs_of_a_seed: int
    jobs: int = Field(description="As many as there will be at most, those that are used again included.")
