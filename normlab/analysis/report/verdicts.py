"""The sentences that a report is about, and the words that a reader needs for them."""

import re
from collections.abc import Iterable, Sequence

from normlab.analysis.comparison import ComparisonStatistics
from normlab.analysis.report.blocks import Block, Heading, Paragraph
from normlab.analysis.verdict import Verdict

_EVIDENCE = re.compile(r"\((?=[^()]*interval)([^()]*; [^()]*)\)")
"""What stands in brackets in the sentence of a verdict."""


def verdicts(comparison: ComparisonStatistics) -> Iterable[Block]:
    """The verdict on each pair of arms; what holds for all of them is said once."""
    yield Heading("Verdict")
    sentences, shared = _apart([pair.sentence for pair in comparison.pairs])
    for pair, sentence in zip(comparison.pairs, sentences, strict=True):
        is_open = pair.comparison.verdict is Verdict.INCONCLUSIVE
        yield Paragraph(sentence, style="undecided" if is_open else "decided")
    if shared:
        yield Paragraph(f"For all of them: {'; '.join(shared)}.")
    yield Paragraph(_definitions(comparison))


def _definitions(comparison: ComparisonStatistics) -> str:
    """What the words mean that the sentences and caveats use."""
    looks = comparison.method.planned_looks > 1 or any(
        pair.earlier_looks or pair.comparison.further_pairs for pair in comparison.pairs
    )
    look = "A look is a comparison of such pairs, whatever it says. " if looks else ""
    equivalent = ", or both to be equivalent" if comparison.equivalence_margin else ""
    return (
        "An arm is one setup, trained with several seeds. A pair is two runs, one of each arm. "
        f"{look}Decided: one arm is shown to be better{equivalent}."
    )


def _apart(sentences: Sequence[str]) -> tuple[list[str], list[str]]:
    """The sentences without the evidence that all of them share, and that evidence."""
    found = [[*_EVIDENCE.finditer(sentence)] for sentence in sentences]
    if len(sentences) < 2 or not all(found):
        return list(sentences), []
    evidence = [matches[-1] for matches in found]
    parts = [match[1].split("; ") for match in evidence]
    shared = [part for part in parts[0] if all(part in others for others in parts)]
    short = [
        f"{match.string[: match.start(1)]}{'; '.join(part for part in own if part not in shared)}"
        f"{match.string[match.end(1) :]}"
        for match, own in zip(evidence, parts, strict=True)
    ]
    return short, shared
