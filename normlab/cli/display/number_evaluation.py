"""How well a network does that predicts numbers, as text."""

from rich.markup import escape

from normlab.cli.display.output import out, table
from normlab.documents.evaluations import NumberEvaluation
from normlab.spec.dataset_names import with_version
from normlab.spec.shown import to_four_figures


def show_numbers(evaluation: NumberEvaluation) -> None:
    """Write its errors, what is left over, and where it is far off."""
    dataset = with_version(evaluation.dataset, evaluation.dataset_version)
    r2 = "" if evaluation.r2 is None else f"R² {evaluation.r2:.4f}, "
    left = evaluation.residuals
    quantiles = ", ".join(
        f"{100 * float(part):g} % {to_four_figures(value)}" for part, value in left.quantiles.items()
    )
    target = f" of {evaluation.target}" if evaluation.target else ""
    for line in (
        f"The predictions{target} on {evaluation.samples:,} {evaluation.split} samples of {dataset}: {r2}root mean "
        f"squared error {to_four_figures(evaluation.rmse)}, mean absolute error {to_four_figures(evaluation.mae)}.",
        f"Right less predicted: mean {to_four_figures(left.mean)}, standard deviation "
        f"{to_four_figures(left.standard_deviation)}; quantiles {quantiles}.",
    ):
        out.print(line, markup=False, soft_wrap=not out.is_terminal)
    if not evaluation.worst:
        return
    out.print("\n[bold]Largest errors[/]")
    figures = ("sample", "right", "predicted", "right less predicted")
    worst = table(*figures, "row", numbers=figures)
    for error in evaluation.worst:
        row = ", ".join(f"{name} {_cell(value)}" for name, value in error.row.items())
        numbers = map(to_four_figures, (error.target, error.prediction, error.residual))
        worst.add_row(str(error.sample), *numbers, escape(row))
    out.print(worst)


def _cell(value: float | str | None) -> str:
    if value is None:
        return "missing"
    return value if isinstance(value, str) else to_four_figures(value)
