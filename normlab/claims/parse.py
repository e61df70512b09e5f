"""The one way from what somebody sent to a trial that can be run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import ValidationError

from normlab.claims.request import TrialRequest
from normlab.claims.settings import words_of
from normlab.comparisons import parse_comparison
from normlab.comparisons.request import ArmRequest
from normlab.errors import Problem, SpecError
from normlab.spec import Datasets, JobSpec, Limits, parse_job_spec
from normlab.spec.columns import Task
from normlab.spec.nearest import did_you_mean
from normlab.spec.parse import has_more_values
from normlab.spec.probes import STANDARD
from normlab.spec.problems import spec_error
from normlab.spec.replicates import MIN_PAIRS
from normlab.spec.shown import listed, quoted

if TYPE_CHECKING:
    from normlab.analysis.claims.claim import Claim
    from normlab.analysis.claims.evidence import Setting

_NO_LIMITS = Limits()
_FIELDS = 200
"""More than a trial has without its specs."""
ARMS = 2


@dataclass(frozen=True)
class ParsedArm:
    """An arm as it is and at the trial's settings, with the first seed."""

    name: str
    spec: JobSpec
    at: Sequence[JobSpec | None]
    """For each setting; None where the arm has it anyway."""
    base_seed: int | None


@dataclass(frozen=True)
class ParsedTrial:
    """A trial that can be run."""

    request: TrialRequest
    claims: Sequence["Claim"]
    arms: Sequence[ParsedArm]
    settings: Sequence["Setting"]
    probes: Sequence[str]
    seeds: int
    """As many as were asked for, or as the budget of jobs has room for."""

    @property
    def jobs_of_a_seed(self) -> int:
        """So many jobs each seed needs."""
        return sum(1 + sum(spec is not None for spec in arm.at) for arm in self.arms)

    @property
    def first_seeds(self) -> int:
        """So many get their jobs at once: all, but for a budget of seconds."""
        budget = self.request.budget
        return MIN_PAIRS if budget is not None and budget.seconds is not None else self.seeds


ArmsOfComparison: TypeAlias = Callable[[str], Mapping[str, Any] | None]
"""Of the comparison of an id ``arms``, ``base_seed`` and ``seeds``, as a trial's request has them; None: there is
none."""


def parse_trial(
    body: object,
    limits: Limits = _NO_LIMITS,
    datasets: Datasets | None = None,
    arms_of: ArmsOfComparison = lambda _: None,
) -> ParsedTrial:
    """A trial from plain JSON, checked as a whole.

    ``datasets`` is where the datasets of the arms are looked up, see ``parse_job_spec``; ``arms_of`` where a comparison
    is.

    Raises ``SpecError`` with every problem that was found, each with a JSON pointer into ``body``.
    """
    from normlab.analysis.claims.claim import settings_of  # noqa: PLC0415 - scipy takes seconds
    from normlab.analysis.claims.registry import all_claims, named  # noqa: PLC0415

    body = _with_arms(body, arms_of)
    _refuse_too_many(body)
    try:
        request = TrialRequest.model_validate(body)
    except ValidationError as error:
        raise spec_error(error, TrialRequest, body) from None
    problems = [*_claim_problems(request, all_claims()), *_number_problems(request)]
    specs: Sequence[JobSpec] = ()
    try:
        _, specs = parse_comparison(_as_comparison(request), limits, datasets)
    except SpecError as error:
        problems += [_from_comparison(problem) for problem in error.problems]
    problems += [
        Problem(
            f"/arms/{index}/spec/dataset",
            f"{spec.dataset.label} has numbers as targets, and claims are about networks that learn classes: compare "
            "the arms instead",
        )
        for index, spec in enumerate(specs)
        if spec.dataset.info.predicts is Task.REGRESSION
    ]
    if problems:
        raise SpecError(problems)
    claims = named([*all_claims()] if request.claims is None else request.claims)
    settings = settings_of(claims)
    needed = tuple(dict.fromkeys(probe for claim in claims for probe in claim.probes))
    arms = [
        _arm(
            given,
            f"/arms/{index}",
            _with_probes(spec, needed),
            settings,
            lambda document: parse_job_spec(document, limits, datasets),
        )
        for index, (given, spec) in enumerate(zip(request.arms, specs, strict=True))
    ]
    parsed = ParsedTrial(request, claims, arms, settings, needed, request.seeds)
    return _within_budget(parsed, limits)


def _with_arms(body: object, arms_of: ArmsOfComparison) -> object:
    """A request that names a comparison, with its arms; with its seeds where it names none itself."""
    if not isinstance(body, dict) or not isinstance(comparison := body.get("comparison"), str):
        return body
    if "arms" in body:
        raise SpecError([Problem("/comparison", "does not go beside arms: name one of both")])
    found = arms_of(comparison)
    if found is None:
        raise SpecError([Problem("/comparison", f"there is no comparison {quoted(comparison)}")])
    return {**found, **body}


def _refuse_too_many(body: object) -> None:
    if isinstance(body, dict):
        arms = body.get("arms")
        if arms is None:
            raise SpecError([Problem("/arms", f"should be {ARMS} arms, without the change and with it")])
        if isinstance(arms, list | tuple):
            if len(arms) != ARMS:
                raise SpecError([_number_of_arms(len(arms))])
            body = {**body, "arms": [None if isinstance(arm, dict) else arm for arm in arms]}
    if has_more_values(body, _FIELDS):
        raise SpecError(
            [Problem("", f"is larger than any trial: it has more than {_FIELDS} values besides arms")]
        )


def _number_of_arms(arms: int) -> Problem:
    return Problem(
        "/arms",
        f"should be {ARMS} arms, without the change and with it, but there {'is' if arms == 1 else 'are'} {arms}",
    )


def _claim_problems(request: TrialRequest, known: Mapping[str, Any]) -> Iterator[Problem]:
    if request.claims is None:
        return
    if not request.claims:
        yield Problem("/claims", "should be at least one claim, or null for all of them")
    for index, name in enumerate(request.claims):
        if name not in known:
            yield Problem(
                f"/claims/{index}",
                f"there is no claim {quoted(name)}{did_you_mean(name, known)}; the claims are {listed(known)}",
            )
        elif request.claims.index(name) != index:
            yield Problem(f"/claims/{index}", f"is there twice: {quoted(name)} counts once")


def _number_problems(request: TrialRequest) -> Iterator[Problem]:
    if request.seeds < MIN_PAIRS:
        yield Problem(
            "/seeds", f"should be at least {MIN_PAIRS}, not {request.seeds}: fewer pairs give no outcome"
        )
    budget = request.budget
    if budget is not None and budget.jobs is None and budget.seconds is None:
        yield Problem("/budget", 'should name jobs or seconds, such as {"seconds": 600}')


def _as_comparison(request: TrialRequest) -> dict[str, Any]:
    """The body of a comparison of the same arms, which has the same rules."""
    arms = [arm.model_dump(exclude_none=True) for arm in request.arms]
    return {
        "arms": arms,
        "replicates": request.seeds,
        "base_seed": request.base_seed,
        "confidence": request.confidence,
        **({} if request.target_accuracy is None else {"target_accuracy": request.target_accuracy}),
    }


def _from_comparison(problem: Problem) -> Problem:
    pointer = problem.pointer
    return Problem("/seeds", problem.detail) if pointer.startswith("/replicates") else problem


def _with_probes(spec: JobSpec, needed: Sequence[str]) -> dict[str, Any]:
    """The spec's document with the standard probes, and what the claims need beside them."""
    more = [name for name in needed if name not in STANDARD]
    return {**spec.to_document(), "probes": [*STANDARD, *more] if more else "standard"}


def _arm(
    given: ArmRequest,
    pointer: str,
    document: dict[str, Any],
    settings: Sequence["Setting"],
    parse: Callable[[dict[str, Any]], JobSpec],
) -> ParsedArm:
    """An arm with its spec at each setting; what is wrong at one is said of the arm."""
    spec = parse(document)
    at: list[JobSpec | None] = []
    for setting in settings:
        changed = _with_setting(document | {"probes": "off"}, setting.pointer, setting)
        try:
            other = parse(changed)
        except SpecError as error:
            raise SpecError(
                [
                    Problem(
                        f"{pointer}/spec{problem.pointer}",
                        f"{problem.detail} (a claim needs {words_of(setting)})",
                    )
                    for problem in error.problems
                ]
            ) from None
        at.append(None if other.digest == spec.digest else other)
    return ParsedArm(given.name, spec, at, given.base_seed)


def _with_setting(document: Mapping[str, Any], pointer: str, setting: "Setting") -> dict[str, Any]:
    """A copy of a document with a setting at a pointer, which leads through objects alone; as it is where there is no
    such number to multiply."""
    key, _, rest = pointer.removeprefix("/").partition("/")
    given = document.get(key)
    if rest:
        return {**document, key: _with_setting(given or {}, f"/{rest}", setting)}
    if not setting.times:
        return {**document, key: setting.value}
    return {**document, key: given * setting.value} if isinstance(given, int | float) else {**document}


def _within_budget(parsed: ParsedTrial, limits: Limits) -> ParsedTrial:
    needed = parsed.jobs_of_a_seed
    most = limits.comparison_jobs // needed
    if parsed.seeds > most:
        raise SpecError(
            [
                Problem(
                    "/seeds",
                    f"should be at most {most} for these claims, which need {needed} jobs a seed, not {parsed.seeds} "
                    "(limit 'comparison_jobs' of this service)",
                )
            ]
        )
    budget = parsed.request.budget
    if budget is None or budget.jobs is None:
        return parsed
    room = budget.jobs // needed
    if room < MIN_PAIRS:
        raise SpecError(
            [
                Problem(
                    "/budget/jobs",
                    f"should be at least {MIN_PAIRS * needed}, not {budget.jobs}: these claims need {needed} jobs a "
                    f"seed, and at least {MIN_PAIRS} seeds",
                )
            ]
        )
    return ParsedTrial(
        parsed.request, parsed.claims, parsed.arms, parsed.settings, parsed.probes, min(parsed.seeds, room)
    )
