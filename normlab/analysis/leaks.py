"""What a leak between a dataset's parts, or out of its target, means for a comparison on it."""

from collections.abc import Iterable, Mapping

from normlab.documents.datasets import DataCardDocument, DataFindingDocument

_CONSEQUENCES: Mapping[str, str] = {
    "test_in_training": (
        "test samples of {name} ({share}) are in its training part too: the test figures of all arms are partly of "
        "what is remembered, and an arm that remembers more looks better."
    ),
    "validation_in_training": (
        "validation samples of {name} ({share}) are in its training part too: the validation figures of all arms are "
        "partly of what is remembered, and so is the choice of an epoch by them."
    ),
    "test_nearly_in_training": (
        "test samples of {name} ({share}) look nearly like one in its training part: if they are copies, the test "
        "figures of all arms flatter."
    ),
}
_LIKE_ELSEWHERE = frozenset({"test_nearly_in_training"})
"""Findings that datasets in good order have as a note: a caveat only where they are graded higher."""


def leak_caveats(cards: Mapping[str, DataCardDocument]) -> Iterable[str]:
    """What to know of comparisons on these datasets, by their names; nothing of those without a leak."""
    for name, card in cards.items():
        samples = {"test": card.test_samples, "validation": card.validation_samples}
        for finding in card.findings:
            if finding.code == "column_gives_answer":
                columns = ", ".join(finding.examples)
                yield (
                    f"Columns of {name} say the target almost alone ({columns}): every arm can read it there, and what "
                    "the arms differ in hardly counts."
                )
                continue
            consequence = _CONSEQUENCES.get(finding.code)
            if consequence is None or (finding.code in _LIKE_ELSEWHERE and finding.severity == "info"):
                continue
            of_all = samples[finding.code.partition("_")[0]]
            words = consequence.format(name=name, share=_share(finding))
            yield f"{finding.count:,} of {of_all:,} {words}"


def _share(finding: DataFindingDocument) -> str:
    percent = 100 * finding.numbers["share"]
    return f"{percent:.2g} %" if percent < 10 else f"{percent:.0f} %"
