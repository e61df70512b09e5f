"""A sweep's answer in sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

from normlab.analysis.metrics import style_of
from normlab.analysis.sweeps.expected import ExpectedBest
from normlab.analysis.sweeps.points import SweptArm, SweptPoint, SweptSpace
from normlab.analysis.sweeps.tolerance import Tolerance
from normlab.documents.sweeps import AheadDocument
from normlab.spec.shown import shown
from normlab.spec.sweeps import keys_of


def short_names(pointers: Sequence[str]) -> dict[str, str]:
    """By pointer, the shortest end of it that is no other's: ``learning_rate``."""
    found = {}
    for pointer in pointers:
        keys = keys_of(pointer)
        for length in range(1, len(keys) + 1):
            end = keys[-length:]
            if sum(keys_of(other)[-length:] == end for other in pointers) == 1:
                break
        found[pointer] = ".".join(end)
    return found


def number(value: Any) -> str:
    """A parameter's value as a sentence shows it."""
    if isinstance(value, str):
        return value
    return f"{value:.3g}" if isinstance(value, float) else shown(value)


def point_in_words(values: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """``learning_rate 0.1, batch_size 32``."""
    return ", ".join(f"{name} {number(values[pointer])}" for pointer, name in names.items())


def best_sentence(
    arm: str,
    best: SweptPoint,
    asked: SweptSpace,
    *,
    like_it: Sequence[int],
    edges: Mapping[str, str],
    compared: int,
) -> str:
    """The best point with its uncertainty."""
    style, names = style_of(asked.metric), short_names(list(asked.space))
    seeds = len(best.runs)
    text = f"{arm}: best at {point_in_words(best.values, names)} with a {asked.metric.words} of "
    text += style.value(best.mean or 0.0)
    if seeds > 1:
        interval = best.interval(asked.confidence, asked.metric)
        text += (
            f" ({100 * asked.confidence:g} % interval {style.value(interval.low)} to {style.value(interval.high)}, "
            f"{seeds} seeds)"
        )
    else:
        text += " (one seed: no interval)"
    others = compared - 1
    if others:
        text += f"; {_how_many(len(like_it), others)}"
    for pointer, side in edges.items():
        text += (
            f"; {names[pointer]} is best at the {side} end of what was tried, so its optimum may lie beyond"
        )
    return f"{text}."


def _how_many(some: int, others: int) -> str:
    if not some:
        return (
            f"none of the other {others} points can be taken for it" if others > 1 else "the other is worse"
        )
    if others == 1:
        return "the other point cannot be told from it"
    return f"{some} of the other {others} points cannot be told from it"


def tolerance_sentence(arm: str, pointer: str, found: Tolerance, asked: SweptSpace) -> str:
    """How wide the good range is."""
    style, name = style_of(asked.metric), short_names(list(asked.space))[pointer]
    within = f"{style.difference(asked.delta)}{style.unit}"
    size = f"{found.width:.1f} decades" if found.in_decades else number(float(found.width))
    at_least = "at least " if found.censored else ""
    text = (
        f"{arm} is within {within} of its best for {name} from {number(float(found.low))} to "
        f"{number(float(found.high))}: {at_least}{size}"
    )
    if found.smallest_diverged is not None:
        text += f"; it diverged at {number(found.smallest_diverged)}"
    return f"{text}."


def ahead_sentences(ahead: Sequence[AheadDocument]) -> list[str]:
    """Who would have been ahead with which budget, in runs of budgets with one answer."""
    spans: list[tuple[str | None, int, int]] = []
    for entry in ahead:
        if spans and spans[-1][0] == entry.arm:
            spans[-1] = (entry.arm, spans[-1][1], entry.points)
        else:
            spans.append((entry.arm, entry.points, entry.points))
    return [
        f"With {_span(first, last)} of tuning, "
        + (f"{arm} is expected to be ahead." if arm else "no arm can be expected to be ahead.")
        for arm, first, last in spans
    ]


def _span(first: int, last: int) -> str:
    if first == last:
        return f"{first} point{'s' * (first > 1)}"
    return f"{first} to {last} points"


def caveats(
    asked: SweptSpace, arms: Sequence[SweptArm], expected: Mapping[str, ExpectedBest | None]
) -> list[str]:
    """What to know before drawing a conclusion."""
    found = [
        "The best point is the best of many: its value flatters it, and fresh seeds will show less, on average."
    ]
    if all(len(point.runs) < 2 for arm in arms for point in arm.points):
        found.append("With one seed, points cannot be told from each other.")
    incomplete = sum(1 for arm in arms for point in arm.points if point.outcome == "incomplete")
    if incomplete:
        found.append(
            f"{incomplete} point{'s are' if incomplete > 1 else ' is'} left out: not every job succeeded."
        )
    if asked.strategy.learns:
        found.append(
            "Later points depend on earlier ones, so what the best of fewer points would have been is not worked out, "
            "and parameters are not tried evenly."
        )
    elif any(expected.values()):
        found.append(
            "Expected bests suppose points that are drawn at random from those that were tried; beyond about a quarter "
            "of the budget their bands are too narrow."
        )
    if asked.metric.on_test is asked.metric:
        found.append(
            "The points were chosen by the test set: it has no unbiased word left about the best one."
        )
    return found
