"""The numbers of one epoch. The trainer measures them; all others keep, send and analyse these fields."""

from pydantic import BaseModel, ConfigDict, Field


class EpochMetrics(BaseModel):
    """One epoch. Accuracies are fractions, 0 to 1; times are seconds.

    ``loss`` and ``accuracy`` are means of the epoch's steps, while the weights change, as Keras reports them; the
    validation figures are of the weights at the epoch's end, and None without validation samples. Losses are means
    over samples with the L2 penalty added; cross-entropies are the same means without it, which runs of different
    penalties can be compared by.
    """

    model_config = ConfigDict(frozen=True)

    epoch: int = Field(description="Counted from 1.")
    learning_rate: float = Field(description="Of the epoch's last step.")
    loss: float
    accuracy: float
    val_loss: float | None = None
    val_accuracy: float | None = None
    cross_entropy: float | None = Field(
        default=None,
        description="`loss` without the L2 penalty; null in runs that were stored before it was kept.",
    )
    val_cross_entropy: float | None = Field(default=None, description="`val_loss` without the L2 penalty.")
    train_seconds: float = Field(description="Training alone, without compiling and evaluating.")
    evaluate_seconds: float
    compile_seconds: float = Field(description="Just before this epoch: 0 but for the first of an attempt.")
    elapsed_seconds: float = Field(
        description=(
            "From the start of the run to the end of this epoch, without the time between attempts and that of probes."
        )
    )
