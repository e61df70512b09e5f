"""The numbers of one epoch. The trainer measures them; all others keep, send and analyse these fields."""

from pydantic import BaseModel, ConfigDict, Field


class EpochMetrics(BaseModel):
    """One epoch. Accuracies are fractions, 0 to 1; times are seconds.

    ``loss`` and ``accuracy`` are means of the epoch's steps, while the weights change, as Keras reports them; the
    validation figures are of the weights at the epoch's end, and None without validation samples. Losses are means
    over samples of what the spec's loss says, with the L2 penalty added, and in training with class weights;
    cross-entropies are plain ones, without any of these, which runs of different losses can be compared by: what is
    elsewhere called the log loss. Balanced accuracy and macro F1 weigh all classes alike, however many samples they
    have.
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
    train_seconds: float = Field(description="Training alone, without compiling and evaluating.")
    evaluate_seconds: float
    compile_seconds: float = Field(description="Just before this epoch: 0 but for the first of an attempt.")
    elapsed_seconds: float = Field(
        description=(
            "From the start of the run to the end of this epoch, without the time between attempts and that of probes."
        )
    )
