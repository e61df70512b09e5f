"""Claims: each is declared whole, judged by planted runs, and their error is one."""

import pkgutil
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from normlab.analysis.claims import known, registry
from normlab.analysis.claims.claim import Claim, Definition, Need
from normlab.analysis.claims.effect import Better, Effect, NotApplicable, Unknown
from normlab.analysis.claims.evidence import Evidence, Paired, Setting
from normlab.analysis.claims.judge import judge
from normlab.analysis.claims.known import larger_rate
from normlab.analysis.claims.outcome import Outcome
from normlab.analysis.claims.registry import all_claims
from normlab.analysis.mechanism.quantities import Scale
from normlab.documents.claims import Answer, PartAnswer
from normlab.spec.probes import PROBES
from support.claims import arm, evidence_of

PAIRS = 6


def outcome(claim: str, evidence: Evidence) -> Outcome:
    """Of one claim alone."""
    (found,) = judge(registry.named([claim]), evidence)
    return found


# What is declared.


@pytest.mark.parametrize("claim", all_claims().values(), ids=lambda claim: claim.name)
def test_a_claim_says_all_that_it_should(claim: Claim) -> None:
    texts = (claim.sentence, claim.definition, claim.source, claim.runs, claim.cost)
    missing = [text for text in texts if not text.strip()]
    assert not missing, "sentence, definition, source, runs and cost are all said"
    assert claim.definitions, "at least one definition is tested"
    assert len({each.name for each in claim.definitions}) == len(claim.definitions)
    assert all(probe in PROBES for probe in claim.probes), "a probe that is not known"
    assert bool(claim.probes) == (Need.PROBES in claim.needs)
    assert bool(claim.settings) == (Need.SETTINGS in claim.needs)
    assert not claim.sentence[0].isupper(), "the sentence goes on from the arm's name"


def test_every_file_is_a_claim_of_its_name() -> None:
    assert [*all_claims()] == [found.name for found in pkgutil.iter_modules(known.__path__)]


@pytest.mark.parametrize("claim", all_claims().values(), ids=lambda claim: claim.name)
def test_a_claim_without_evidence_is_not_decided(claim: Claim) -> None:
    """Nothing raises, and each definition says why."""
    (found,) = judge([claim], Evidence("a", "b", Paired()))
    assert found.answer is Answer.INCONCLUSIVE
    assert {part.definition for part in found.parts} == {each.name for each in claim.definitions}
    assert all(part.sentence and part.answer is PartAnswer.OPEN for part in found.parts)


# What is planted.


@pytest.mark.parametrize("claim", all_claims().values(), ids=lambda claim: claim.name)
def test_an_arm_against_itself_shows_nothing(claim: Claim) -> None:
    a, b = arm(seed=1, pairs=PAIRS), arm(seed=2, pairs=PAIRS)
    assert outcome(claim.name, evidence_of(a, b)).answer is not Answer.HOLDS


def test_faster_by_epochs_and_slower_by_seconds_depends_on_the_definition() -> None:
    a = arm(seed=1, pairs=PAIRS, rate=0.3, seconds=1.0)
    found = outcome("faster", evidence_of(a, arm(seed=2, pairs=PAIRS, rate=0.9, seconds=6.0)))
    assert found.answer is Answer.DEPENDS_ON_DEFINITION
    assert {part.definition: part.answer for part in found.parts} == {
        "epochs": PartAnswer.SHOWN,
        "updates": PartAnswer.SHOWN,
        "seconds": PartAnswer.NOT_SHOWN,
    }
    faster = outcome("faster", evidence_of(a, arm(seed=2, pairs=PAIRS, rate=0.9, seconds=1.0)))
    assert faster.answer is Answer.HOLDS
    assert "it takes fewer epochs" in faster.sentence


def test_a_target_reached_at_once_is_nothing_to_be_faster_at() -> None:
    a, b = arm(seed=1, pairs=PAIRS), arm(seed=2, pairs=PAIRS)
    found = outcome("faster", replace(evidence_of(a, b), target_accuracy=0.01))
    assert found.answer is Answer.NOT_APPLICABLE
    assert "1.0 %" in found.sentence


def test_a_run_that_never_gets_there_counts_with_all_its_epochs() -> None:
    a, b = arm(seed=1, pairs=PAIRS, best=0.4), arm(seed=2, pairs=PAIRS, best=0.9, rate=0.9)
    found = outcome("faster", evidence_of(a, b))
    assert found.answer is Answer.HOLDS
    assert "6 of 12 runs ended before the target" in found.parts[0].notes[0]


def test_a_target_that_no_run_reaches_decides_nothing() -> None:
    a, b = arm(seed=1, pairs=PAIRS, best=0.4), arm(seed=2, pairs=PAIRS, best=0.6, seconds=0.25)
    found = outcome("faster", replace(evidence_of(a, b), target_accuracy=0.95))
    assert found.answer is Answer.INCONCLUSIVE
    assert "no run of either arm reached the target" in found.sentence


def test_gradients_that_vanish_are_cured_or_only_vanish_less() -> None:
    a = arm(seed=1, pairs=PAIRS, left=1e-6)
    cured = outcome("vanishing_gradients", evidence_of(a, arm(seed=2, pairs=PAIRS, left=0.5)))
    assert cured.answer is Answer.HOLDS
    less = outcome("vanishing_gradients", evidence_of(a, arm(seed=2, pairs=PAIRS, left=1e-5)))
    assert less.answer is Answer.DEPENDS_ON_DEFINITION
    healthy = arm(seed=1, pairs=PAIRS, left=0.5)
    nothing = outcome("vanishing_gradients", evidence_of(healthy, arm(seed=2, pairs=PAIRS, left=0.9)))
    assert nothing.answer is Answer.NOT_APPLICABLE
    assert "nothing to cure" in nothing.sentence
    assert "0.5" in nothing.sentence


def test_shift_by_its_two_definitions() -> None:
    a = arm(seed=1, pairs=PAIRS)
    found = outcome("covariate_shift", evidence_of(a, arm(seed=2, pairs=PAIRS, shift=0.2, turn=1.5)))
    assert found.answer is Answer.DEPENDS_ON_DEFINITION
    both = outcome("covariate_shift", evidence_of(a, arm(seed=2, pairs=PAIRS, shift=0.2, turn=0.2)))
    assert both.answer is Answer.HOLDS


@pytest.mark.parametrize("claim", ["covariate_shift", "predictive_gradients"])
def test_a_network_that_does_not_learn_shows_nothing_inside(claim: str) -> None:
    a, b = arm(seed=1, pairs=PAIRS, guesses=True), arm(seed=2, pairs=PAIRS, shift=0.1, change=0.1)
    found = outcome(claim, evidence_of(a, b))
    assert found.answer is Answer.NOT_APPLICABLE
    assert "learned nothing" in found.sentence


def test_predictive_gradients() -> None:
    a = arm(seed=1, pairs=PAIRS)
    assert (
        outcome("predictive_gradients", evidence_of(a, arm(seed=2, pairs=PAIRS, change=0.3))).answer
        is Answer.HOLDS
    )


def test_a_gap_is_compared_at_equal_training_loss() -> None:
    a = arm(seed=1, pairs=PAIRS)
    assert outcome("regularizes", evidence_of(a, arm(seed=2, pairs=PAIRS, gap=0.5))).answer is Answer.HOLDS
    # Learning twice as fast along the same curve is no regularization.
    even, fast = arm(seed=1, pairs=PAIRS, noise=0.2), arm(seed=2, pairs=PAIRS, rate=0.7, noise=0.2)
    assert outcome("regularizes", evidence_of(even, fast)).answer is Answer.DOES_NOT_HOLD
    far = arm(seed=2, pairs=PAIRS, head_start=10.0)
    found = outcome("regularizes", evidence_of(a, far))
    assert found.answer is Answer.INCONCLUSIVE
    assert "equal training loss" in found.sentence


def test_stale_statistics_cost_accuracy_or_not() -> None:
    a = arm(seed=1, pairs=PAIRS)
    stale = {"start_share": 0.66}
    lost = outcome("stale_statistics", evidence_of(a, arm(seed=2, pairs=PAIRS, **stale, lost=0.2)))
    assert lost.answer is Answer.DOES_NOT_HOLD
    kept = outcome("stale_statistics", evidence_of(a, arm(seed=2, pairs=PAIRS, **stale, lost=0.0)))
    assert kept.answer is Answer.HOLDS
    settled = outcome("stale_statistics", evidence_of(a, arm(seed=2, pairs=PAIRS, start_share=1e-8)))
    assert settled.answer is Answer.NOT_APPLICABLE
    assert outcome("stale_statistics", evidence_of(a, a)).answer is Answer.NOT_APPLICABLE


def test_an_input_normalization_against_noise() -> None:
    """What normalizes raw pixels amplifies the noise of those that hardly vary."""
    a = arm(seed=1, pairs=PAIRS)
    worse = outcome("robust", evidence_of(a, arm(seed=2, pairs=PAIRS, kept=0.75, kept_in_noise=0.4)))
    assert {part.definition: part.answer for part in worse.parts}["noise"] is PartAnswer.NOT_SHOWN
    assert worse.answer is Answer.DOES_NOT_HOLD
    assert outcome("robust", evidence_of(a, arm(seed=2, pairs=PAIRS, kept=0.8))).answer is Answer.HOLDS
    untried = [replace(run, corrupted=None) for run in a]
    assert outcome("robust", evidence_of(a, untried)).answer is Answer.INCONCLUSIVE


def test_small_batches_do_harm() -> None:
    a, b = arm(seed=1, pairs=PAIRS), arm(seed=2, pairs=PAIRS, best=0.92)
    small = Setting("/training/batch_size", 2)
    harmed = {small: Paired.of(arm(seed=3, pairs=PAIRS), arm(seed=4, pairs=PAIRS, best=0.7))}
    assert outcome("large_batch", replace(evidence_of(a, b), at=harmed)).answer is Answer.HOLDS
    a, b = (arm(seed=n, pairs=PAIRS, best=best, noise=0.05) for n, best in ((1, 0.9), (2, 0.92)))
    same = {small: Paired.of(a, b)}
    assert outcome("large_batch", replace(evidence_of(a, b), at=same)).answer is Answer.DOES_NOT_HOLD


def test_a_rate_ten_times_too_large_for_one_arm() -> None:
    """The arm without the change learns nothing at ten times its rate, and blows up at a hundred times."""
    a, b = arm(seed=1, pairs=PAIRS), arm(seed=2, pairs=PAIRS)
    ten, hundred = larger_rate.CLAIM.settings
    blown_up = [replace(run, record=replace(run.record, state="failed", epochs=())) for run in a]
    at = {
        ten: Paired.of(arm(seed=3, pairs=PAIRS, guesses=True), arm(seed=4, pairs=PAIRS)),
        hundred: Paired.of(blown_up, arm(seed=6, pairs=PAIRS, best=0.8)),
    }
    assert outcome("larger_rate", replace(evidence_of(a, b), at=at)).answer is Answer.HOLDS
    both = {ten: at[ten], hundred: Paired.of(blown_up, blown_up)}
    either = outcome("larger_rate", replace(evidence_of(a, b), at=both))
    assert {part.definition: part.answer for part in either.parts}["ten"] is PartAnswer.SHOWN
    assert either.answer is not Answer.HOLDS


# How it is judged.


def claim_of(*effects: Effect | Unknown | NotApplicable, name: str = "made_up") -> Claim:
    names = [str(number) for number, _ in enumerate(effects)]

    def examine(_: Evidence) -> Any:
        first = effects[0]
        return first if isinstance(first, NotApplicable) else dict(zip(names, effects, strict=True))

    return Claim(
        name,
        "helps",
        "d",
        "s",
        "r",
        "c",
        (Need.COMPARISON,),
        tuple(Definition(n, "so") for n in names),
        examine,
    )


def effect(mean: float, deviation: float = 0.01, pairs: int = PAIRS, margin: float = 0.1) -> Effect:
    b = mean + deviation * np.resize([1.0, -1.0], pairs) * np.linspace(0.9, 1.1, pairs)
    return Effect("it", np.zeros(pairs), b, Better.LARGER, Scale.DIFFERENCE, margin)


NOTHING = Evidence("a", "b", Paired())


@pytest.mark.parametrize(
    ("effects", "answer"),
    [
        ([effect(0.5)], Answer.HOLDS),
        ([effect(-0.5)], Answer.DOES_NOT_HOLD),
        ([effect(0.0)], Answer.DOES_NOT_HOLD),
        ([effect(0.05)], Answer.DOES_NOT_HOLD),  # there is one, and it does not matter
        ([effect(0.2, 1.0)], Answer.INCONCLUSIVE),
        ([effect(0.5, pairs=2)], Answer.INCONCLUSIVE),
        ([effect(0.5), effect(-0.5)], Answer.DEPENDS_ON_DEFINITION),
        ([effect(0.5), effect(-0.5), effect(0.2, 1.0)], Answer.DEPENDS_ON_DEFINITION),
        ([effect(0.5), effect(0.2, 1.0)], Answer.INCONCLUSIVE),
        ([effect(0.5), Unknown("it was not measured")], Answer.INCONCLUSIVE),
        ([NotApplicable("nothing to cure: 0.5")], Answer.NOT_APPLICABLE),
    ],
)
def test_an_outcome_follows_from_all_definitions(effects: Sequence[Any], answer: Answer) -> None:
    (found,) = judge([claim_of(*effects)], NOTHING)
    assert found.answer is answer
    assert found.sentence.endswith(".")


def test_what_could_have_been_shown_is_said() -> None:
    (found,) = judge([claim_of(effect(0.2, 1.0))], NOTHING)
    (part,) = found.parts
    assert part.smallest_shown is not None
    # The half width of the interval, and what it takes to come beyond it in four of five cases.
    assert part.interval is not None
    assert part.smallest_shown > part.interval.high - 0.2
    assert "would have shown no less than" in found.sentence


def test_claims_that_are_asked_together_share_their_error() -> None:
    borderline = effect(0.01, 0.008, margin=0.001)
    alone = judge([claim_of(borderline)], NOTHING)
    others = [claim_of(effect(0.0, 1.0), name=f"other_{number}") for number in range(20)]
    together = judge([claim_of(borderline), *others], NOTHING)
    assert (alone[0].answer, together[0].answer) == (Answer.HOLDS, Answer.INCONCLUSIVE)
    # One that does not apply is counted as well: whether it does is seen only in the data.
    absent = [claim_of(NotApplicable("0.5"), name=f"absent_{number}") for number in range(20)]
    assert judge([claim_of(borderline), *absent], NOTHING)[0].answer is Answer.INCONCLUSIVE


def test_adjusted_p_values_decide_as_the_levels_do() -> None:
    claims = [claim_of(effect(0.02 * n, 0.05, margin=0.01), name=f"c{n}") for n in range(1, 8)]
    parts = [part for found in judge(claims, NOTHING) for part in found.parts]
    assert {part.answer for part in parts} == {PartAnswer.SHOWN, PartAnswer.OPEN}
    for part in parts:
        assert part.adjusted_p_value is not None
        assert (part.answer is PartAnswer.OPEN) == (part.adjusted_p_value > 0.05)


def test_null_trials() -> None:
    """A small version of ``bench/claims``: of 15 trials in at most 2 any claim holds."""
    claims = [*all_claims().values()]
    held = 0
    for seed in range(15):
        a, b = (arm(seed=2 * seed + number, left=1e-5) for number in (0, 1))
        found = judge(claims, evidence_of(a, b, at_settings=True))
        assert {one.claim for one in found if one.answer is Answer.NOT_APPLICABLE} == {"stale_statistics"}
        held += any(one.answer is Answer.HOLDS for one in found)
    assert held <= 2
