"""The whole card: silent where nothing is wrong, the same for any size of blocks, with pictures to be looked at."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from normlab.documents.datasets import DataCardDocument
from normlab.spec.datasets import DatasetName
from normlab.training.datasets.card import parts
from normlab.training.datasets.card.making import card_of_built_in, make_card
from normlab.training.datasets.card.portraits import MOST_CLASSES
from normlab.training.datasets.loading import load
from normlab.training.datasets.readers.base import Notice


@pytest.mark.parametrize("channels", [None, 1, 3, 4])
def test_nothing_is_found_where_nothing_is_wrong(make, channels):
    assert make(channels=channels).findings() == {}


def test_samples_are_counted_by_class_and_part(healthy):
    document = healthy.card().document
    assert (document.training_samples, document.validation_samples, document.test_samples) == (360, 40, 120)
    assert [(one.name, one.training, one.validation, one.test) for one in document.classes] == [
        (name, 90, 10, 30) for name in "abcd"
    ]


def test_blocks_of_any_size_give_the_same_card(healthy, monkeypatch):
    healthy.x_test[3] = healthy.x_train[200]
    whole = healthy.card()
    monkeypatch.setattr(parts, "BLOCK_BYTES", 7 * healthy.x_train[0].nbytes)
    small = healthy.card()
    assert small.pictures == whole.pictures
    kept = {"channels", "inputs"}
    assert small.document.model_dump(exclude=kept) == whole.document.model_dump(exclude=kept)
    for kind in kept:
        small_numbers, whole_numbers = (np.array(_numbers(card.document, kind)) for card in (small, whole))
        np.testing.assert_allclose(small_numbers, whole_numbers, rtol=1e-12)


def _numbers(document: DataCardDocument, kind: str) -> list[float]:
    dumped = document.model_dump()[kind]
    return [value for one in (dumped if isinstance(dumped, tuple) else [dumped]) for value in one.values()]


def test_the_readers_notices_are_findings_and_the_worst_come_first(healthy):
    healthy.notices = [
        Notice("one_hot_labels", "info", "Labels were one-hot.", 400, ("row 1",)),
        Notice("unreadable_file", "warning", "2 files could not be read.", 2, ("a.png", "b.png")),
        Notice("palette", "info", "3 pictures: their palettes were resolved.", 3),
    ]
    document = healthy.card().document
    assert [finding.code for finding in document.findings] == [
        "unreadable_file",
        "one_hot_labels",
        "palette",
    ]
    assert document.findings[0].examples == ("a.png", "b.png")


def test_progress_is_told_by_samples_and_can_end_the_work(healthy, monkeypatch):
    monkeypatch.setattr(parts, "BLOCK_BYTES", 100 * healthy.x_train[0].nbytes)
    told: list[int] = []
    make_card(healthy, healthy, progress=told.append)
    assert told == [40, 140, 240, 340, 400, 500, 520]

    def cancel(_: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        make_card(healthy, healthy, progress=cancel)


def test_a_card_survives_being_stored(healthy):
    healthy.x_test[3] = healthy.x_train[200]
    document = healthy.card().document
    assert DataCardDocument.read(document.model_dump_json()) == document


def test_pictures_show_samples_means_and_examples(make):
    made = make(channels=3)
    made.x_test[3] = made.x_train[200]
    card = made.card()
    names = {one.mosaic for one in card.document.classes} | {one.mean for one in card.document.classes}
    names |= {finding.picture for finding in card.document.findings}
    assert names == set(card.pictures)
    opened = {name: Image.open(io.BytesIO(content)) for name, content in card.pictures.items()}
    assert opened["mosaic-0.png"].size == (8 * 17 - 1, 8 * 17 - 1)
    of_class = made.x_train[40:][made.y_train[40:] == 0]
    np.testing.assert_allclose(np.asarray(opened["mean-0.png"]), of_class.mean(axis=0), atol=0.51)
    leak = np.asarray(opened["test_in_training.png"])
    np.testing.assert_array_equal(leak[:, :16], made.x_test[3])
    np.testing.assert_array_equal(leak[:, 17:], made.x_train[200])


def test_large_pictures_are_shrunk_and_few_classes_of_many_are_pictured(make):
    made = make(training=420, test=210)
    made.x_train = np.repeat(np.repeat(made.x_train, 9, axis=1), 5, axis=2)
    made.x_test = np.repeat(np.repeat(made.x_test, 9, axis=1), 5, axis=2)
    made.y_train, made.y_test = np.arange(420) % 105, np.arange(210) % 105
    made.classes = tuple(f"class {number}" for number in range(105))
    card = made.card()
    assert card.document.classes[MOST_CLASSES].mosaic is None
    mean = Image.open(io.BytesIO(card.pictures["mean-0.png"]))
    assert mean.size == (64, 64)


def test_the_built_in_digits_have_the_findings_that_are_known_of_them(tmp_path: Path):
    card = card_of_built_in(load(DatasetName.DIGITS, tmp_path))
    # The test part is by other writers (tests/datasets/test_digits_writers.py), and corners are never written on.
    assert [finding.code for finding in card.document.findings] == ["parts_differ", "nearly_constant_inputs"]
    assert (card.document.largest, card.document.inputs.constant) == (16, 3)


def test_a_card_needs_no_tensorflow():
    program = (
        "import sys, normlab.training.datasets.card.making;"
        "print(sorted({'tensorflow', 'keras', 'sklearn', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
