import io
import json
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from normlab.analysis import ImageFormat, learning_curves, render
from normlab.analysis.charts.theme import PALETTE, colour_of


def test_the_chart_is_plain_vega_lite_on_white(make_run: Any) -> None:
    chart = learning_curves([make_run("baseline"), make_run("batch_norm")])
    assert json.loads(json.dumps(chart)) == chart
    assert "vega-lite" in chart["$schema"]
    assert chart["background"] == "white"
    assert chart["title"]["text"] == ["Learning curves: baseline against batch_norm"]
    assert "One run of each" in " ".join(chart["title"]["subtitle"])


def test_several_runs_are_told_in_the_subtitle(make_run: Any) -> None:
    runs = [make_run(arm, seed=seed) for arm in ("baseline", "batch_norm") for seed in (1, 2, 3)]
    assert "3 runs of each arm" in " ".join(learning_curves(runs)["title"]["subtitle"])
    assert "2 to 3 runs" in " ".join(learning_curves(runs[:-1])["title"]["subtitle"])


def test_it_renders_to_png_and_svg(make_run: Any) -> None:
    chart = learning_curves([make_run("baseline"), make_run("batch_norm")])
    image = Image.open(io.BytesIO(render(chart, "png")))
    assert image.format == "PNG"
    assert image.width > 1500
    svg = render(chart, ImageFormat.SVG).decode()
    assert svg.startswith("<svg")
    assert "validation accuracy" in svg
    assert PALETTE[0].lower() in svg.lower()


def test_runs_without_an_epoch_give_an_empty_chart(make_run: Any) -> None:
    assert render(learning_curves([replace(make_run(), epochs=())]), "svg").startswith(b"<svg")


def test_the_name_of_a_run_is_only_text(make_run: Any) -> None:
    svg = render(learning_curves([make_run(name="<script>alert(1)</script>")]), "svg").decode()
    assert "<script>" not in svg


def test_no_run_and_an_unknown_format_are_refused(make_run: Any) -> None:
    with pytest.raises(ValueError, match="at least one run"):
        learning_curves([])
    with pytest.raises(ValueError, match="gif"):
        render(learning_curves([make_run()]), "gif")


def test_an_arm_keeps_its_colour() -> None:
    arms = ["a", "b", "a", "c"]
    assert colour_of(arms) == {"a": PALETTE[0], "b": PALETTE[1], "c": PALETTE[2]}
    assert len(set(PALETTE)) == 8
