"""What a sweep tries: ranges of a spec's values, strategies, budgets."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from normlab.spec.fields import Integer, Number, PositiveInteger, PositiveNumber, SpecModel

MAX_PARAMETERS = 8
"""Of one space: with more, no budget that a service like this has says anything of each."""
MAX_CHOICES = 32
MAX_PER_DECADE = 30
MAX_STEPS = 200
_LARGEST = 308.0
"""The largest power of ten that is a number."""
DIGITS = 3
"""Significant digits of the values on a logarithmic grid: the same on every machine, and easy to read."""

Value: TypeAlias = Any
"""Of a parameter: a number, or any JSON value of ``choices``."""


class Strategy(StrEnum):
    """How the points of a sweep are chosen."""

    GRID = "grid"
    """Every combination of the ranges' values."""
    RANDOM = "random"
    """Independent draws, the same for every arm."""
    TPE = "tpe"
    """Tree-structured Parzen estimator: draws where good points are frequent (Bergstra et al. 2011)."""
    CMA_ES = "cma_es"
    """Covariance matrix adaptation, of numbers only (Hansen 2016)."""
    SUCCESSIVE_HALVING = "successive_halving"
    """Random points with few epochs, of which the best go on with more (Jamieson and Talwalkar 2016)."""

    @property
    def learns(self) -> bool:
        """Whether later points depend on how earlier ones did."""
        return self in (Strategy.TPE, Strategy.CMA_ES)


class LogRange(SpecModel):
    """Numbers whose logarithm is spread evenly."""

    log: tuple[PositiveNumber, PositiveNumber]
    """The smallest and the largest."""
    per_decade: Annotated[PositiveInteger, Field(le=MAX_PER_DECADE)] = 3
    """Of a grid: values for each factor of ten."""

    @model_validator(mode="after")
    def _ordered(self) -> "LogRange":
        _refuse_disorder(*self.log)
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        return self.log

    def grid(self) -> list[Value]:
        """From the smallest by equal factors, and the largest."""
        low, high = self.log
        # By logarithms, since the ends may be as far apart as numbers can be.
        first = math.log10(low)
        count = math.floor((math.log10(high) - first) * self.per_decade + 1e-6)
        values = [_short(10 ** min(first + step / self.per_decade, _LARGEST)) for step in range(count + 1)]
        within = [value for value in values if low <= value < high * (1 - 1e-6)]
        return list(dict.fromkeys([low, *within, high]))

    def widened(self, side: str) -> "LogRange":
        """A decade further at its ``low`` or ``high`` end."""
        low, high = self.log
        log = (_short(low / 10), high) if side == "low" else (low, _short(high * 10))
        return LogRange(log=log, per_decade=self.per_decade)


class LinearRange(SpecModel):
    """Numbers that are spread evenly."""

    linear: tuple[Number, Number]
    steps: Annotated[PositiveInteger, Field(ge=2, le=MAX_STEPS)] = 5
    """Of a grid: how many values, both ends among them."""

    @model_validator(mode="after")
    def _ordered(self) -> "LinearRange":
        _refuse_disorder(*self.linear)
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        return self.linear

    @property
    def step(self) -> float:
        """From one value of the grid to the next."""
        low, high = self.linear
        return high / (self.steps - 1) - low / (self.steps - 1)

    def grid(self) -> list[Value]:
        """Evenly from the smallest to the largest."""
        low, high = self.linear
        parts = [index / (self.steps - 1) for index in range(1, self.steps - 1)]
        inner = [_short(low * (1 - part) + high * part, 6) for part in parts]
        return [low, *inner, high]

    def widened(self, side: str) -> "LinearRange":
        """Half of its width further at one end, by whole steps."""
        low, high = self.linear
        further = math.ceil((self.steps - 1) / 2)
        if side == "low":
            return LinearRange(
                linear=(_short(low - further * self.step, 6), high), steps=self.steps + further
            )
        return LinearRange(linear=(low, _short(high + further * self.step, 6)), steps=self.steps + further)


class IntegerRange(SpecModel):
    """Whole numbers."""

    integer: tuple[Integer, Integer]
    step: PositiveInteger = 1
    """Of a grid: from one value to the next."""

    @model_validator(mode="after")
    def _ordered(self) -> "IntegerRange":
        _refuse_disorder(*self.integer)
        if (self.integer[1] - self.integer[0]) / self.step > MAX_STEPS:
            raise ValueError(f"step should leave at most {MAX_STEPS} values")
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        return self.integer

    def grid(self) -> list[Value]:
        """From the smallest by steps, and the largest."""
        low, high = self.integer
        return list(dict.fromkeys([*range(low, high + 1, self.step), high]))

    def widened(self, side: str) -> "IntegerRange":
        """Half of its width further at one end, by whole steps."""
        low, high = self.integer
        further = math.ceil((high - low) / self.step / 2) * self.step
        integer = (low - further, high) if side == "low" else (low, high + further)
        return IntegerRange(integer=integer, step=self.step)


class Choices(SpecModel):
    """Some values, of any kind."""

    choices: Annotated[tuple[Any, ...], Field(min_length=2, max_length=MAX_CHOICES)]

    @model_validator(mode="after")
    def _different(self) -> "Choices":
        if any(first == second for first, second in itertools.combinations(map(repr, self.choices), 2)):
            raise ValueError("choices should be different from each other")
        return self

    def grid(self) -> list[Value]:
        """All of them."""
        return list(self.choices)


_KINDS = {"log": LogRange, "linear": LinearRange, "integer": IntegerRange, "choices": Choices}


def _kind(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return next((name for name in _KINDS if name in value), None)
    return next((name for name, kind in _KINDS.items() if isinstance(value, kind)), None)


Range = Annotated[
    Annotated[LogRange, Tag("log")]
    | Annotated[LinearRange, Tag("linear")]
    | Annotated[IntegerRange, Tag("integer")]
    | Annotated[Choices, Tag("choices")],
    Discriminator(
        _kind,
        custom_error_type="range",
        custom_error_message='should be {"log": [low, high]}, {"linear": [low, high]}, {"integer": [low, high]} or '
        '{"choices": […]}',
    ),
]
Numeric: TypeAlias = LogRange | LinearRange | IntegerRange
Space: TypeAlias = Mapping[str, LogRange | LinearRange | IntegerRange | Choices]
"""By the JSON pointer of a value in a job spec, what it is drawn from."""


class SweepBudget(SpecModel):
    """What a sweep may cost, all arms together; at least one of both."""

    jobs: PositiveInteger | None = None
    """Jobs, those that are used again included."""
    seconds: PositiveNumber | None = None
    """Seconds of all its jobs, added up: when they are used up, no further points are made."""

    @model_validator(mode="after")
    def _something(self) -> "SweepBudget":
        if self.jobs is None and self.seconds is None:
            raise ValueError('should be a number of jobs, such as {"jobs": 60}, or of seconds')
        return self


def pointer_of(path: str) -> str:
    """A JSON pointer (RFC 6901) from one, or from a dotted path.

    >>> pointer_of("training.optimizer.learning_rate"), pointer_of("/training/epochs")
    ('/training/optimizer/learning_rate', '/training/epochs')
    """
    return path if path.startswith("/") else "/" + path.replace(".", "/")


def keys_of(pointer: str) -> list[str]:
    """The keys that a JSON pointer goes through."""
    return [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]


def value_at(document: Any, pointer: str) -> Any:
    """What stands there.

    Raises:
        KeyError: nothing does; the argument is the pointer to what is missing.
    """
    found = document
    for depth, key in enumerate(keys_of(pointer), 1):
        try:
            found = found[int(key)] if isinstance(found, list | tuple) else found[key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise KeyError("/".join(pointer.split("/")[: depth + 1])) from None
    return found


def with_values(document: Mapping[str, Any], values: Mapping[str, Value]) -> dict[str, Any]:
    """A job spec with other values at these pointers, the shorter ones first.

    A value may be one that the document leaves out. A name that stands for an object with defaults becomes that object
    when something in it is set.

    Raises:
        KeyError: there is nothing to put a value into; the argument is the pointer to what is missing.
    """
    found: Any = document
    for pointer in sorted(values, key=lambda pointer: (len(keys_of(pointer)), pointer)):
        found = _replaced(found, keys_of(pointer), values[pointer], pointer)
        found = _without_what_it_replaces(found, pointer)
    changed: dict[str, Any] = found
    return changed


def _replaced(document: Any, keys: Sequence[str], value: Value, pointer: str, depth: int = 0) -> Any:
    if depth == len(keys):
        return value
    key = keys[depth]
    if isinstance(document, str):
        document = {"name": document}
    if isinstance(document, Mapping) and (key in document or depth == len(keys) - 1):
        return {**document, key: _replaced(document.get(key), keys, value, pointer, depth + 1)}
    if isinstance(document, list | tuple) and key.isdecimal() and int(key) < len(document):
        items = [*document]
        items[int(key)] = _replaced(items[int(key)], keys, value, pointer, depth + 1)
        return items
    raise KeyError("/".join(pointer.split("/")[: depth + 2]))


def _without_what_it_replaces(document: Any, pointer: str) -> Any:
    """A preset brings layers: with other layers it is none, and with another normalization it brings others."""
    architecture = document.get("architecture")
    if not isinstance(architecture, Mapping):
        return document
    if pointer.startswith("/architecture/layers"):
        gone = {"preset", "normalization"}
    elif pointer in ("/architecture/normalization", "/architecture/preset"):
        gone = {"layers"}
    else:
        return document
    return {**document, "architecture": {key: architecture[key] for key in architecture if key not in gone}}


def grid_points(space: Space) -> Iterator[dict[str, Value]]:
    """Every combination, the last parameter's values after one another."""
    for values in itertools.product(*(drawn.grid() for drawn in space.values())):
        yield dict(zip(space, values, strict=True))


def grid_size(space: Space) -> int:
    """How many combinations there are."""
    return math.prod(len(drawn.grid()) for drawn in space.values())


def _short(value: float, digits: int = DIGITS) -> float:
    return float(f"{value:.{digits}g}")


def _refuse_disorder(low: float, high: float) -> None:
    if not low < high:
        raise ValueError(f"the first should be less than the second, not {low:g} and {high:g}")
