"""The page of a trial: every sentence and figure on it comes from the runs, whichever they are."""

import html
import re
from collections.abc import Sequence
from functools import cache

import pytest

from normlab.analysis.claims.judge import judge
from normlab.analysis.claims.page import trial_page
from normlab.analysis.claims.registry import named
from normlab.documents.claims import OutcomeDocument
from support.claims import arm, evidence_of

NAME = "<script>with</script>"


CLAIMS = ("faster", "large_batch", "stale_statistics", "vanishing_gradients")


@cache
def outcomes_and_page(seed: int) -> tuple[Sequence[OutcomeDocument], str]:
    a = arm(seed=seed, pairs=5, left=1e-6)
    b = arm(seed=seed + 1, pairs=5, rate=0.8, shift=0.3, turn=1.4, start_share=0.66, lost=0.1)
    evidence = evidence_of(a, b, at_settings=True)
    found = [OutcomeDocument.model_validate(one.to_document()) for one in judge(named(CLAIMS), evidence)]
    arms = {"without": [run.record for run in a], NAME: [run.record for run in b]}
    return found, trial_page(
        found, arms, confidence=0.95, caveats=["Beware."], left_out=["Seed 7 is missing."]
    )


def text_of(page: str) -> str:
    """What a reader sees, on one line; places at which words may break are none."""
    visible = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL).replace("<wbr>", "")
    text = html.unescape(re.sub(r"<[^>]+>", " ", visible))
    return " ".join(re.sub("[\u200b\u2060\u00ad]", "", text).replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.mark.parametrize("seed", [1, pytest.param(1_001, id="another seed")])
def test_the_page_says_what_the_numbers_say(seed: int) -> None:
    outcomes, page = outcomes_and_page(seed)
    text = text_of(page)
    for outcome in outcomes:
        assert " ".join(outcome.sentence.split()) in text
        for part in outcome.parts:
            for note in part.notes:
                assert note in text
    assert "Beware." in text
    assert "Seed 7 is missing." in text
    charts = sum(any(part.values for part in outcome.parts) for outcome in outcomes)
    assert page.count("<figure>") == charts + 1  # and the learning curves


def test_names_are_no_markup_and_nothing_is_loaded() -> None:
    _, page = outcomes_and_page(1)
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!data:)', page)


def test_another_seed_gives_another_page() -> None:
    assert outcomes_and_page(1)[1] != outcomes_and_page(1_001)[1]
