"""The numbers of one epoch. The trainer measures them; all others keep, send and analyse these fields."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from normlab.spec.fields import LEFT_OUT

FIGURES = ("mse", "rmse", "mae", "r2")
"""The fields of runs that predict numbers; of validation samples with ``val_`` before them, of a result's with
``test_``."""

_OfNumbers = Annotated[float | None, LEFT_OUT]
"""A figure of runs that predict numbers; answers about other runs are written without it."""


class EpochMetrics(BaseModel):
    """One epoch. Accuracies are fractions, 0 to 1; times are seconds.

    ``loss`` and ``accuracy`` are means of the epoch's steps, while the weights change, as Keras reports them; the
    validation figures are of the weights at the epoch's end, and None without validation samples. Losses are means
    over samples of what the spec's loss says, with the L2 penalty added, and in training with class weights;
    cross-entropies are plain ones, without any of these, which runs of different losses can be compared by: what is
    elsewhere called the log loss. Balanced accuracy and macro F1 weigh all classes alike, however many samples they
    have.

    A run that predicts numbers has none of these but the losses, which are of standardized targets; it has errors in
    the target's own unit instead, and R²: ``normlab.spec.regression``.
    """

    model_config = ConfigDict(frozen=True)

    epoch: int = Field(description="Counted from 1.")
    learning_rate: float = Field(description="Of the epoch's last step.")
    loss: float
    accuracy: float | None = Field(default=None, description="Null where numbers are predicted.")
    val_loss: float | None = None
    val_accuracy: float | None = None
    cross_entropy: float | None = Field(
        default=None,
        description=(
            "The plain cross-entropy: `loss` without L2 penalty, label smoothing, focal factor and class weights; null "
            "in runs that were stored before it was kept."
        ),
    )
    val_cross_entropy: float | None = Field(
        default=None, description="The same of `val_loss`: the log loss of the validation samples, in nats."
    )
    val_balanced_accuracy: float | None = Field(
        default=None,
        description=(
            "Mean recall of the classes that have validation samples; null in runs that were stored before it was kept."
        ),
    )
    val_macro_f1: float | None = Field(
        default=None,
        description="Mean F1 of the classes that a validation sample has or was given; null likewise.",
    )
    mse: _OfNumbers = Field(
        default=None,
        description="Mean squared error in the target's own unit, squared. As the loss, a mean of the epoch's steps.",
    )
    rmse: _OfNumbers = Field(default=None, description="Its root.")
    mae: _OfNumbers = Field(default=None, description="Mean absolute error in the target's own unit.")
    r2: _OfNumbers = Field(
        default=None, description="R²: 1 less `mse` divided by the variance of the training samples' targets."
    )
    val_mse: _OfNumbers = Field(default=None, description="Of the validation samples, at the epoch's end.")
    val_rmse: _OfNumbers = Field(default=None, description="Its root.")
    val_mae: _OfNumbers = Field(default=None, description="Mean absolute error of the validation samples.")
    val_r2: _OfNumbers = Field(
        default=None,
        description="R² of the validation samples, against their own mean; null where all of them have one value.",
    )
    train_seconds: float = Field(description="Training alone, without compiling and evaluating.")
    evaluate_seconds: float
    compile_seconds: float = Field(description="Just before this epoch: 0 but for the first of an attempt.")
    elapsed_seconds: float = Field(
        description=(
            "From the start of the run to the end of this epoch, without the time between attempts and that of probes."
        )
    )


_LEFT_OUT = frozenset(f"{part}{figure}" for part in ("", "val_") for figure in FIGURES)


def known_fields(epoch: Mapping[str, Any]) -> dict[str, Any]:
    """An epoch's fields as documents have them: figures of numbers only where there are some."""
    return {name: value for name, value in epoch.items() if value is not None or name not in _LEFT_OUT}


def columns_of(epochs: Iterable[Mapping[str, Any]], fields: Iterable[str]) -> list[str]:
    """Those of the ``fields`` that a table of epochs, each as ``known_fields``, has a column for."""
    there = set().union(*epochs)
    return [name for name in fields if name in there or name not in _LEFT_OUT]
