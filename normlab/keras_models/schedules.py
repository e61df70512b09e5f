"""Keras's learning-rate schedules, which count steps, as a spec's, which count epochs: a row for each class."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil, isclose
from typing import Any

from normlab.keras_models.values import NoCounterpartError, parts, plain
from normlab.spec.shown import listed, shown

Config = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What is known of a run beside its model."""

    steps: int
    """Of an epoch."""
    epochs: int | None
    """None: nobody has said; Normlab's default holds."""


@dataclass
class Scheduled:
    """A schedule as a spec has it."""

    learning_rate: float
    schedule: dict[str, Any]
    epochs: int | None = None
    """How long the run has to be, where the schedule says it."""
    remarks: list[str] = field(default_factory=list)


def schedule_of(written: Mapping[str, Any], run: Run) -> Scheduled:
    """A schedule of Keras's in the terms of a spec.

    Raises ``NoCounterpartError`` with the reason if there is none.
    """
    name, config = parts(written)
    row = _ROWS.get(name)
    if row is None:
        raise NoCounterpartError(f"the schedule {name} has no counterpart: {listed(_ROWS)} have one")
    config.pop("name", None)
    return row({key: plain(value) for key, value in config.items()}, run)


def _cosine(config: Config, run: Run) -> Scheduled:
    rate, steps = config["initial_learning_rate"], config["decay_steps"]
    schedule: dict[str, Any] = {"name": "cosine", "alpha": config.get("alpha", 0.0)}
    if (target := config.get("warmup_target")) is not None:
        if rate != 0:
            raise NoCounterpartError(
                f"its warm-up begins at {shown(rate)}, and Normlab's at 0: initial_learning_rate = 0.0 does"
            )
        rate, warmup = target, config.get("warmup_steps") or 0
        schedule["warmup_epochs"] = warmup / run.steps
        steps += warmup
    if steps % run.steps:
        near = round(steps / run.steps) or 1
        raise NoCounterpartError(
            f"ends after {steps} steps, which are no whole epochs of {run.steps} steps, and Normlab's cosine ends with "
            f"the run: {near * run.steps} steps are {near} epochs"
        )
    epochs = steps // run.steps
    if run.epochs not in (None, epochs):
        raise NoCounterpartError(
            f"ends after {epochs} epochs of {run.steps} steps, and the run after {run.epochs}: Normlab's cosine ends "
            "with the run"
        )
    remarks = (
        []
        if run.epochs
        else [f"the run has {epochs} epochs of {run.steps} steps: so long does the cosine last"]
    )
    return Scheduled(rate, schedule, epochs, remarks)


def _exponential(config: Config, run: Run) -> Scheduled:
    schedule = {
        "name": "exponential",
        "decay_rate": config["decay_rate"],
        "decay_epochs": config["decay_steps"] / run.steps,
        "staircase": config.get("staircase", False),
    }
    if schedule["staircase"] and config["decay_steps"] % run.steps:
        raise NoCounterpartError(
            f"its steps down, every {config['decay_steps']} steps, are not at the ends of epochs of {run.steps} steps"
        )
    return Scheduled(config["initial_learning_rate"], schedule)


def _piecewise(config: Config, run: Run) -> Scheduled:
    boundaries, values = config["boundaries"], config["values"]
    factors = [after / before for before, after in pairwise(values)]
    if not factors or not all(isclose(factor, factors[0], rel_tol=1e-6) for factor in factors):
        raise NoCounterpartError(
            f"its values, {listed(map(str, values))}, do not fall by one factor, as Normlab's do"
        )
    epochs, remarks = [], []
    for boundary in boundaries:
        if (boundary + 1) % run.steps == 0:  # Keras's rate falls in the step behind a boundary
            epochs.append((boundary + 1) // run.steps)
        elif boundary % run.steps == 0 and boundary:
            epochs.append(boundary // run.steps)
            remarks.append(
                f"the learning rate falls at the end of epoch {boundary // run.steps}, after {boundary} steps; in "
                "Keras one step later"
            )
        else:
            near = max(1, round(boundary / run.steps))
            raise NoCounterpartError(
                f"its boundary {boundary} is not at the end of an epoch of {run.steps} steps: {near * run.steps - 1} is"
            )
    factor = (
        plain(round(factors[0], 6)) if isclose(round(factors[0], 6), factors[0], rel_tol=1e-6) else factors[0]
    )
    return Scheduled(values[0], {"name": "step", "epochs": epochs, "factor_per_step": factor}, None, remarks)


def _cosine_restarts(config: Config, run: Run) -> Scheduled:
    schedule = {"name": "cosine_restarts", "first_decay_epochs": config["first_decay_steps"] / run.steps}
    schedule |= {key: float(config[key]) for key in ("t_mul", "m_mul", "alpha") if key in config}
    return Scheduled(config["initial_learning_rate"], schedule)


_ROWS: Mapping[str, Callable[[Config, Run], Scheduled]] = {
    "CosineDecay": _cosine,
    "CosineDecayRestarts": _cosine_restarts,
    "ExponentialDecay": _exponential,
    "PiecewiseConstantDecay": _piecewise,
}


def steps_of(samples: int, batch_size: int) -> int:
    """Steps of an epoch; the last one has what is left."""
    return max(1, ceil(samples / batch_size))
