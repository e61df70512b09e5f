"""What a comparison may ask for."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, field_validator

from normlab.spec.columns import Task
from normlab.spec.fields import Flag, Integer, PositiveInteger, SpecModel
from normlab.spec.job import JobSpec, Name
from normlab.spec.metrics import Metric
from normlab.spec.mistakes.places import Holds
from normlab.spec.replicates import Replicates
from normlab.spec.training import SEED_MAX

Seed = Annotated[Integer, Field(ge=0, le=SEED_MAX)]

MAX_CONFIDENCE = 0.9999
"""Above 13 pairs the sign-flip test draws 9,999 patterns, and its p value cannot be below 0.0001: no number of pairs
would reach a higher confidence."""

MAX_EQUIVALENCE_MARGIN = 1e6
"""Of losses and errors; an accuracy's margin is at most 1. No loss that is worth comparing differs by more."""

Confidence = Annotated[float, Field(ge=0.5, le=MAX_CONFIDENCE, allow_inf_nan=False)]
EquivalenceMargin = Annotated[float, Field(ge=0, le=MAX_EQUIVALENCE_MARGIN, allow_inf_nan=False)]
TargetAccuracy = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class ArmRequest(SpecModel):
    """One side of a comparison."""

    name: Name
    spec: Annotated[dict[str, Any], Holds(JobSpec)] = Field(
        description="A job spec (the schema JobSpec) without `training.seed`; each replicate gets its own."
    )
    base_seed: Seed | None = None
    """The arm's first seed, if it is not to have the same seeds as the others. For two arms of the same spec:
    what seeds alone do."""


class Question(SpecModel):
    """The question that is asked about the arms."""

    metric: Metric = Metric.VAL_ACCURACY
    """The last epoch's or the test set's, never the best epoch's. The default for arms that predict numbers: val_r2."""
    confidence: Confidence = 0.95
    equivalence_margin: EquivalenceMargin = 0.0
    """A difference smaller than this does not matter; in the metric's units."""
    target_accuracy: TargetAccuracy | None = None
    """The validation accuracy for the clock that says how long each arm takes to it."""
    replicates: Replicates = Replicates(start=5, max=5)

    @staticmethod
    def stored(document: Mapping[str, Any]) -> "Question":
        """The question of a comparison that was accepted earlier, which today's ranges do not judge again."""
        replicates = Replicates.model_construct(**document["replicates"])
        return Question.model_construct(
            **{**document, "metric": Metric(document["metric"]), "replicates": replicates}
        )

    @field_validator("replicates", mode="before", json_schema_input_type=PositiveInteger | Replicates)
    @classmethod
    def _number(cls, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            if value < 1:
                raise ValueError(f"should be at least 1, not {value}")
            return Replicates(start=value, max=value)
        if not isinstance(value, dict | Replicates):
            raise ValueError('should be a number of pairs, or an object such as {"start": 5, "max": 20}')  # noqa: TRY004 - pydantic makes an answer of a ValueError
        return value


class ComparisonRequest(Question):
    """Arms, each trained with the same seeds unless it has its own, and the question. The rest has sensible values."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "arms": [
                        {"name": "baseline", "spec": {"architecture": "baseline"}},
                        {
                            "name": "batch normalization",
                            "spec": {"architecture": "baseline_with_batch_norm"},
                        },
                    ],
                    "replicates": {"start": 5, "max": 20},
                    "equivalence_margin": 0.005,
                }
            ]
        }
    )

    name: Name | None = None
    arms: tuple[ArmRequest, ...]
    base_seed: Seed = 42
    """The first pair's seed; each further pair's is higher by 1."""
    fresh: Flag = False
    """Train everything anew, also where a job of the same spec has succeeded in the same environment."""

    @property
    def question(self) -> Question:
        """What the analysis has to know of it."""
        return Question(**{name: getattr(self, name) for name in Question.model_fields})

    def first_seed(self, arm: ArmRequest) -> int:
        """With which seed an arm begins."""
        return self.base_seed if arm.base_seed is None else arm.base_seed


def margin_problem(metric: Metric, margin: float) -> str | None:
    """What is wrong with a margin of this metric, if anything is."""
    if metric.is_fraction and margin > 1:
        article = "an" if metric.kind.startswith("a") else "a"
        return (
            f"should be at most 1 for {article} {metric.kind}, which is a fraction, not {margin:g}: half a point is "
            "0.005"
        )
    return None


def task_problem(metric: Metric, task: Task) -> str | None:
    """What is wrong with comparing runs of this task by this metric, if anything is."""
    if metric.task is task:
        return None
    if task is Task.REGRESSION:
        loss = metric.kind == "loss"
        why = "is of standardized targets and each arm's own" if loss else "is of classes"
        return f"{metric} {why}, and these arms predict numbers: take val_r2, val_rmse, val_mse or val_mae"
    return f"{metric} is of predicted numbers, and these arms predict classes: take val_accuracy or val_loss"
