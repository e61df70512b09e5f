"""From effects to outcomes: all claims that were asked together share one error."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from normlab.analysis.claims import words
from normlab.analysis.claims.claim import Claim, Examined
from normlab.analysis.claims.effect import Effect, NotApplicable, Unknown
from normlab.analysis.claims.evidence import Evidence
from normlab.analysis.claims.outcome import Outcome, Part
from normlab.analysis.intervals import Interval, spread, t_interval, t_p_value
from normlab.analysis.mechanism.quantities import Scale
from normlab.analysis.paired import deciding
from normlab.analysis.signflip import pairs_to_reach, sign_flip_p_value
from normlab.analysis.validation import ROUNDING, Floats, as_generator, check_confidence
from normlab.documents.claims import Answer, PartAnswer
from normlab.spec.replicates import MIN_PAIRS

POWER = 0.8
"""With this probability the smallest effect that is told would have been shown."""


def judge(claims: Sequence[Claim], evidence: Evidence, *, confidence: float = 0.95) -> tuple[Outcome, ...]:
    """What the runs say of each claim.

    Every definition of every claim is tested twice: that there is no effect as claimed, and that there is one of at
    least its margin. The first is refuted: it is shown. The second is refuted: it is not so, or by too little to
    matter, which goes before. Each of the two is a t test of the pairs, which the sign-flip test has to confirm; below
    so many pairs that this can be, the t test has to reach half the level (as in ``compare_paired``). The smaller of
    both p values counts in Holm's procedure (1979) over all definitions of all claims, also those that turn out not to
    apply: the number of tests does not depend on what is seen. An effect cannot be none and at least the margin, so
    each definition has one true hypothesis to be wrong about, at half the error of a two-sided test. That Holm's
    procedure keeps its promise with directions is proven for tests that do not depend on each other (Shaffer 1980;
    Finner 1999), and simulated for these (``bench/claims``).

    A claim holds if it is shown by all of its definitions, does not hold if by none, and depends on the definition if
    by some and not by others.

    Args:
        claims: Asked together.
        evidence: What was run for them.
        confidence: No outcome but with this probability is wrong.
    """
    alpha = 1 - check_confidence(confidence)
    examined = {claim.name: claim.examine(evidence) for claim in claims}
    tests = sum(len(claim.definitions) for claim in claims)
    found = {
        (name, definition): _Test.of(effect, alpha / tests)
        for name, seen in examined.items()
        if not isinstance(seen, NotApplicable)
        for definition, effect in seen.items()
        if isinstance(effect, Effect)
    }
    levels = _holm({key: test.p_value for key, test in found.items()}, tests, alpha)
    return tuple(
        _outcome(
            claim,
            examined[claim.name],
            {
                each.name: (found[key], *levels[key])
                for each in claim.definitions
                if (key := (claim.name, each.name)) in found
            },
            evidence,
        )
        for claim in claims
    )


@dataclass(frozen=True)
class _Test:
    """The two tests of an effect; p values are two-sided."""

    effect: Effect
    mean: float
    deviation: float
    shown: float
    """That it is not above 0."""
    too_small: float
    """That it is at least the margin."""
    testable: bool
    """Whether the sign-flip test can confirm the t test; else that has to reach half of the level."""

    @classmethod
    def of(cls, effect: Effect, strictest: float) -> "_Test":
        """The tests of an effect; ``strictest`` is the level at which Holm's procedure begins."""
        differences = np.where(np.abs(effect.shown) <= ROUNDING, 0.0, effect.shown)
        mean, deviation = float(differences.mean()), spread(differences)
        few = len(differences) < MIN_PAIRS
        return cls(
            effect,
            mean,
            deviation,
            shown=1.0 if few or mean <= 0 else _p_value(differences, strictest),
            too_small=1.0 if few or mean >= effect.least else _p_value(differences - effect.least, strictest),
            testable=len(differences) >= pairs_to_reach(strictest),
        )

    @property
    def p_value(self) -> float:
        """Of the one that comes first."""
        return min(self.shown, self.too_small)

    def answer(self, level: float, *, reached: bool) -> PartAnswer:
        """What follows at a level."""
        if not reached:
            return PartAnswer.OPEN
        return PartAnswer.NOT_SHOWN if self.too_small <= level else PartAnswer.SHOWN

    def smallest_shown(self, level: float) -> float | None:
        """See ``Part``."""
        count = len(self.effect.a)
        if count < MIN_PAIRS:
            return None
        needed = level if self.testable else level / 2
        quantiles = stats.t.isf(needed / 2, count - 1) + stats.t.ppf(POWER, count - 1)
        least = float(quantiles) * self.deviation / math.sqrt(count)
        if self.testable and level < 2.0 ** (2 - count):  # the sign-flip test needs one sign of all pairs
            least = max(least, float(stats.norm.ppf(POWER ** (1 / count))) * self.deviation)
        return _exp(least) if self.effect.scale is Scale.RATIO else least


def _p_value(differences: Floats, strictest: float) -> float:
    t_p = t_p_value(float(differences.mean()), spread(differences), len(differences))
    testable = len(differences) >= pairs_to_reach(strictest)
    flipped = sign_flip_p_value(differences, as_generator(None)) if testable else 1.0
    return deciding(flipped, t_p, testable=testable)[1]


def _holm(
    p_values: Mapping[tuple[str, str], float], tests: int, alpha: float
) -> dict[tuple[str, str], tuple[float, float, bool]]:
    """Of each test its level, its adjusted p value, and whether it is reached."""
    found: dict[tuple[str, str], tuple[float, float, bool]] = {}
    adjusted, open_since = 0.0, None
    for rank, key in enumerate(sorted(p_values, key=p_values.__getitem__)):
        level = alpha / (tests - rank)
        adjusted = min(1.0, max(adjusted, p_values[key] * (tests - rank)))
        if open_since is None and p_values[key] > level:
            open_since = level
        found[key] = (level if open_since is None else open_since, adjusted, open_since is None)
    return found


def _outcome(
    claim: Claim, seen: Examined, tests: Mapping[str, tuple[_Test, float, float, bool]], evidence: Evidence
) -> Outcome:
    if isinstance(seen, NotApplicable):
        return Outcome(claim.name, Answer.NOT_APPLICABLE, words.not_applicable(claim, seen.reason))
    parts = []
    for definition in claim.definitions:
        effect = seen.get(definition.name, Unknown("it was not measured"))
        if isinstance(effect, Unknown):
            parts.append(Part(definition.name, PartAnswer.OPEN, f"{effect.reason}", 0))
        else:
            test, level, adjusted, reached = tests[definition.name]
            part = _part(definition.name, test, level, adjusted, reached=reached)
            parts.append(replace(part, sentence=words.part(part, effect, definition, evidence)))
    answer = _together({part.answer for part in parts})
    return Outcome(claim.name, answer, words.outcome(claim, answer, parts, evidence), tuple(parts))


def _part(definition: str, test: _Test, level: float, adjusted: float, *, reached: bool) -> Part:
    effect, count = test.effect, len(test.effect.a)
    interval = t_interval(test.mean, test.deviation, count, 1 - level)
    if effect.shown_is_reversed:
        interval, mean = Interval(-interval.high, -interval.low), -test.mean
    else:
        mean = test.mean
    ratio = effect.scale is Scale.RATIO
    return Part(
        definition,
        test.answer(level, reached=reached),
        "",
        count,
        a=_mean(effect.a, ratio=ratio),
        b=_mean(effect.b, ratio=ratio),
        scale=effect.scale.value,
        estimate=_exp(mean) if ratio else mean,
        interval=Interval(_exp(interval.low), _exp(interval.high)) if ratio else interval,
        level=1 - level,
        margin=effect.margin,
        p_value=test.p_value,
        adjusted_p_value=adjusted,
        smallest_shown=test.smallest_shown(level),
        notes=effect.notes,
        values=tuple(zip(effect.a.tolist(), effect.b.tolist(), strict=True)),
    )


def _together(answers: set[PartAnswer]) -> Answer:
    if {PartAnswer.SHOWN, PartAnswer.NOT_SHOWN} <= answers:
        return Answer.DEPENDS_ON_DEFINITION
    if PartAnswer.OPEN in answers:
        return Answer.INCONCLUSIVE
    return Answer.HOLDS if PartAnswer.SHOWN in answers else Answer.DOES_NOT_HOLD


def _mean(values: Floats, *, ratio: bool) -> float:
    return float(np.exp(np.log(values).mean())) if ratio else float(values.mean())


def _exp(value: float) -> float:
    """Where it would overflow, there is no bound."""
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
