"""The sentences that a report is about, and the words that a reader needs for them."""

import re
from collections.abc import Iterable, Sequence

from normlab.analysis.comparison import ComparisonStatistics
from normlab.analysis.report.blocks import Block, Heading, Paragraph
from normlab.analysis.verdict import Verdict

_EVIDENCE = re.compile(r"\((?=[^()]*interval)([^()]*; [^()]*)\)")
"""What stands in brackets in the sentence of a verdict."""

DEFINITIONS = (
    "An arm is one setup, trained with several seeds. A pair is two runs, one of each arm, as a rule of the same seed. "
    "A look is a comparison of such pairs, whatever it says. Decided: one arm is shown to be better, or both to be "
    "equivalent."
)


def verdicts(comparison: ComparisonStatistics) -> Iterable[Block]:
    """The verdict on each pair of arms; what holds for all of them is said once."""
    yield Heading("Verdict")
    sentences, shared = _apart([pair.sentence for pair in comparison.pairs])
    for pair, sentence in zip(comparison.pairs, sentences, strict=True):
        is_open = pair.comparison.verdict is Verdict.INCONCLUSIVE
        yield Paragraph(sentence, style="undecided" if is_open else "decided")
    if shared:
        yield Paragraph(f"For all of them: {'; '.join(shared)}.")
    yield Paragraph(DEFINITIONS)


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
