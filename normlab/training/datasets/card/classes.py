"""How often each class is met: missing, rare and frequent ones."""

from collections.abc import Iterable

import numpy as np

from normlab.spec.training import TrainingSpec
from normlab.training.datasets.card.finding import Finding, listed, percent
from normlab.training.datasets.card.parts import Block, Numbers, Parts
from normlab.training.datasets.readers.base import Split

BATCH_SIZE: int = TrainingSpec.model_fields["batch_size"].default
"""The default of a job. A class with fewer samples is in less than every batch of an epoch."""

IMBALANCE_INFO = 3.0
"""From this ratio of the largest to the smallest class on, accuracy and balanced accuracy are worth telling apart: of
two such classes, always answering the larger one is right in 75 % of the cases. The built-in datasets and
scikit-learn's have 1 to 1.7."""

IMBALANCE_WARNING = 10.0
"""From this ratio on, accuracy misleads: of two such classes, always answering the larger one is right in 91 %."""


class ClassCounts:
    """Counts samples by part and class."""

    def __init__(self, classes: int) -> None:
        self.of: dict[Split, Numbers] = {split: np.zeros(classes, np.int64) for split in Split}

    def add(self, block: Block) -> None:
        """Add samples."""
        counts = self.of[block.split]
        counts += np.bincount(block.y, minlength=len(counts))

    def by_part(self, label: int) -> dict[str, int]:
        """How often a class is met in each part, by the part's name."""
        return {str(split): int(of_part[label]) for split, of_part in self.of.items()}


def findings(parts: Parts, counts: ClassCounts) -> Iterable[Finding]:
    """What is odd about the classes."""
    names = parts.content.classes
    training = counts.of[Split.TRAINING]
    yield from _missing(names, counts)
    present = np.flatnonzero(training)
    if len(present) < 2:
        return
    largest, smallest = (
        int(present[training[present].argmax()]),
        int(present[training[present].argmin()]),
    )
    ratio = float(training[largest] / training[smallest])
    if ratio >= IMBALANCE_INFO:
        majority = float(training[largest] / training.sum())
        yield Finding(
            "imbalance",
            "warning" if ratio >= IMBALANCE_WARNING else "info",
            f"{names[largest]} has {ratio:.3g} times as many training samples as {names[smallest]} "
            f"({training[largest]:,} and {training[smallest]:,}): who always answers {names[largest]} is right in "
            f"{percent(majority)} of them. Judge by balanced accuracy, macro F1 or log loss rather than accuracy; "
            '`"class_weight": "balanced"` lets rare classes count for more.',
            len(present),
            (names[largest], names[smallest]),
            {"ratio": ratio, "threshold": IMBALANCE_INFO, "majority_share": majority},
        )
    rare = present[training[present] < BATCH_SIZE]
    if len(rare):
        rarest = rare[np.argsort(training[rare], kind="stable")]
        shown = tuple(f"{names[label]}: {training[label]:,}" for label in rarest[:5].tolist())
        many = len(rare) > 1
        yield Finding(
            "class_smaller_than_batch",
            "warning",
            f"{len(rare):,} {'classes have' if many else 'class has'} fewer training samples than a batch of "
            f"{BATCH_SIZE} ({listed([names[label] for label in rarest.tolist()])}): most batches hold none of "
            f"{'them' if many else 'it'}, and figures of single classes rest on a handful of samples. Bring more, or "
            "join classes.",
            len(rare),
            shown,
            {"fewest": float(training[rarest[0]]), "threshold": float(BATCH_SIZE)},
        )


def _missing(names: tuple[str, ...], counts: ClassCounts) -> Iterable[Finding]:
    consequences = {
        Split.TRAINING: (
            "error",
            "A network cannot learn them. Bring samples, or leave the classes out.",
        ),
        Split.VALIDATION: (
            "warning",
            "The validation figures say nothing of them, nor does the choice of an epoch. Draw the part stratified by "
            "class.",
        ),
        Split.TEST: (
            "warning",
            "The test figures say nothing of them. Draw the part stratified by class.",
        ),
    }
    for split, (severity, consequence) in consequences.items():
        of_part = counts.of[split]
        if not of_part.sum():
            continue  # there is no such part, which is nothing that is wrong with a class
        # What nobody can learn is said once, of the training part.
        known = counts.of[Split.TRAINING] > 0 if split is not Split.TRAINING else True
        missing = [names[label] for label in np.flatnonzero((of_part == 0) & known)]
        if missing:
            yield Finding(
                f"class_missing_from_{split}",
                severity,
                f"{len(missing):,} of {len(names):,} classes {'have' if len(missing) > 1 else 'has'} no sample in the "
                f"{split} part: {listed(missing)}. {consequence}",
                len(missing),
                tuple(missing[:5]),
            )
