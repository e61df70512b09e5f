"""Charts of what happens inside a network, of measurements that nobody took."""

import altair as alt
import pytest

from normlab.analysis.charts.inside import CHARTS, heat_map, shift
from normlab.analysis.charts.theme import NARROW, render
from normlab.analysis.diagnosis.observed import Observed
from normlab.documents.charts import InsideChart
from normlab.spec.measurements import Measured
from support.measured_runs import job_spec, measured_run

SPEC = job_spec(preset="deep_sigmoid_with_batch_norm")


def observed(faults=None, spec=SPEC):
    return Observed(measured_run(spec, faults), spec, ())


def test_every_chart_has_a_name_in_the_api():
    assert set(CHARTS) == set(InsideChart)


@pytest.mark.parametrize("name", [name for name in CHARTS if name != "dead_units"])
def test_each_is_drawn(name):
    chart = CHARTS[name](observed())
    alt.Chart.from_dict(chart)  # raises an error where Vega-Lite's schema says no
    assert render(chart, "svg").startswith(b"<svg")


def test_values_over_many_decades_are_coloured_by_their_logarithm():
    wide = heat_map(observed({("update", "ratio", "dense_1"): 1e-9}), "update", "ratio")
    assert wide["encoding"]["color"]["scale"]["type"] == "log"
    assert wide["encoding"]["color"]["scale"]["domain"] == [1e-9, 1e-3]
    near = heat_map(observed(), "update", "ratio")
    assert "type" not in near["encoding"]["color"]["scale"]


def test_points_are_named_and_stand_in_their_order():
    drawn = heat_map(observed(), "signal", "cosine")
    points = drawn["encoding"]["x"]["sort"]
    assert points[:3] == ["start", "step 1", "step 2"]
    assert points[-4:] == [f"epoch {n}" for n in range(1, 5)]


def test_narrow_ones_have_their_panels_below_each_other():
    assert "vconcat" in shift(observed(), space=NARROW)


def test_what_was_not_measured_cannot_be_drawn():
    with pytest.raises(ValueError, match="was not measured"):
        CHARTS["dead_units"](observed())
    with pytest.raises(ValueError, match="was not measured"):
        CHARTS["three_statistics"](Observed([Measured(0, 0, "dead", "", "share", 0.0)], SPEC, ()))
