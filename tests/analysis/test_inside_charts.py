"""Charts of what happens inside a network, of measurements that nobody took."""

import re

import altair as alt
import pytest

from normlab.analysis.charts.heat_maps import UPDATES, heat_map
from normlab.analysis.charts.inside import CHARTS, shift
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
    wide = heat_map(observed({("update", "ratio", "dense_1"): 1e-9}), UPDATES)
    assert wide["encoding"]["color"]["scale"]["type"] == "log"
    assert wide["encoding"]["color"]["scale"]["domain"] == [1e-9, 1e-3]
    near = heat_map(observed(), UPDATES)
    assert "type" not in near["encoding"]["color"]["scale"]


def test_points_are_named_and_stand_in_their_order():
    drawn = heat_map(observed(), UPDATES)
    points = drawn["encoding"]["x"]["sort"]
    assert points[:2] == ["step 1", "step 2"]
    assert points[-4:] == [f"epoch {n}" for n in range(1, 5)]


def test_no_title_speaks_of_probes_by_their_codes():
    for name, draw in CHARTS.items():
        if name != "dead_units":
            title = draw(observed())["title"]
            assert not any(code in str(title) for code in ("_", ": ratio", ": share")), title


def test_numbers_of_a_diverged_run_are_short():
    """An axis that writes 1e+30 in digits leaves no room for the picture."""
    wild = {
        ("distribution_shift", "preactivation", None): 3e29,
        **{
            ("distribution", f"preactivation_q{level}", None): 1e30
            for level in ("05", "25", "50", "75", "95")
        },
    }
    for name in ("shift", "distribution"):
        svg = render(CHARTS[name](observed(wild)), "svg").decode()
        assert "e+29" in svg
        assert "000000" not in "".join(re.findall(r">([^<]*)</text>", svg)).replace(",", "")


def test_lines_that_coincide_are_seen_by_their_widths():
    """As in a network that does not learn."""
    svg = render(CHARTS["gradient_by_depth"](observed()), "svg").decode()
    assert set(re.findall(r'mark-line.*?stroke-width="([\d.]+)"', svg)) == {"10", "8", "6", "4", "2"}


def test_narrow_ones_have_their_panels_below_each_other():
    assert "vconcat" in shift(observed(), space=NARROW)


def test_what_was_not_measured_cannot_be_drawn():
    with pytest.raises(ValueError, match="was not measured"):
        CHARTS["dead_units"](observed())
    with pytest.raises(ValueError, match="was not measured"):
        CHARTS["three_statistics"](Observed([Measured(0, 0, "dead", "", "share", 0.0)], SPEC, ()))
