"""How accurate networks stay on corrupted pictures, as text."""

from collections.abc import Sequence

from rich.markup import escape

from normlab.cli.display.output import out, percent, table
from normlab.documents.robustness import (
    ComparisonRobustnessDocument,
    CorruptedAccuracyDocument,
    CorruptedPicturesDocument,
    RobustnessDocument,
    RobustnessFiguresDocument,
)
from normlab.documents.statistics import IntervalDocument
from normlab.spec.dataset_names import with_version


def show_network(document: RobustnessDocument) -> None:
    """A job's network: a row for each corruption, a column for each severity."""
    _say(_pictures(document.pictures))
    _say(document.sentence)
    _show_figures("With the statistics of the training", document.trained, document.pictures.severities)
    if document.re_estimated is not None:
        _show_figures(
            "With statistics re-estimated on the corrupted pictures",
            document.re_estimated,
            document.pictures.severities,
        )
    else:
        _say(document.re_estimation.reason)
    _show_remarks(document.remarks)


def show_arms(document: ComparisonRobustnessDocument) -> None:
    """A comparison: a row for each corruption, a column for each arm and kind of statistics, then the differences."""
    _say(_pictures(document.pictures))
    for difference in document.differences:
        _say(difference.sentence)
    shown: list[tuple[str, RobustnessFiguresDocument]] = []
    for arm in document.arms:
        shown.append((arm.arm, arm.trained))
        if arm.re_estimated is not None:
            shown.append((f"{arm.arm}, re-estimated", arm.re_estimated))
    names = tuple(name for name, _ in shown)
    out.print()
    rows = table("mean over severities", *names, numbers=names)
    rows.add_row("clean", *(percent(figures.clean.accuracy) for _, figures in shown))
    for place, corruption in enumerate(document.pictures.corruptions):
        rows.add_row(
            str(corruption.corruption).replace("_", " "),
            *(percent(figures.corruptions[place].mean.accuracy) for _, figures in shown),
        )
    rows.add_row("all corruptions", *(percent(figures.mean.accuracy) for _, figures in shown))
    rows.add_row("of the clean accuracy", *(percent(figures.mean.relative) for _, figures in shown))
    out.print(rows)
    for arm in document.arms:
        if arm.re_estimated is None:
            _say(f"{arm.arm}: {arm.re_estimation.reason}")
    for job, reason in document.left_out.items():
        _say(f"{job} is left out: {reason}")
    _show_remarks((*document.multiplicity, *document.remarks))


def _pictures(pictures: CorruptedPicturesDocument) -> str:
    dataset = with_version(pictures.dataset, pictures.dataset_version)
    return (
        f"{pictures.samples:,} of {pictures.test_samples:,} test pictures of {dataset}, seed {pictures.seed}"
    )


def _show_figures(title: str, figures: RobustnessFiguresDocument, severities: Sequence[int]) -> None:
    out.print(f"\n[bold]{escape(title)}[/]")
    columns = (*(f"severity {severity}" for severity in severities), "mean", "95 % interval")
    rows = table("corruption", *columns, numbers=columns)
    rows.add_row(
        "none", *[""] * len(severities), percent(figures.clean.accuracy), _ends(figures.clean.interval)
    )
    for each in figures.corruptions:
        rows.add_row(
            str(each.corruption).replace("_", " "),
            *(percent(severity.accuracy) for severity in each.severities),
            *_mean(each.mean),
        )
    rows.add_row("all", *[""] * len(severities), *_mean(figures.mean))
    out.print(rows)


def _mean(mean: CorruptedAccuracyDocument) -> tuple[str, str]:
    return percent(mean.accuracy), _ends(mean.interval)


def _ends(interval: IntervalDocument) -> str:
    if interval.low is None or interval.high is None:
        return ""
    return f"{100 * interval.low:.2f} to {percent(interval.high)}"


def _show_remarks(remarks: Sequence[str]) -> None:
    if remarks:
        out.print("\n[bold]To know[/]")
    for remark in remarks:
        _say(f"- {remark}")


def _say(text: str) -> None:
    out.print(text, markup=False, soft_wrap=not out.is_terminal)
