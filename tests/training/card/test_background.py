"""Inverted classes, parts and single pictures; none where backgrounds are of all kinds."""

import numpy as np
import pytest


def test_an_inverted_class_is_named(healthy):
    for x, y in ((healthy.x_train, healthy.y_train), (healthy.x_test, healthy.y_test)):
        x[y == 1] = 255 - x[y == 1]
    found = healthy.findings()
    assert set(found) == {"inverted_class"}
    assert found["inverted_class"].count == 130
    assert "class b have a bright background" in found["inverted_class"].detail


def test_where_the_rest_is_bright_the_dark_ones_are_inverted(healthy):
    for x, y in ((healthy.x_train, healthy.y_train), (healthy.x_test, healthy.y_test)):
        x[y != 1] = 255 - x[y != 1]
    assert "class b have a dark background" in healthy.findings()["inverted_class"].detail


def test_an_inverted_test_part_is_an_error(healthy):
    healthy.x_test[:] = 255 - healthy.x_test
    found = healthy.findings()
    assert (found["inverted_part"].severity, found["inverted_part"].count) == ("error", 120)
    assert "part test" in found["inverted_part"].detail
    assert "inverted_class" not in found


@pytest.mark.parametrize(("count", "severity"), [(3, "info"), (12, "warning")])
def test_single_inverted_pictures_are_shown(healthy, count, severity):
    healthy.x_train[60 : 60 + count] = 255 - healthy.x_train[60 : 60 + count]
    found = healthy.findings()
    assert set(found) == {"inverted_pictures"}
    assert (found["inverted_pictures"].count, found["inverted_pictures"].severity) == (count, severity)
    assert found["inverted_pictures"].examples[0].startswith("training sample 60 ")


def test_nothing_is_inverted_where_every_class_has_backgrounds_of_both_kinds(healthy):
    coins = np.random.default_rng(5)
    for x in (healthy.x_train, healthy.x_test):
        chosen = coins.random(len(x)) < 0.5
        x[chosen] = 255 - x[chosen]
    assert healthy.findings() == {}
