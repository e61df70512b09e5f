"""The next points by Optuna's samplers: a study is built in memory from the stored points each time it is asked.

Nothing of a sampler is stored, and any process may go on: samplers draw from the sweep's seed, so asking a new one from
the start, and telling it what came of each point, leaves it where the one before it was. Rounds are asked for whole, as
they were then, so that what it knew at each point is the same, too. Where another version of Optuna would have
suggested another point, the stored one takes its place, as a point that somebody else chose.

**Diverged points are told as the worst value so far**, not as failed. Told as failed they leave no trace: TPE looks
only at points with a value, and goes on to draw where everything diverges. Measured on a curve that ends at a rate of
0.1 of a space that reaches to 1000 (Optuna 5.0, 24 points, 12 seeds): of the last 12 points 11.5 diverged when these
were told as failed, 4.3 when told as the worst. Points that failed otherwise (a worker that was lost, a full disk) are
told as failed: they say nothing of the place.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from normlab.spec.sweeps import Choices, IntegerRange, LinearRange, LogRange, Space, Strategy, Value
from normlab.sweeps.request import SweepQuestion

if TYPE_CHECKING:
    import optuna

STARTUP_POINTS = 5
"""So many points TPE draws at random at first, or two for each parameter and one more."""


@dataclass(frozen=True)
class Tried:
    """A point that has ended."""

    values: Mapping[str, Value]
    value: float | None
    """The metric's mean over seeds; None where not every seed has one."""
    diverged: bool = False


def suggest(question: SweepQuestion, rounds: Sequence[Sequence[Tried]], count: int) -> list[dict[str, Value]]:
    """So many further points, the same for the same question and rounds."""
    import optuna  # noqa: PLC0415 - 0.4 s of imports that no request but this needs
    from optuna.trial import TrialState, create_trial  # noqa: PLC0415

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    distributions = {pointer: _distribution(drawn) for pointer, drawn in question.space.items()}
    higher = question.metric.higher_is_better
    with warnings.catch_warnings():
        # Of its experimental parts, and of parameters that it draws by themselves at first.
        warnings.simplefilter("ignore")
        study = optuna.create_study(
            sampler=_sampler(question), direction="maximize" if higher else "minimize"
        )
        worst: float | None = None
        for tried in rounds:
            asked = [study.ask(distributions) for _ in tried]
            for trial, point in zip(asked, tried, strict=True):
                value = point.value
                if point.diverged:
                    value = worst if worst is not None else _worst(question)
                elif value is not None:
                    worst = value if worst is None else (min if higher else max)(worst, value)
                if _values(trial.params, question.space) == dict(point.values):
                    study.tell(trial, value, state=TrialState.FAIL if value is None else None)
                    continue
                study.tell(trial, state=TrialState.FAIL)
                if value is not None:
                    params = _params(point.values, question.space)
                    study.add_trial(create_trial(params=params, distributions=distributions, value=value))
        return [_values(study.ask(distributions).params, question.space) for _ in range(count)]


_LARGE = 1e6
"""What a loss that is no number stands for while no other is known."""


def _worst(question: SweepQuestion) -> float:
    if question.metric.is_fraction:
        return 0.0
    return -_LARGE if question.metric.higher_is_better else _LARGE


def _sampler(question: SweepQuestion) -> "optuna.samplers.BaseSampler":
    import optuna  # noqa: PLC0415

    match question.strategy:
        case Strategy.TPE:
            startup = max(STARTUP_POINTS, 2 * len(question.space) + 1)
            return optuna.samplers.TPESampler(seed=question.seed, n_startup_trials=startup)
        case Strategy.CMA_ES:
            return optuna.samplers.CmaEsSampler(seed=question.seed, warn_independent_sampling=False)
        case _:
            return optuna.samplers.RandomSampler(seed=question.seed)


def _distribution(drawn: LogRange | LinearRange | IntegerRange | Choices) -> Any:
    from optuna.distributions import (  # noqa: PLC0415
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    match drawn:
        case LogRange(log=(low, high)):
            return FloatDistribution(low, high, log=True)
        case LinearRange(linear=(low, high)):
            return FloatDistribution(low, high)
        case IntegerRange(integer=(low, high), step=step):
            return IntDistribution(low, high - (high - low) % step, step=step)
        case Choices(choices=choices):
            # By their numbers, since Optuna takes no lists and objects.
            return CategoricalDistribution(range(len(choices)))


def _values(params: Mapping[str, Any], space: Space) -> dict[str, Value]:
    return {
        pointer: drawn.choices[params[pointer]] if isinstance(drawn, Choices) else params[pointer]
        for pointer, drawn in space.items()
    }


def _params(values: Mapping[str, Value], space: Space) -> dict[str, Any]:
    return {
        pointer: drawn.choices.index(values[pointer]) if isinstance(drawn, Choices) else values[pointer]
        for pointer, drawn in space.items()
    }
