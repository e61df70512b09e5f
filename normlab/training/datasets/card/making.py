"""``make_card``: everything that is said of a dataset, in one pass over its samples and a few looks back."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from normlab.documents.datasets import ClassDocument, DataCardDocument, DataFindingDocument
from normlab.spec.columns import Column
from normlab.spec.dataset_content import DatasetContent, DatasetFacts
from normlab.spec.datasets import DATASETS, DatasetName
from normlab.training.datasets.card import (
    answers,
    background,
    classes,
    column_drift,
    drift,
    inputs,
    near_duplicates,
    orientation,
    same_pictures,
)
from normlab.training.datasets.card import columns as columns_of_tables
from normlab.training.datasets.card.columns import Columns, target_document
from normlab.training.datasets.card.finding import SEVERITIES, Finding
from normlab.training.datasets.card.parts import DecodedArrays, Parts
from normlab.training.datasets.card.portraits import (
    MOSAIC_SIDE,
    MOST_CLASSES,
    ClassMeans,
    mosaic,
    png,
    tiles,
)
from normlab.training.datasets.card.table_sample import TableSample
from normlab.training.datasets.loading import Dataset
from normlab.training.datasets.origins import Origins
from normlab.training.datasets.readers.base import Notice


@dataclass(frozen=True)
class Card:
    """A data card, and the pictures that it names."""

    document: DataCardDocument
    pictures: dict[str, bytes]
    """PNG files by their names."""


def card_of_built_in(dataset: Dataset) -> Card:
    """The card of a dataset as ``load`` gives it."""
    return make_card(dataset, DATASETS[DatasetName(dataset.name)])


def make_card(
    arrays: DecodedArrays,
    content: DatasetFacts,
    notices: Sequence[Notice] = (),
    origins: Origins | None = None,
    *,
    progress: Callable[[int], None] | None = None,
) -> Card:
    """Say what is in a decoded dataset, and what is wrong with it.

    The arrays are read once from end to end, block by block, and may be larger than memory. ``notices`` are the
    reader's, such as the modes that pictures had as files; they are findings too. With ``origins``, examples say from
    which file or row they are. ``progress`` is told after every block how many samples were read; what it raises ends
    the work.
    """
    parts = Parts(arrays, content, origins)
    columns = content.columns if isinstance(content, DatasetContent) else None
    scan = _Scan(parts) if columns is None else _TableScan(parts, columns)
    for block in parts.blocks():
        for collector in scan.collectors:
            collector.add(block)
        if progress is not None:
            progress(block.first + len(block.x))
    return _written(parts, scan, notices) if isinstance(scan, _Scan) else _table(parts, scan, notices)


class _TableScan:
    """What is collected while all rows of a table pass."""

    def __init__(self, parts: Parts, columns: Sequence[Column]) -> None:
        self.columns = Columns(columns)
        self.same = same_pictures.SamePictures(parts.samples)
        self.counts = classes.ClassCounts(len(parts.content.classes))
        of_classes = (self.counts,) if parts.content.classes else ()
        self.collectors = (self.columns, self.same, *of_classes)


class _Scan:
    """What is collected while all samples pass."""

    def __init__(self, parts: Parts) -> None:
        content, samples = parts.content, parts.samples
        self.counts = classes.ClassCounts(len(content.classes))
        self.inputs = inputs.Inputs(int(np.prod(content.shape)))
        self.same = same_pictures.SamePictures(samples)
        self.cells = drift.Cells()
        self.backgrounds = background.Backgrounds(samples, content.pixel_max)
        self.near = near_duplicates.NearDuplicates(samples)
        self.means = ClassMeans(len(content.classes), content.shape)
        of_all = (self.counts, self.inputs, self.same, self.cells)
        of_pictures = (self.backgrounds, self.near, self.means)
        self.collectors = (*of_all, *of_pictures) if parts.pictures else of_all


def _table(parts: Parts, scan: _TableScan, notices: Sequence[Notice]) -> Card:
    content = parts.content
    groups = scan.same.groups()
    columns = scan.columns.columns
    sample = TableSample(parts, len(columns))
    found = _sorted(
        notices,
        answers.findings(parts, columns, sample),
        same_pictures.findings(parts, groups),
        classes.findings(parts, scan.counts) if content.classes else (),
        column_drift.findings(columns, sample),
        drift.shares(parts, scan.counts) if content.classes else (),
        columns_of_tables.findings(scan.columns),
    )
    target = None if content.classes else target_document(parts, parts.target)
    document = DataCardDocument(
        shape=tuple(content.shape),
        pixel_max=content.pixel_max,
        training_samples=parts.in_training_array - parts.validation,
        validation_samples=parts.validation,
        test_samples=parts.samples - parts.in_training_array,
        smallest=None,
        largest=None,
        channels=(),
        inputs=None,
        classes=tuple(
            ClassDocument(label=label, name=name, mosaic=None, mean=None, **scan.counts.by_part(label))
            for label, name in enumerate(content.classes)
        ),
        columns=scan.columns.documents(),
        target=target,
        findings=tuple(_finding_document(parts, finding, {}) for finding in found),
    )
    return Card(document, {})


def _sorted(notices: Iterable[Notice], *families: Iterable[Finding]) -> list[Finding]:
    """All findings, the reader's notices among them, the worst first."""
    told = (
        Finding(notice.code, notice.severity, notice.detail, notice.count, notice.examples)
        for notice in notices
    )
    rank: dict[str, int] = {severity: place for place, severity in enumerate(SEVERITIES)}
    return sorted(chain(told, *families), key=lambda finding: rank.get(finding.severity, len(rank)))


def _findings(parts: Parts, scan: _Scan, notices: Iterable[Notice]) -> list[Finding]:
    groups = scan.same.groups()
    of_pictures = (
        (
            near_duplicates.findings(parts, scan.near, groups),
            background.findings(parts, scan.backgrounds),
            orientation.findings(parts, scan.counts, scan.means),
        )
        if parts.pictures
        else ()
    )
    return _sorted(
        notices,
        same_pictures.findings(parts, groups),
        classes.findings(parts, scan.counts),
        drift.findings(parts, scan.counts, scan.cells),
        inputs.findings(parts, scan.inputs),
        *of_pictures,
    )


def _written(parts: Parts, scan: _Scan, notices: Sequence[Notice]) -> Card:
    pictures: dict[str, bytes] = {}
    content = parts.content
    documents = [_finding_document(parts, finding, pictures) for finding in _findings(parts, scan, notices)]
    document = DataCardDocument(
        shape=tuple(content.shape),
        pixel_max=content.pixel_max,
        training_samples=parts.in_training_array - parts.validation,
        validation_samples=parts.validation,
        test_samples=parts.samples - parts.in_training_array,
        smallest=scan.inputs.smallest,
        largest=scan.inputs.largest,
        channels=scan.inputs.channels(content.shape),
        inputs=scan.inputs.describe(content.pixel_max),
        classes=_class_documents(parts, scan, pictures),
        findings=tuple(documents),
    )
    return Card(document, pictures)


def _finding_document(parts: Parts, finding: Finding, pictures: dict[str, bytes]) -> DataFindingDocument:
    name = f"{finding.code}.png" if parts.pictures and finding.shown else None
    if name is not None:
        pictures[name] = tiles(parts, finding.shown)
    return DataFindingDocument(
        code=finding.code,
        severity=finding.severity,
        detail=finding.detail,
        count=finding.count,
        examples=finding.examples,
        numbers=dict(finding.numbers),
        picture=name,
    )


def _class_documents(parts: Parts, scan: _Scan, pictures: dict[str, bytes]) -> tuple[ClassDocument, ...]:
    labels = parts.labels[parts.validation : parts.in_training_array] if parts.pictures else None
    documents = []
    for label, name in enumerate(parts.content.classes):
        files: dict[str, str | None] = {"mosaic": None, "mean": None}
        mean = scan.means.mean(label)
        if labels is not None and label < MOST_CLASSES and mean is not None:
            files = {kind: f"{kind}-{label}.png" for kind in files}
            members = parts.validation + np.flatnonzero(labels == label)
            pictures[f"mosaic-{label}.png"] = mosaic(parts, scan.same.drawn(members, MOSAIC_SIDE**2))
            pictures[f"mean-{label}.png"] = png(mean, parts.content.pixel_max)
        documents.append(ClassDocument(label=label, name=name, **scan.counts.by_part(label), **files))
    return tuple(documents)
