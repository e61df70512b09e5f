"""The same sample twice is found, wherever it is, and nothing else is taken for it."""

import numpy as np

from normlab.training.datasets.card.making import make_card
from normlab.training.datasets.card.parts import Parts
from normlab.training.datasets.card.same_pictures import SamePictures, leak_severity
from normlab.training.datasets.origins import Origins


def test_a_test_picture_that_is_in_training_too_is_found_with_its_partner(healthy):
    healthy.x_test[[3, 7]] = healthy.x_train[[200, 5]]
    healthy.y_test[[3, 7]] = healthy.y_train[[200, 5]]
    found = healthy.findings()
    assert set(found) == {"test_in_training"}
    leak = found["test_in_training"]
    assert (leak.count, leak.severity) == (2, "error")
    assert leak.examples == (
        "test sample 3 (a) = training sample 200 (a)",
        "test sample 7 (b) = validation sample 5 (b)",
    )
    assert leak.numbers["share"] == 2 / 120


def test_a_picture_that_differs_in_one_pixel_is_not_the_same(healthy):
    healthy.x_test[3] = healthy.x_train[200]
    healthy.x_test[3, 0, 0] ^= 1
    assert "test_in_training" not in healthy.findings()


def test_a_validation_picture_that_is_in_training_too_is_a_finding_of_its_own(healthy):
    healthy.x_train[2] = healthy.x_train[202]
    found = healthy.findings()
    assert found["validation_in_training"].count == 1
    assert "test_in_training" not in found
    assert found["repeated_pictures"].count == 1, "and it is repeated among what training reads"


def test_the_same_picture_with_two_labels_is_shown_with_both(healthy):
    healthy.x_train[[100, 101, 102]] = healthy.x_train[300]
    found = healthy.findings()
    conflict = found["same_picture_two_labels"]
    assert conflict.count == 4
    assert conflict.examples == (
        "training sample 100 (a) = training sample 101 (b) = training sample 102 (c)",
    )


def test_repeated_pictures_are_counted_once_for_each_repetition(healthy):
    healthy.x_train[100:160:4] = healthy.x_train[100]
    repeated = healthy.findings()["repeated_pictures"]
    assert (repeated.count, repeated.severity) == (14, "info")
    assert "15 times" in repeated.detail


def test_a_leak_is_graded_by_what_it_can_change():
    assert [leak_severity(share) for share in (0.0001, 0.005, 0.01)] == ["info", "warning", "error"]


def test_rows_of_tables_are_compared_as_well(healthy):
    rng = np.random.default_rng(3)
    table = healthy.with_arrays(
        x_train=rng.normal(size=(400, 5)).astype(np.float32),
        x_test=rng.normal(size=(120, 5)).astype(np.float32),
    )
    table.pixel_max = 1
    assert table.findings() == {}
    table.x_test[9] = table.x_train[77]
    assert "Take each row out" in table.findings()["test_in_training"].detail


def test_examples_say_from_which_file_they_are(healthy, tmp_path):
    lines = [f"file {number}.png" for number in range(520)]
    (tmp_path / "origins.txt").write_text("".join(f"{line}\n" for line in lines))
    ends = np.cumsum([0, *(len(line) + 1 for line in lines)])
    origins = Origins(tmp_path / "origins.txt", ends, np.arange(120, 520), np.arange(120))
    healthy.x_test[3] = healthy.x_train[200]
    healthy.y_test[3] = healthy.y_train[200]
    (found,) = make_card(healthy, healthy, origins=origins).document.findings
    assert found.examples == ("test sample 3 (a, file 3.png) = training sample 200 (a, file 320.png)",)


def test_samples_are_drawn_by_what_they_hold_and_not_by_their_order(healthy):
    def drawn(parts: Parts) -> list[bytes]:
        same = SamePictures(parts.samples)
        for block in parts.blocks():
            same.add(block)
        numbers = same.drawn(np.arange(parts.in_training_array), 8)
        return [picture.tobytes() for picture in parts.take(numbers)]

    turned = healthy.with_arrays(x_train=healthy.x_train[::-1].copy())
    assert drawn(Parts(healthy, healthy)) == drawn(Parts(turned, turned))
