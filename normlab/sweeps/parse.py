"""The one way from what somebody sent to a sweep that can be run."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from normlab.comparisons.request import task_problem
from normlab.errors import Problem, SpecError
from normlab.spec import Datasets, JobSpec, Limits, parse_job_spec
from normlab.spec.job import MAX_TAGS
from normlab.spec.metrics import DEFAULT_METRICS
from normlab.spec.parse import has_more_values
from normlab.spec.problems import pointer_to, spec_error
from normlab.spec.sweeps import (
    Choices,
    IntegerRange,
    LinearRange,
    LogRange,
    Strategy,
    Value,
    grid_points,
    grid_size,
    pointer_of,
    with_values,
)
from normlab.spec.training import SEED_MAX
from normlab.sweeps.halving import ETA, changes_length, ladder, ladder_problem
from normlab.sweeps.planning import most_points
from normlab.sweeps.request import SweepRequest

_NO_LIMITS = Limits()
_FIELDS = 1000
"""More than a sweep has without the specs of its arms."""
_SEED = "/training/seed"
_SHOWN_PROBLEMS = 3
"""Of so many points of a grid that cannot be trained it is said what is wrong."""


def parse_sweep(
    body: object, limits: Limits = _NO_LIMITS, datasets: Datasets | None = None
) -> tuple[SweepRequest, tuple[JobSpec, ...]]:
    """A sweep from plain JSON, checked as a whole, and its arms' specs with the first seed.

    Every end and every choice of the space is put into every arm and checked as a spec, of a grid every point.

    Raises ``SpecError`` with every problem that was found, each with a JSON pointer into ``body``.
    """
    _refuse_too_many(body, limits)
    try:
        request = SweepRequest.model_validate(body)
    except ValidationError as error:
        raise _as_it_was_sent(spec_error(error, SweepRequest, body), _keys(body)) from None
    specs, problems = _arms(request, limits, datasets)
    if not problems:
        if "metric" not in request.model_fields_set:
            metric = DEFAULT_METRICS[specs[0].dataset.info.predicts]
            request = request.model_copy(update={"metric": metric})
        keys = _keys(body)
        problems = [
            *_space_problems(request, specs, keys, limits),
            *_own_problems(request, specs),
            *_strategy_problems(request, specs, keys),
        ]
        problems = problems or [*_budget_problems(request, specs, limits)]
        problems = problems or [*_point_problems(request, specs, limits)]
    if problems:
        raise SpecError(problems)
    return request, tuple(specs)


def point_spec(spec: JobSpec, values: Mapping[str, Value], limits: Limits = _NO_LIMITS) -> JobSpec:
    """The spec of a point.

    Raises:
        SpecError: it cannot be built.
        KeyError: there is nothing in the spec to put a value into.
    """
    return parse_job_spec(with_values(spec.to_document(), values), limits)


def _refuse_too_many(body: object, limits: Limits) -> None:
    arms = body.get("arms") if isinstance(body, dict) else None
    if isinstance(arms, list | tuple) and len(arms) > limits.comparison_arms:
        raise SpecError(
            [
                Problem(
                    "/arms",
                    f"should be at most {limits.comparison_arms} arms, but there are {len(arms)} (limit "
                    "'comparison_arms' of this service)",
                )
            ]
        )
    if isinstance(body, dict):
        specs = {"arms", "architecture", "dataset", "training"}
        rest = {key: value for key, value in body.items() if key not in specs}
        if has_more_values(rest, _FIELDS):
            raise SpecError([Problem("", f"is larger than any sweep: it has more than {_FIELDS} values")])


def _arms(
    request: SweepRequest, limits: Limits, datasets: Datasets | None
) -> tuple[list[JobSpec], list[Problem]]:
    specs, problems = [], []
    for index, arm in enumerate(request.swept):
        pointer = f"/arms/{index}/spec" if request.arms else ""
        training = arm.spec.get("training", {})
        if isinstance(training, Mapping):
            if "seed" in training:
                sentence = (
                    "is not given for a sweep: every point is trained with several, counted from base_seed"
                )
                problems.append(Problem(f"{pointer}{_SEED}", sentence))
            training = {**training, "seed": request.base_seed}
        try:
            specs.append(parse_job_spec({**arm.spec, "training": training}, limits, datasets))
        except SpecError as error:
            problems += [Problem(f"{pointer}{problem.pointer}", problem.detail) for problem in error.problems]
    names = [arm.name for arm in request.swept]
    problems += [
        Problem(f"/arms/{index}/name", f"should be another: arm {names.index(name)} has the name {name!r}")
        for index, name in enumerate(names)
        if names.index(name) != index
    ]
    return specs, problems


def _keys(body: object) -> dict[str, str]:
    """Where each parameter of the space stands in what was sent, by its pointer."""
    space = body.get("space", {}) if isinstance(body, Mapping) else {}
    if not isinstance(space, Mapping):
        return {}
    return {pointer_of(key): pointer_to(("space", key)) for key in space if isinstance(key, str)}


def _as_it_was_sent(error: SpecError, keys: Mapping[str, str]) -> SpecError:
    """The same error with the parameters of the space as they were written: as dotted paths, if so."""
    written = {pointer_to(("space", pointer)): where for pointer, where in keys.items()}
    problems = []
    for problem in error.problems:
        at = next((each for each in written if f"{problem.pointer}/".startswith(f"{each}/")), "")
        rest = problem.pointer.removeprefix(at)
        if at:
            rest = re.sub(r"^/(log|linear|integer|choices)(?=/|$)", "", rest)  # pydantic's name for the kind
        problems.append(Problem(written.get(at, "") + rest, problem.detail))
    return SpecError(problems, omitted=error.omitted)


def _own_problems(request: SweepRequest, specs: Sequence[JobSpec]) -> Iterator[Problem]:
    highest = SEED_MAX - request.seeds + 1
    if request.base_seed > highest:
        yield Problem("/base_seed", f"should leave room for {request.seeds} seeds: at most {highest}")
    for index, spec in enumerate(specs):
        if (sentence := task_problem(request.metric, spec.dataset.info.predicts)) is not None:
            where = f"/arms/{index}/spec/dataset" if index else "/metric"
            yield Problem(where, sentence)
    if request.delta is None and request.metric.kind.endswith("error"):
        yield Problem("/delta", f"is required for {request.metric}: how much of it is little is yours to say")
    if request.metric.is_fraction and (request.delta or 0) > 1:
        yield Problem("/delta", "should be at most 1 for a metric that is a fraction: one point is 0.01")
    if request.widen and request.strategy is not Strategy.GRID:
        yield Problem("/widen", f"works with the strategy grid, not with {request.strategy}")
    alike: dict[tuple[str, str], int] = {}
    for index, spec in enumerate(specs):
        where = f"/arms/{index}/spec" if request.arms else ""
        first = alike.setdefault((spec.arm_digest, spec.resources.device), index)
        if first != index:
            yield Problem(where, f"is the same as arm {first}'s: both would give the same numbers")
        if len(spec.tags) >= MAX_TAGS:
            sentence = f"should be at most {MAX_TAGS - 1} tags: the jobs get the sweep's id as one more"
            yield Problem(f"{where}/tags", sentence)
        if request.metric.value.startswith("val_") and spec.dataset.held_out == 0:
            yield Problem(
                f"{where}/dataset/validation_samples",
                "should not be 0: the metric is measured on validation samples",
            )


def _strategy_problems(
    request: SweepRequest, specs: Sequence[JobSpec], keys: Mapping[str, str]
) -> Iterator[Problem]:
    if request.strategy is Strategy.CMA_ES:
        for pointer, drawn in request.space.items():
            if isinstance(drawn, Choices):
                sentence = "should be numbers for cma_es, which knows no choices: take tpe, random or grid"
                yield Problem(keys.get(pointer, "/space"), sentence)
    if request.strategy is Strategy.SUCCESSIVE_HALVING:
        for pointer in filter(changes_length, request.space):
            sentence = "is no parameter for successive_halving, which changes the number of epochs itself"
            yield Problem(keys.get(pointer, "/space"), sentence)
        for index, spec in enumerate(specs):
            where = f"/arms/{index}/spec" if request.arms else ""
            if (problem := ladder_problem(spec)) is not None:
                yield Problem(f"{where}{problem.pointer}", problem.detail)


def _space_problems(
    request: SweepRequest, specs: Sequence[JobSpec], keys: Mapping[str, str], limits: Limits
) -> Iterator[Problem]:
    """Each end and each choice by itself, since a problem of one value says where it comes from."""
    for pointer, drawn in request.space.items():
        where = keys.get(pointer, "/space")
        if pointer == _SEED:
            yield Problem(
                where, "is no parameter: every point is trained with several seeds (seeds, base_seed)"
            )
            continue
        told: set[str] = set()
        for spec in specs:
            for part, value in _extremes(drawn):
                sentence = _problem_of(spec, request.space, pointer, value, limits)
                if sentence is not None and sentence not in told:
                    told.add(sentence)
                    yield Problem(f"{where}{part}", sentence)


def _extremes(drawn: LogRange | LinearRange | IntegerRange | Choices) -> Iterator[tuple[str, Value]]:
    """Where in the range a value is written, and the value."""
    match drawn:
        case LogRange():
            yield from ((f"/log/{index}", value) for index, value in enumerate(drawn.log))
        case LinearRange():
            yield from ((f"/linear/{index}", value) for index, value in enumerate(drawn.linear))
        case IntegerRange():
            yield from ((f"/integer/{index}", value) for index, value in enumerate(drawn.integer))
        case Choices():
            yield from ((f"/choices/{index}", value) for index, value in enumerate(drawn.choices))


def _problem_of(
    spec: JobSpec, space: Mapping[str, Any], pointer: str, value: Value, limits: Limits
) -> str | None:
    # What stands above it in the document may be a parameter, too: with its first value.
    above = {
        other: drawn.grid()[0]
        for other, drawn in space.items()
        if pointer.startswith(f"{other}/") and isinstance(drawn, Choices)
    }
    try:
        point_spec(spec, {**above, pointer: value}, limits)
    except KeyError as error:
        return f"is in no spec: there is no {error.args[0]}"
    except SpecError as error:
        first = error.problems[0]
        return first.detail if first.pointer == pointer else str(first)
    return None


def _budget_problems(request: SweepRequest, specs: Sequence[JobSpec], limits: Limits) -> Iterator[Problem]:
    each = len(specs) * request.seeds
    budget = request.budget
    if request.strategy is Strategy.GRID:
        wanted = grid_size(request.space) * each
        if wanted > limits.sweep_jobs:
            yield Problem(
                "/space",
                f"is a grid of {grid_size(request.space)} points, {wanted} jobs with all arms and seeds: at most "
                f"{limits.sweep_jobs} (limit 'sweep_jobs' of this service)",
            )
        elif budget is not None and budget.jobs is not None and budget.jobs < wanted:
            yield Problem(
                "/budget/jobs",
                f"should be at least {wanted} for a grid of {grid_size(request.space)} points with {len(specs)} "
                f"arm{'s' * (len(specs) > 1)} and {request.seeds} seed{'s' * (request.seeds > 1)}, not {budget.jobs}",
            )
        elif budget is not None and budget.jobs is None:
            yield Problem("/budget/jobs", "is required beside seconds for a grid, which is trained whole")
        return
    if budget is None:
        yield Problem("/budget", f'is required for {request.strategy}, such as {{"jobs": {20 * each}}}')
        return
    if (budget.jobs or 0) > limits.sweep_jobs:
        sentence = f"should be at most {limits.sweep_jobs} (limit 'sweep_jobs' of this service)"
        yield Problem("/budget/jobs", f"{sentence}, not {budget.jobs}")
        return
    if request.strategy is Strategy.SUCCESSIVE_HALVING:
        if budget.jobs is None:
            yield Problem("/budget/jobs", "is required: how many points begin follows from it")
        elif ladder(request.question, specs, limits.sweep_jobs) is None:
            yield Problem(
                "/budget/jobs", f"should be at least {(ETA + 1) * each}, so that there is something to halve"
            )
    elif budget.jobs is not None and most_points(request.question, len(specs), limits.sweep_jobs) < 2:
        yield Problem("/budget/jobs", f"should be at least {2 * each} for two points, not {budget.jobs}")


def _point_problems(request: SweepRequest, specs: Sequence[JobSpec], limits: Limits) -> list[Problem]:
    """Of a grid: what cannot be built although each value can."""
    if request.strategy is not Strategy.GRID or len(request.space) == 1:
        return []
    problems = []
    for spec in specs:
        for values in grid_points(request.space):
            try:
                point_spec(spec, values, limits)
            except (SpecError, KeyError) as error:
                shown = ", ".join(f"{pointer} = {value}" for pointer, value in values.items())
                problems.append(Problem("/space", f"has a point that cannot be trained ({shown}): {error}"))
                if len(problems) >= _SHOWN_PROBLEMS:
                    return problems
    return problems
