"""Internal covariate shift, by its two definitions."""

from normlab.spec.probes.info import Family, Mode, ProbeInfo, Statistic, When
from normlab.spec.probes.places import Place

ROWS = (
    ProbeInfo(
        name="distribution_shift",
        family=Family.SHIFT,
        formula="per unit the Wasserstein-1 distance between its values at two points / their deviation; median",
        source="Ioffe and Szegedy (2015), arXiv 1502.03167, section 4.1",
        cost="in the F of signal",
        misleads="At the output of a normalization it is small by construction: compare z at the same layer of both "
        "arms. A network that does not learn shows no shift: read the loss beside it. Where a unit hardly varies the "
        "ratio explodes: deviations are at least 1e-3 of the layer's RMS, and `floored` says where.",
        mode=Mode.ALL,
        when=When.POINTS,
        place=Place.KERNELS,
        samples=512,
        statistics=(
            Statistic("input", "what enters the layer, since the point before"),
            Statistic("input_from_start", "the same since the start"),
            Statistic("preactivation", "z = Wx + b, since the point before"),
            Statistic("preactivation_from_start", "the same since the start"),
            Statistic("floored", "the share of units whose deviation of z is below the floor"),
        ),
    ),
    ProbeInfo(
        name="gradient_shift",
        family=Family.SHIFT,
        formula="G: a kernel's gradient on the batch of a real step; G': after all layers below took that step",
        source="Santurkar et al. (2018), arXiv 1805.11604, definition 2.1",
        cost="1 F+B of a training batch for every other layer with a kernel, in one pass",
        misleads="The first layer's is 0 by definition. gamma and beta belong to the layer before. A network that does "
        "not learn shows none.",
        mode=Mode.BATCHES,
        when=When.AFTER_START,
        place=Place.KERNELS_BUT_FIRST,
        samples=None,
        statistics=(
            Statistic("relative", "norm(G - G') / norm(G)"),
            Statistic("cosine", "cosine between G and G'"),
        ),
    ),
)
