"""What a sweep may ask for."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, field_validator, model_validator

from normlab.comparisons.request import Confidence, Seed
from normlab.spec.fields import Flag, NonNegativeNumber, PositiveInteger, SpecModel, WholeNumber
from normlab.spec.job import JobSpec, Name
from normlab.spec.metrics import Metric
from normlab.spec.mistakes.places import Holds
from normlab.spec.sweeps import MAX_PARAMETERS, Range, Strategy, SweepBudget, pointer_of

MAX_SEEDS = 50
MAX_WIDENINGS = 5
MAX_AT_ONCE = 64
MAX_DELTA = 1e6
"""Of losses; an accuracy's is at most 1."""

AnyDelta = Annotated[NonNegativeNumber, Field(le=MAX_DELTA)]


class SweptArm(SpecModel):
    """A network that is swept."""

    name: Name
    spec: Annotated[dict[str, Any], Holds(JobSpec)] = Field(
        description="A job spec (the schema JobSpec) without `training.seed`; each point is trained with several."
    )


class SweepQuestion(SpecModel):
    """What is to be found out, and how points are chosen."""

    space: Annotated[dict[str, Range], Field(min_length=1, max_length=MAX_PARAMETERS)]
    """By a value's JSON pointer in the spec (`/training/batch_size`) or dotted path (`training.batch_size`): what it is
    drawn from."""
    strategy: Strategy = Strategy.GRID
    budget: SweepBudget | None = None
    """What it may cost, all arms together; of a grid null: all its points."""
    seeds: Annotated[PositiveInteger, Field(le=MAX_SEEDS)] = 3
    """With so many each point is trained."""
    metric: Metric = Metric.VAL_ACCURACY
    confidence: Confidence = 0.95
    delta: AnyDelta | None = None
    """What is nearly as good as the best, in the metric's units; null: 0.01 of an accuracy or R², 0.05 of a loss. An
    error of predicted numbers has the units of these, and no default."""
    seed: Seed = 0
    """Of the strategy's draws: the same seed, the same points."""
    widen: Annotated[WholeNumber, Field(le=MAX_WIDENINGS)] = 0
    """How often each end of a grid's ranges is moved outwards while the best point lies on it; `true`: twice."""
    at_once: Annotated[PositiveInteger, Field(le=MAX_AT_ONCE)] = 4
    """Of `tpe` and `cma_es`, and of a budget in seconds: how many points are made before the next ones are thought
    of. Fewer learn faster, more keep more workers busy."""

    @field_validator("space", mode="before")
    @classmethod
    def _pointers(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        pointers = [pointer_of(str(key)) for key in value]
        if twice := next((each for each in pointers if pointers.count(each) > 1), None):
            raise ValueError(f"should have each value once: {twice} is there as a path and as a pointer")
        # In one order, whatever the database makes of it: draws go by it.
        return {pointer_of(key): value[key] for key in sorted(value, key=lambda key: pointer_of(str(key)))}

    @field_validator("widen", mode="before", json_schema_input_type=WholeNumber | Flag)
    @classmethod
    def _twice(cls, value: Any) -> Any:
        return 2 * value if isinstance(value, bool) else value

    @staticmethod
    def stored(document: Mapping[str, Any]) -> "SweepQuestion":
        """The question of a sweep that was accepted earlier."""
        return SweepQuestion.model_validate(document)

    @property
    def near(self) -> float:
        """What is nearly as good as the best."""
        if self.delta is not None:
            return self.delta
        return 0.01 if self.metric.higher_is_better else 0.05


class SweepRequest(SweepQuestion):
    """Arms, or one network, the space in which it is swept, and what that may cost."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "arms": [
                        {"name": name, "spec": {"architecture": preset, "dataset": "digits"}}
                        for name, preset in (
                            ("baseline", "baseline"),
                            ("batch normalization", "baseline_with_batch_norm"),
                        )
                    ],
                    "space": {"training.optimizer.learning_rate": {"log": [1e-4, 1], "per_decade": 2}},
                    "seeds": 3,
                    "widen": True,
                }
            ]
        }
    )

    name: Name | None = None
    arms: tuple[SweptArm, ...] = ()
    """What is swept; or, in its place, `architecture`, `dataset` and `training` of one."""
    architecture: Any = None
    """Of a job spec: the only arm is this."""
    dataset: Any = None
    training: Any = None
    base_seed: Seed = 42
    """The first seed of every point; each further one is higher by 1."""
    fresh: Flag = False
    """Train everything anew, also where a job of the same spec has succeeded in the same environment."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "SweepRequest":
        if bool(self.arms) == (self.architecture is not None):
            raise ValueError("should have arms, or the architecture of the only one")
        if self.arms and (self.dataset is not None or self.training is not None):
            raise ValueError("should have dataset and training in the spec of each arm")
        return self

    @property
    def question(self) -> SweepQuestion:
        """What the analysis and the strategy have to know of it."""
        return SweepQuestion(**{name: getattr(self, name) for name in SweepQuestion.model_fields})

    @property
    def swept(self) -> tuple[SweptArm, ...]:
        """All arms."""
        if self.arms:
            return self.arms
        parts = {"architecture": self.architecture, "dataset": self.dataset, "training": self.training}
        spec = {key: value for key, value in parts.items() if value is not None}
        name = self.architecture if isinstance(self.architecture, str) else "network"
        return (SweptArm(name=name[:200] or "network", spec=spec),)
