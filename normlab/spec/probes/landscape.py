"""The loss: along the gradient, and on what was trained on."""

from normlab.spec.probes.info import Family, Mode, ProbeInfo, Statistic, When
from normlab.spec.probes.places import Place

STEP_FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""The step sizes of ``predictiveness``, in learning rates of the real step."""

ROWS = (
    ProbeInfo(
        name="predictiveness",
        family=Family.LANDSCAPE,
        formula="loss and gradient at 8 plain steps along the gradient of a training batch, 1/4 to 32 learning rates",
        source="Santurkar et al. (2018), arXiv 1805.11604, fig. 4",
        cost="9 F+B of a training batch",
        misleads="The same batch, training mode. Scale alone makes larger weights look smoother.",
        mode=Mode.BATCHES,
        when=When.EPOCH_ENDS,
        place=Place.NETWORK,
        samples=None,
        statistics=(
            Statistic("loss_range", "(largest - smallest loss along the steps) / loss before them"),
            Statistic("gradient_change", "the largest norm(g - g') / norm(g) along the steps"),
            Statistic(
                "smoothness",
                "the largest norm(g - g') / (step size * norm(g)): effective smoothness",
                "1/step size",
            ),
        ),
    ),
    ProbeInfo(
        name="sharpness",
        family=Family.LANDSCAPE,
        formula="g'Hg / |g|² * learning rate / 2 on a training batch: about 1 at the edge of stability",
        source="Andreyev and Beneventano (2024), arXiv 2412.20553",
        cost="1 Hessian-vector product, about 2 F+B; its second derivative takes long to compile",
        misleads="Of plain gradient descent; one batch is noise; it says nothing of generalization.",
        mode=Mode.BATCHES,
        when=When.EPOCH_ENDS,
        place=Place.NETWORK,
        samples=None,
        statistics=(Statistic("batch_sharpness", "g'Hg / |g|² * learning rate / 2"),),
        standard=False,
    ),
    ProbeInfo(
        name="fit",
        family=Family.LANDSCAPE,
        formula="mean cross-entropy and accuracy of a fixed set of training samples, of the network in use",
        source="Goodfellow, Bengio and Courville (2016), Deep learning, section 5.2",
        cost="1 F of 1,000 training samples",
        misleads="The training loss that is logged is a mean over an epoch of other weights, with statistics of "
        "batches and with dropout: a gap to the validation loss that is taken from it says nothing of regularization.",
        mode=Mode.MOVING,
        when=When.EPOCHS,
        place=Place.NETWORK,
        samples=1_000,
        statistics=(
            Statistic("loss", "mean cross-entropy", "nat"),
            Statistic("accuracy", "the part that is right"),
        ),
        standard=False,
    ),
)
