"""The one way from what somebody sent to a comparison that can be run."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from normlab.comparisons.request import ComparisonRequest, margin_problem, task_problem
from normlab.errors import Problem, SpecError
from normlab.spec import Datasets, JobSpec, Limits, parse_job_spec
from normlab.spec.columns import Task
from normlab.spec.job import MAX_TAGS
from normlab.spec.metrics import DEFAULT_METRICS
from normlab.spec.parse import has_more_values
from normlab.spec.problems import spec_error
from normlab.spec.training import SEED_MAX

_NO_LIMITS = Limits()
_FIELDS = 100
"""More than a comparison has without its arms."""
_FIELDS_OF_ARM = 10
"""More than an arm has without its spec."""


def parse_comparison(
    body: object, limits: Limits = _NO_LIMITS, datasets: Datasets | None = None
) -> tuple[ComparisonRequest, tuple[JobSpec, ...]]:
    """A comparison from plain JSON, checked as a whole, and its arms' specs with the first seed of each.

    Counts are checked before contents: too many arms or fields are refused without a look at them. ``datasets`` is
    where the datasets of the arms are looked up, see ``parse_job_spec``.

    Raises ``SpecError`` with every problem that was found, each with a JSON pointer into ``body``.
    """
    _refuse_too_many(body, limits)
    try:
        request = ComparisonRequest.model_validate(body)
    except ValidationError as error:
        raise spec_error(error, ComparisonRequest, body) from None
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
            specs.append(parse_job_spec(_with_seed(arm.spec, request.first_seed(arm)), limits, datasets))
        except SpecError as error:
            problems += [Problem(f"{pointer}{problem.pointer}", problem.detail) for problem in error.problems]
    if not problems:
        request = _by_the_tasks_metric(request, specs)
        problems = [*_task_problems(request, specs), *_arm_problems(request, specs)]
    if problems:
        raise SpecError(problems)
    return request, tuple(specs)


def _by_the_tasks_metric(request: ComparisonRequest, specs: Sequence[JobSpec]) -> ComparisonRequest:
    """The request, with the default metric of what its arms predict where it does not name one."""
    if "metric" in request.model_fields_set:
        return request
    return request.model_copy(update={"metric": DEFAULT_METRICS[specs[0].dataset.info.predicts]})


def _task_problems(request: ComparisonRequest, specs: Sequence[JobSpec]) -> Iterator[Problem]:
    """Where the metric, or another arm, is of another task."""
    first, *others = (spec.dataset.info.predicts for spec in specs)
    for index, task in enumerate(others, 1):
        if task is not first:
            yield Problem(
                f"/arms/{index}/spec/dataset",
                f"is of {task}, and that of arm 0 of {first}: what they learn cannot be compared",
            )
    if (sentence := task_problem(request.metric, first)) is not None:
        yield Problem("/metric", sentence)
    if (wrong_margin := margin_problem(request.metric, request.equivalence_margin)) is not None:
        yield Problem("/equivalence_margin", wrong_margin)
    if first is Task.REGRESSION and request.target_accuracy is not None:
        yield Problem(
            "/target_accuracy", "is a part of right answers, and arms that predict numbers have none"
        )


def _refuse_too_many(body: object, limits: Limits) -> None:
    arms = body.get("arms") if isinstance(body, dict) else None
    if isinstance(arms, list | tuple) and len(arms) > limits.comparison_arms:
        raise SpecError([_number_of_arms(len(arms), limits)])
    limit = _FIELDS + _FIELDS_OF_ARM * limits.comparison_arms
    if has_more_values(_without_specs(body), limit):
        raise SpecError(
            [Problem("", f"is larger than any comparison: it has more than {limit} values besides specs")]
        )


def _without_specs(body: object) -> object:
    if not (isinstance(body, dict) and isinstance(arms := body.get("arms"), list | tuple)):
        return body
    return {**body, "arms": [{**arm, "spec": None} if isinstance(arm, dict) else arm for arm in arms]}


def _number_of_arms(arms: int, limits: Limits) -> Problem:
    return Problem(
        "/arms",
        f"should be 2 to {limits.comparison_arms} arms, but there {'is' if arms == 1 else 'are'} {arms} "
        "(limit 'comparison_arms' of this service)",
    )


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
