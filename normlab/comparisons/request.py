"""What a comparison may ask for: the one way from plain JSON to something that can be run."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError, field_validator

from normlab.errors import Problem, SpecError
from normlab.spec import JobSpec, Limits, parse_job_spec
from normlab.spec.fields import Flag, Integer, PositiveInteger, SpecModel
from normlab.spec.job import MAX_TAGS, Name
from normlab.spec.metrics import Metric
from normlab.spec.parse import validation_problems
from normlab.spec.replicates import Replicates
from normlab.spec.training import SEED_MAX

_NO_LIMITS = Limits()

Seed = Annotated[Integer, Field(ge=0, le=SEED_MAX)]

MAX_CONFIDENCE = 0.9999
"""Above 13 pairs the sign-flip test draws 9,999 patterns and gives no p value below 0.0001: with a higher confidence
no number of pairs could reach a verdict."""

MAX_EQUIVALENCE_MARGIN = 1e6
"""Of losses; an accuracy's margin is at most 1. No loss that is worth comparing differs by more."""

Confidence = Annotated[float, Field(ge=0.5, le=MAX_CONFIDENCE, allow_inf_nan=False)]
EquivalenceMargin = Annotated[float, Field(ge=0, le=MAX_EQUIVALENCE_MARGIN, allow_inf_nan=False)]
TargetAccuracy = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class ArmRequest(SpecModel):
    """One side of a comparison."""

    name: Name
    spec: dict[str, Any] = Field(
        description="A job spec (the schema JobSpec) without `training.seed`; each replicate gets its own."
    )
    base_seed: Seed | None = None
    """The arm's first seed, if it is not to have the same seeds as the others. For two arms of the same spec:
    what seeds alone do."""


class Question(SpecModel):
    """What is to be found out about the arms."""

    metric: Metric = Metric.VAL_ACCURACY
    """The last epoch's or the test set's, never the best epoch's."""
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


def parse_comparison(
    body: object, limits: Limits = _NO_LIMITS
) -> tuple[ComparisonRequest, tuple[JobSpec, ...]]:
    """A comparison from plain JSON, checked as a whole, and its arms' specs with the first seed of each.

    The number of arms is checked before any of them is looked at: what is refused costs nothing.

    Raises ``SpecError`` with every problem that was found, each with a JSON pointer into ``body``.
    """
    _refuse_too_many_arms(body, limits)
    try:
        request = ComparisonRequest.model_validate(body)
    except ValidationError as error:
        raise SpecError(validation_problems(error)) from None
    problems = [*_size_problems(request, limits)]
    specs: list[JobSpec] = []
    for index, arm in enumerate(request.arms):
        pointer = f"/arms/{index}/spec"
        training = arm.spec.get("training")
        if isinstance(training, dict) and "seed" in training:
            problems.append(
                Problem(
                    f"{pointer}/training/seed",
                    "is not given for an arm: every pair has its own seed, counted from base_seed",
                )
            )
        try:
            specs.append(parse_job_spec(_with_seed(arm.spec, request.first_seed(arm)), limits))
        except SpecError as error:
            problems += [Problem(f"{pointer}{problem.pointer}", problem.detail) for problem in error.problems]
    if not problems:
        problems = [*_arm_problems(request, specs)]
    if problems:
        raise SpecError(problems)
    return request, tuple(specs)


def _refuse_too_many_arms(body: object, limits: Limits) -> None:
    arms = body.get("arms") if isinstance(body, dict) else None
    if isinstance(arms, list | tuple) and len(arms) > limits.comparison_arms:
        raise SpecError([_number_of_arms(len(arms), limits)])


def _number_of_arms(arms: int, limits: Limits) -> Problem:
    return Problem(
        "/arms",
        f"should be 2 to {limits.comparison_arms} arms, but there {'is' if arms == 1 else 'are'} {arms} "
        "(limit 'comparison_arms' of this service)",
    )


def margin_problem(metric: Metric, margin: float) -> str | None:
    """What is wrong with a margin of this metric, if anything is."""
    if metric.higher_is_better and margin > 1:
        return (
            f"should be at most 1 for an accuracy, which is a fraction, not {margin:g}: half a point is 0.005"
        )
    return None


def _size_problems(request: ComparisonRequest, limits: Limits) -> list[Problem]:
    arms, most = len(request.arms), request.replicates.max
    problems = []
    if arms < 2:
        problems.append(_number_of_arms(arms, limits))
    elif arms * most > limits.comparison_jobs:
        problems.append(
            Problem(
                "/replicates",
                f"should be at most {limits.comparison_jobs // arms} with {arms} arms, not {most} "
                "(limit 'comparison_jobs' of this service)",
            )
        )
    if (wrong_margin := margin_problem(request.metric, request.equivalence_margin)) is not None:
        problems.append(Problem("/equivalence_margin", wrong_margin))
    seeds = {"/base_seed": request.base_seed}
    seeds |= {f"/arms/{index}/base_seed": request.first_seed(arm) for index, arm in enumerate(request.arms)}
    problems += [
        Problem(pointer, f"should leave room for {most} seeds: at most {SEED_MAX - most + 1}")
        for pointer, seed in seeds.items()
        if seed + most - 1 > SEED_MAX and (pointer == "/base_seed" or seed != request.base_seed)
    ]
    problems += [*_overlaps(request)]
    names = [arm.name for arm in request.arms]
    problems += [
        Problem(f"/arms/{index}/name", f"should be another: arm {names.index(name)} has the name {name!r}")
        for index, name in enumerate(names)
        if names.index(name) != index
    ]
    return problems


def _overlaps(request: ComparisonRequest) -> Iterator[Problem]:
    """Seeds that two arms have in common, but not in the same pair: pairs would not be independent of each other."""
    most = request.replicates.max
    for index, arm in enumerate(request.arms):
        seed = request.first_seed(arm)
        for before, other in enumerate(request.arms[:index]):
            if 0 < abs(seed - request.first_seed(other)) < most:
                yield Problem(
                    f"/arms/{index}/base_seed",
                    f"should be that of arm {before} ({request.first_seed(other)}) or at least {most} away from it, "
                    "so that no seed is in two pairs",
                )
                break


def _arm_problems(request: ComparisonRequest, specs: list[JobSpec]) -> list[Problem]:
    problems = []
    needs_validation = request.metric.value.startswith("val_") or request.target_accuracy is not None
    alike: dict[tuple[str, str, int], int] = {}
    for index, spec in enumerate(specs):
        first = alike.setdefault((spec.arm_digest, spec.resources.device, spec.training.seed), index)
        if first != index:
            problems.append(
                Problem(
                    f"/arms/{index}/spec",
                    f"is the same as arm {first}'s: with equal seeds both would give the same numbers. To see what "
                    f"seeds alone do, give this arm a base_seed of its own, such as "
                    f"{spec.training.seed + request.replicates.max}",
                )
            )
        if len(spec.tags) >= MAX_TAGS:
            problems.append(
                Problem(
                    f"/arms/{index}/spec/tags",
                    f"should be at most {MAX_TAGS - 1} tags for an arm: its jobs get the comparison's id as one more",
                )
            )
        if needs_validation and spec.dataset.held_out == 0:
            problems.append(
                Problem(
                    f"/arms/{index}/spec/dataset/validation_samples",
                    "should not be 0: the metric or the target accuracy is measured on validation samples",
                )
            )
    return problems


def _with_seed(spec: dict[str, Any], seed: int) -> dict[str, Any]:
    training = spec.get("training", {})
    return {**spec, "training": {**training, "seed": seed}} if isinstance(training, dict) else spec
