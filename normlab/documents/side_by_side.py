"""Jobs side by side: the figures of each, and what differs between their specs."""

from pydantic import Field, RootModel

from normlab.documents.base import Document, OfNumbers
from normlab.documents.comparisons import (
    ComparisonList,
    ComparisonResult,
    DifferenceDocument,
    SetupDocument,
)
from normlab.spec.metrics import Metric
from normlab.spec.open_enum import Open


class ComparedJob(Document):
    """One job's figures. What is not known, such as a target that was not reached, is null."""

    id: str
    name: str = Field(description="A name that no other job of the comparison has.")
    seed: int | None
    epochs: int
    parameters: int | None
    multiplications_per_sample: int | None = Field(description="Multiply-adds of one forward pass.")
    best_val_accuracy: float | None
    best_epoch: int | None
    kept_val_accuracy: float | None = Field(
        description="Of the network that was kept, as `test_accuracy`; of a job that still runs, the last one so far."
    )
    kept_epoch: int | None
    kept_val_balanced_accuracy: float | None = Field(
        default=None, description="This and the next three are null of jobs from before they were kept."
    )
    kept_val_macro_f1: float | None = None
    test_accuracy: float | None
    test_balanced_accuracy: float | None = None
    test_macro_f1: float | None = None
    kept_val_r2: OfNumbers = Field(
        default=None, description="R²; as the next three of jobs that predict numbers, left out of others."
    )
    kept_val_rmse: OfNumbers = None
    test_r2: OfNumbers = None
    test_rmse: OfNumbers = None
    seconds_per_epoch: float | None = Field(description="Median of the epochs' training seconds.")
    compile_seconds: float | None
    train_seconds: float
    run_seconds: float | None = Field(description="The whole run, from claim to end.")
    target_accuracy: float | None
    reached_target_at_epoch: int | None
    seconds_to_target: float | None = Field(description="Training seconds until the target was reached.")


class Statistics(ComparisonResult):
    """What finished jobs say when they form arms with common seeds."""

    metric: Open[Metric]
    confidence: float
    equivalence_margin: float


class SideBySide(Document):
    """Several jobs side by side."""

    setup: SetupDocument | None = Field(default=None, description="Null from a service that has none yet.")
    jobs: tuple[ComparedJob, ...]
    differences: tuple[DifferenceDocument, ...]
    caveats: tuple[str, ...] = Field(description="What to know before drawing a conclusion.")
    statistics: Statistics | None = Field(
        description=(
            "Null unless at least two arms (specs without their seed), and no more than a comparison may have, have "
            "succeeded with a common seed."
        )
    )


class ComparisonsOrSideBySide(RootModel[ComparisonList | SideBySide]):
    """A page of comparisons, or with `jobs` these jobs side by side."""
