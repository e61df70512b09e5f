import re

import altair as alt
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from normlab.analysis import render
from normlab.analysis.charts.confusion import confusion_matrix as chart_of
from normlab.analysis.classification import MAX_CONFUSION_CLASSES, classification


def test_figures_are_those_of_scikit_learn():
    draw = np.random.default_rng(3)
    labels = draw.integers(0, 5, 400)
    predicted = np.where(draw.random(400) < 0.7, labels, draw.integers(0, 4, 400))
    found = classification(labels, predicted, list("abcde"))
    precision, recall, f1, support = precision_recall_fscore_support(labels, predicted, zero_division=0)
    np.testing.assert_array_equal(found.confusion, confusion_matrix(labels, predicted))
    np.testing.assert_allclose([item.precision for item in found.classes], precision)
    np.testing.assert_allclose([item.recall for item in found.classes], recall)
    np.testing.assert_allclose([item.f1 for item in found.classes], f1)
    assert [item.support for item in found.classes] == support.tolist()
    assert found.accuracy == (labels == predicted).mean()
    np.testing.assert_allclose(found.macro_f1, f1.mean())


def test_the_chart_has_a_cell_for_each_pair_of_classes():
    found = classification(np.array([0, 1, 1]), np.array([0, 1, 0]), ["shoe", "bag"])
    chart = chart_of(found, "a network")
    alt.Chart.from_dict(chart)  # raises an error where Vega-Lite's schema says no
    (rows,) = chart["datasets"].values() if "datasets" in chart else (chart["layer"][0]["data"]["values"],)
    assert len(rows) == 4
    assert {"true": "bag", "predicted": "shoe", "samples": 1, "part": 0.5} in rows
    assert "66.67 % of 3 samples" in str(chart["title"])
    axes = {channel: chart["layer"][0]["encoding"][channel]["title"] for channel in ("x", "y")}
    assert axes == {"x": "predicted", "y": "true"}
    # What is drawn for the zero of the first row: a white cell.
    fills = re.findall(
        r'aria-label="predicted: bag; true: shoe; part[^"]*"[^>]*fill="([^"]*)"',
        render(chart, "svg").decode(),
    )
    assert fills == ["rgb(255, 255, 255)"]


def test_table_of_more_than_a_million_cells_is_not_made() -> None:
    labels = np.arange(MAX_CONFUSION_CLASSES + 1)
    found = classification(labels, np.roll(labels, 1), [str(label) for label in labels])
    assert found.confusion is None
    assert (found.accuracy, len(found.classes)) == (0.0, MAX_CONFUSION_CLASSES + 1)
    with pytest.raises(ValueError, match="up to 100 classes"):
        chart_of(found, "many")
