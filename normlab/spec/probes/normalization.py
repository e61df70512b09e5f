"""Batch normalization: what its statistics are, and what they should be."""

from normlab.spec.probes.info import Family, Mode, ProbeInfo, Statistic, When
from normlab.spec.probes.places import Place

ROWS = (
    ProbeInfo(
        name="moving",
        family=Family.NORMALIZATION,
        formula="moving statistics against those of the whole probe batch with the same weights, channel by channel",
        source="Wu and Johnson (2021), arXiv 2105.07576",
        cost="1 F of 2,048 samples",
        misleads="Weights move while the average is taken: a gap is normal while a network learns fast. "
        "2,048 samples tell a mean to 0.02 deviations: settled statistics have a gap of about 0.015.",
        mode=Mode.ALL,
        when=When.POINTS,
        place=Place.BATCH_NORMALIZATION,
        samples=2_048,
        statistics=(
            Statistic("mean_gap", "median over channels of |moving mean - mean| / sqrt(variance + epsilon)"),
            Statistic("mean_gap_max", "the largest of them"),
            Statistic(
                "variance_gap",
                "median over channels of |log((moving variance + epsilon) / (variance + epsilon))|",
            ),
            Statistic("variance_gap_max", "the largest of them"),
            Statistic(
                "start_share", "momentum to the power of the updates: what is left of mean 0 and variance 1"
            ),
        ),
    ),
    ProbeInfo(
        name="three_statistics",
        family=Family.NORMALIZATION,
        formula="accuracy and loss of the same samples with batch, moving and population statistics, weights frozen",
        source="Wu and Johnson (2021), arXiv 2105.07576",
        cost="3 F of 1,000 validation samples (training samples where there are none)",
        misleads="With statistics of a small batch a trained network is worse than with moving ones: a loss that is "
        "logged in training says nothing of regularization.",
        mode=Mode.SEVERAL,
        when=When.EPOCHS,
        place=Place.NETWORK_WITH_BATCH_NORMALIZATION,
        samples=1_000,
        statistics=tuple(
            Statistic(f"{what}_{kind}", f"{words} with {statistics}", unit)
            for what, words, unit in (("accuracy", "accuracy", "1"), ("loss", "mean cross-entropy", "nat"))
            for kind, statistics in (
                ("batch", "the statistics of batches of the training's size"),
                ("moving", "the moving statistics"),
                ("population", "the statistics of the whole probe batch"),
            )
        ),
    ),
    ProbeInfo(
        name="gain",
        family=Family.NORMALIZATION,
        formula="|gamma| / sqrt(moving variance + epsilon): what a channel's input is multiplied by in use",
        source="Galloway et al. (2019), arXiv 1905.02161",
        cost="none",
        misleads="A pixel that is nearly constant is amplified up to 1 / sqrt(epsilon): 31.6 times with Keras's.",
        mode=Mode.NONE,
        when=When.EPOCHS,
        place=Place.BATCH_NORMALIZATION,
        samples=2_048,
        statistics=(
            Statistic("median", "over channels", "1/x"),
            Statistic("max", "over channels", "1/x"),
            Statistic(
                "flat_share", "the share of channels whose variance over the probe batch is below epsilon"
            ),
        ),
    ),
)
