"""Outcomes in sentences, which are made from the numbers."""

from collections.abc import Sequence
from math import isfinite

from normlab.analysis.claims.claim import Claim, Definition
from normlab.analysis.claims.effect import Effect, Unit
from normlab.analysis.claims.evidence import Evidence
from normlab.analysis.claims.outcome import Part
from normlab.analysis.mechanism.quantities import Scale
from normlab.documents.claims import Answer, PartAnswer
from normlab.spec.replicates import MIN_PAIRS

_ANSWERS = {
    Answer.HOLDS: "holds",
    Answer.DOES_NOT_HOLD: "does not hold",
    Answer.DEPENDS_ON_DEFINITION: "depends on the definition",
    Answer.INCONCLUSIVE: "is not decided",
}


def outcome(claim: Claim, answer: Answer, parts: Sequence[Part], evidence: Evidence) -> str:
    """One sentence about a claim."""
    said = "; ".join(part.sentence for part in parts)
    return f"That {evidence.b} {claim.sentence} {_ANSWERS[answer]}: {said}."


def not_applicable(claim: Claim, reason: str) -> str:
    """Why a claim is not about these arms."""
    return f"That it {claim.sentence} does not apply here: {reason}."


def part(judged: Part, effect: Effect, definition: Definition, evidence: Evidence) -> str:
    """One definition, as a part of a sentence: what was measured, and what that shows."""
    a, b = effect.names or (evidence.a, evidence.b)
    values = f"{effect.quantity} is {value(judged.a, effect.unit)} in {a} and {value(judged.b, effect.unit)} in {b}"
    return f"{values} ({_estimate(judged, effect)}), so {_follows(judged, effect, definition)}"


def _follows(judged: Part, effect: Effect, definition: Definition) -> str:
    match judged.answer:
        case PartAnswer.SHOWN:
            return definition.words
        case PartAnswer.NOT_SHOWN:
            least = f", or by less than {_size(effect.margin, effect)}" if effect.least else ""
            return f"it is not so that {definition.words}{least}"
    if judged.pairs < MIN_PAIRS:
        return f"it is open whether {definition.words}: that takes at least {MIN_PAIRS} pairs"
    shown = "" if judged.smallest_shown is None else _size(judged.smallest_shown, effect)
    return (
        f"it is open whether {definition.words}: {judged.pairs} pairs would have shown no less than {shown}"
    )


def _estimate(judged: Part, effect: Effect) -> str:
    low, high = judged.interval or (float("-inf"), float("inf"))
    if effect.scale is Scale.RATIO:
        return f"{number(judged.estimate)} times as much, {number(low)} to {number(high)}"
    return f"{_difference(judged.estimate, effect.unit)}, {_ends(low, high, effect.unit)}"


def _ends(low: float, high: float, unit: Unit) -> str:
    return f"{_difference(low, unit, short=True)} to {_difference(high, unit, short=True)}"


def _size(size: float, effect: Effect) -> str:
    if effect.scale is Scale.RATIO:
        return f"a factor of {number(size)}"
    return _difference(size, effect.unit).removeprefix("+")


def _difference(size: float | None, unit: Unit, *, short: bool = False) -> str:
    if size is None or not isfinite(size):
        return "no bound"
    if unit is Unit.PERCENT:
        return f"{100 * size:+.2f}".replace("-", "\N{MINUS SIGN}") + ("" if short else " percentage points")
    return f"{'+' if size > 0 else ''}{number(size)}"


def value(figure: float | None, unit: Unit) -> str:
    """A value in its unit."""
    if figure is None:
        return "unknown"
    match unit:
        case Unit.PERCENT:
            return f"{100 * figure:.2f} %".replace("-", "\N{MINUS SIGN}")
        case Unit.SECONDS:
            return f"{number(figure)} s"
    return number(figure)


def number(figure: float | None) -> str:
    """Three figures."""
    if figure is None or not isfinite(figure):
        return "no bound"
    if figure and not 1e-3 <= abs(figure) < 1e6:
        return f"{figure:.1e}".replace("-", "\N{MINUS SIGN}")
    text = f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")
