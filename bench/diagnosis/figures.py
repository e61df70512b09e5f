"""The figures and pictures of docs/diagnosis.md, measured anew: ``python bench/diagnosis/figures.py --data demo-data``.

Prints what the table of expectations has of the five presets (Fashion-MNIST, three epochs), and writes the pictures of
the chapter on batch normalization (``digits``) into a folder, with the figures that its sentences quote.
"""

import argparse
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # read when TensorFlow is imported

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from normlab.analysis import diagnose
from normlab.analysis.charts.inside import CHARTS
from normlab.analysis.charts.theme import render
from normlab.analysis.diagnosis.observed import Observed
from normlab.spec import PRESETS, parse_job_spec
from normlab.spec.measurements import WHOLE_NETWORK
from normlab.training import train

SEED = 42
EPOCHS = 3
QUOTED = (
    ("gradient", "factor_per_layer"),
    ("update", "ratio"),
    ("norm", "growth"),
    ("norm", "radial_cosine"),
    ("signal", "cosine"),
    ("signal", "variance"),
    ("dead", "share"),
    ("saturated", "share"),
    ("rank", "share"),
    ("moving", "mean_gap"),
    ("three_statistics", "accuracy_batch"),
    ("three_statistics", "accuracy_moving"),
    ("three_statistics", "accuracy_population"),
    ("gain", "median"),
    ("gain", "max"),
    ("gain", "flat_share"),
    ("distribution_shift", "preactivation_from_start"),
    ("gradient_shift", "relative"),
    ("predictiveness", "gradient_change"),
    ("sharpness", "batch_sharpness"),
)
PICTURES = {
    "gradient-by-depth": ("deep_sigmoid", 3, "gradient_by_depth"),
    "gradient-by-depth-normalized": ("deep_sigmoid_with_batch_norm", 3, "gradient_by_depth"),
    "updates": ("deep_sigmoid", 3, "updates"),
    "three-statistics": ("baseline_with_batch_norm", 10, "three_statistics"),
    "shift-plain": ("baseline", 10, "shift"),
    "shift": ("baseline_with_batch_norm", 10, "shift"),
}
"""By file: preset, epochs on ``digits``, chart."""


def run(preset: str, epochs: int, dataset: str, data: Path, probes: Any) -> tuple[Observed, Any]:
    """A run with the default learning rate."""
    spec = parse_job_spec({
        "architecture": preset,
        "dataset": dataset,
        "training": {"epochs": epochs, "seed": SEED},
        "probes": probes,
    })  # fmt: skip
    result = train(spec, data_dir=data)
    return Observed(result.measurements, spec, result.history), result


def print_table(observed: Observed) -> None:
    """Each quoted number at the first two points, at the end of the first epoch, and at the end."""
    places = (WHOLE_NETWORK, *(item.name for item in observed.planned))
    for probe, statistic in QUOTED:
        for layer in places:
            readings = observed.readings(probe, statistic, layer)
            if readings:
                kept = [r for r in readings[:2] if r.epoch < 2]
                kept += [r for r in observed.epoch_ends(probe, statistic, layer) if r.epoch in (1, EPOCHS)]
                told = ", ".join(f"{r.value:.3g} ({r.epoch}/{r.step})" for r in dict.fromkeys(kept))
                print(f"  {probe}.{statistic} {layer or 'network'}: {told}")


def write_pictures(data: Path, folder: Path) -> None:
    """Each as SVG, and what is said of its run."""
    runs: dict[tuple[str, int], tuple[Observed, Any]] = {}
    for name, (preset, epochs, chart) in PICTURES.items():
        if (preset, epochs) not in runs:
            runs[preset, epochs] = observed, result = run(preset, epochs, "digits", data, "standard")
            print(f"\n{preset} on digits, {epochs} epochs: accuracy {result.history[-1].val_accuracy:.3f}")
            for finding in diagnose(result.measurements, result.spec, result.history).findings:
                print(f"  {finding.severity}  {finding.sentence}")
            print_table(observed)
        drawn = CHARTS[chart](runs[preset, epochs][0])
        (folder / f"{name}.svg").write_bytes(render(drawn, "svg"))


def presets_on_fashion_mnist(names: Sequence[str], data: Path) -> None:
    """What the table of expectations is about."""
    for preset in names:
        observed, result = run(preset, EPOCHS, "fashion_mnist", data, "standard")
        _, sharp = run(preset, 1, "fashion_mnist", data, ["sharpness"])
        print(f"\n{preset} on Fashion-MNIST: accuracy {result.history[-1].val_accuracy:.3f}")
        print_table(observed)
        print(
            "  sharpness", [f"{m.value:.3g}" for m in sharp.measurements if m.statistic == "batch_sharpness"]
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with Fashion-MNIST in it")
    parser.add_argument("--images", type=Path, default=Path(__file__).parents[2] / "docs" / "images")
    parser.add_argument("--presets", nargs="*", default=list(PRESETS), help="for the table; none for none")
    options = parser.parse_args()
    write_pictures(options.data, options.images)
    presets_on_fashion_mnist(options.presets, options.data)


if __name__ == "__main__":
    main()
