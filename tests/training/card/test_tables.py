"""Cards of tables: what columns hold, and what is wrong with them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from normlab.documents.datasets import DataCardDocument, DataFindingDocument
from normlab.spec import DatasetContent
from normlab.spec.columns import Column, ColumnKind, Task
from normlab.training.datasets.arrays import Arrays
from normlab.training.datasets.card import answers
from normlab.training.datasets.card.making import make_card
from normlab.training.datasets.readers.base import Notice

TRAINING, TEST, VALIDATION = 600, 200, 60


@dataclass
class Table:
    """Two numbers, a category and a target, in good order; a test plants one fault."""

    seed: int = 0
    task: Task | None = None
    columns: list[Column] = field(
        default_factory=lambda: [
            Column(name="height"),
            Column(name="weight", missing=True),
            Column(name="town", kind=ColumnKind.CATEGORY, categories=("Bern", "Rom", "Wien")),
        ]
    )

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        count = TRAINING + TEST
        self.y = (rng.random(count) * 3).astype(np.uint8)
        town = np.where(rng.random(count) < 0.5, self.y, rng.integers(0, 3, count))
        self.x = np.column_stack(
            [rng.normal(170, 9, count) + self.y, np.exp(rng.normal(4, 0.5, count)), town]
        ).astype(np.float32)
        self.x[rng.random(count) < 0.1, 1] = np.nan
        if self.task is Task.REGRESSION:
            self.y = (self.x[:, 0] / 10 + rng.normal(0, 1, count)).astype(np.float32)

    def add(self, name: str, values: Any, categories: tuple[str, ...] | None = None) -> None:
        kind = ColumnKind.NUMBER if categories is None else ColumnKind.CATEGORY
        self.columns.append(Column(name=name, kind=kind, categories=categories))
        self.x = np.column_stack([self.x, values]).astype(np.float32)

    def card(self, *notices: Notice) -> DataCardDocument:
        content = DatasetContent(
            digest=f"sha256:{'0' * 64}",
            shape=(len(self.columns),),
            task=self.task,
            classes=() if self.task is Task.REGRESSION else ("a", "b", "c"),
            training_samples=TRAINING,
            test_samples=TEST,
            default_validation_samples=VALIDATION,
            pixel_max=1,
            columns=tuple(self.columns),
            target="answer",
        )
        arrays = Arrays(self.x[:TRAINING], self.y[:TRAINING], self.x[TRAINING:], self.y[TRAINING:])
        return make_card(arrays, content, notices).document

    def findings(self) -> dict[str, DataFindingDocument]:
        return {finding.code: finding for finding in self.card().findings}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("task", [None, Task.REGRESSION])
def test_nothing_is_said_of_a_table_in_good_order(seed, task):
    assert Table(seed, task).findings() == {}


def test_columns_are_described_by_what_is_in_training():
    table = Table()
    card = table.card(Notice("date_column", "warning", "left out"))
    height, weight, town = card.columns
    training = table.x[VALIDATION:TRAINING]
    assert (height.kind, height.categories) == (ColumnKind.NUMBER, None)
    assert height.mean == pytest.approx(training[:, 0].astype(float).mean())
    assert height.deviation == pytest.approx(training[:, 0].astype(float).std())
    assert (weight.smallest, weight.largest) == (np.nanmin(training[:, 1]), np.nanmax(training[:, 1]))
    assert weight.mean == pytest.approx(np.nanmean(training[:, 1].astype(float)))
    assert weight.missing.model_dump() == {
        "training": np.isnan(training[:, 1]).sum(),
        "validation": np.isnan(table.x[:VALIDATION, 1]).sum(),
        "test": np.isnan(table.x[TRAINING:, 1]).sum(),
    }
    assert [category.name for category in town.categories] == ["Bern", "Rom", "Wien"]
    assert [category.test for category in town.categories] == np.bincount(
        table.x[TRAINING:, 2].astype(int)
    ).tolist()
    assert sum(item.training for item in card.classes) == card.training_samples == TRAINING - VALIDATION
    assert [finding.code for finding in card.findings] == ["date_column"]


def test_the_numbers_that_are_predicted_are_described():
    table = Table(task=Task.REGRESSION)
    card = table.card()
    assert card.classes == ()
    assert card.target.name == "answer"
    assert card.target.mean == pytest.approx(float(table.y[VALIDATION:TRAINING].astype(float).mean()))


def test_unknown_categories_are_in_no_category():
    table = Table()
    table.x[-1, 2] = -1
    counted = sum(category.test for category in table.card().columns[2].categories)
    assert counted == TEST - 1


@pytest.mark.parametrize(
    ("column", "severity"),
    [
        (lambda y: y * 7.5, "error"),
        (lambda y: np.where(np.arange(len(y)) % 130 == 0, 1, y), "warning"),
        (
            lambda y: np.argsort(np.argsort(y, kind="stable")) * 3,
            "warning",
        ),  # an id of rows in the order of y
    ],
)
def test_a_column_that_says_the_class_is_told(column, severity):
    table = Table()
    table.add("code", column(table.y.astype(float)))
    found = table.findings()["column_gives_answer"]
    assert found.severity == severity
    assert found.examples[0].startswith("code: ")
    assert "answer" in found.detail


def test_a_category_that_is_one_to_one_with_the_class_is_told():
    table = Table()
    table.add("grade", (table.y + 1) % 3, ("x", "y", "z"))
    assert table.findings()["column_gives_answer"].severity == "error"


@pytest.mark.parametrize("copy", [lambda y: y * 2 - 5, lambda y: -np.exp(y / 4)])
def test_a_copy_of_a_number_is_told_however_it_is_scaled(copy):
    table = Table(task=Task.REGRESSION)
    table.add("price", copy(table.y.astype(float)))
    assert table.findings()["column_gives_answer"].examples[0].startswith("price: ")


def test_a_column_that_helps_much_is_not_told():
    rng = np.random.default_rng(2)
    table = Table()
    table.add("good", np.where(rng.random(len(table.y)) < 0.93, table.y, (table.y + 1) % 3))
    assert table.findings() == {}
    table = Table(task=Task.REGRESSION)
    table.add("good", table.y + rng.normal(0, 0.25 * table.y.std(), len(table.y)))
    assert table.findings() == {}


def test_what_a_column_explains_is_what_is_right_on_rows_held_out():
    rng = np.random.default_rng(0)
    labels, folds = rng.integers(0, 2, 500), np.arange(500) % 5
    alone = np.arange(500)  # a bin for each row: nothing is learnt
    assert answers.of_classes(alone, 500, folds, labels, 2) == pytest.approx(0.0, abs=0.02)
    assert answers.of_ranks(alone, 500, folds, labels.astype(float)) == pytest.approx(0.0, abs=0.02)
    assert answers.of_classes(labels, 2, folds, labels, 2) == 1.0
    assert answers.of_ranks(labels, 2, folds, labels.astype(float)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda test: test.__setitem__((slice(None), 0), test[:, 0] + 5), "height"),
        (lambda test: test.__setitem__((slice(None), 1), test[:, 1] * 2), "weight"),
        (lambda test: test.__setitem__((slice(0, 120), 1), np.nan), "weight"),
        (lambda test: test.__setitem__((test[:, 2] == 0, 2), 1), "town"),
        (lambda test: test.__setitem__((slice(0, 60), 2), -1), "town"),
    ],
)
def test_a_column_that_differs_in_the_test_part_is_told(change, name):
    table = Table()
    change(table.x[TRAINING:])
    found = table.findings()["columns_differ"]
    assert found.examples[0].startswith(f"{name}: ")
    assert found.count == 1


def test_a_constant_column_is_told_and_that_it_varies_in_the_test_part():
    table = Table()
    table.add("one", np.where(np.arange(len(table.y)) < TRAINING, 1.0, np.arange(len(table.y)) % 2))
    table.add("two", np.full(len(table.y), 2.0))
    found = table.findings()["constant_columns"]
    assert found.examples == ("one", "two")
    assert "1 of them have another value in the test part" in found.detail


def test_categories_that_are_met_once_are_told():
    table = Table()
    names = tuple(f"t{number}" for number in range(700))
    table.add("ticket", np.random.default_rng(0).permutation(len(table.y)) % 700, names)
    assert table.findings()["rare_categories"].examples[0].startswith("ticket: ")


def test_the_same_row_in_two_parts_and_with_two_labels_is_told():
    table = Table()
    table.x[TRAINING] = table.x[100]
    table.y[TRAINING] = (table.y[100] + 1) % 3
    found = table.findings()
    assert found["test_in_training"].count == 1
    assert found["same_row_two_labels"].count == 2


def test_rows_of_few_values_repeat_without_being_a_leak():
    table = Table()
    table.x[:, 0], table.x[:, 1] = table.x[:, 2] % 2, 1
    found = table.findings()
    assert {"test_in_training", "validation_in_training", "same_row_two_labels"}.isdisjoint(found)
    assert found["rows_of_few_values"].severity == "info"
