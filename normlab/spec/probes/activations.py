"""What passes through a network."""

from normlab.spec.probes.info import Family, Mode, ProbeInfo, Statistic, When
from normlab.spec.probes.places import Place

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of a distribution, as a name such as ``input_q05`` says."""


def quantile_name(what: str, level: float) -> str:
    """The statistic's name of a quantile.

    >>> quantile_name("input", 0.05)
    'input_q05'
    """
    return f"{what}_q{round(100 * level):02d}"


ROWS = (
    ProbeInfo(
        name="signal",
        family=Family.ACTIVATIONS,
        formula="squared mean and variance of what leaves a layer, apart; cosine between two samples",
        source="Poole et al. (2016), arXiv 1606.05340; Schoenholz et al. (2017), arXiv 1611.01232",
        cost="1 F of 512 samples, shared by the probes that look at as many",
        misleads="A sigmoid's mean is about one half: a mean square would hide that nothing varies. Behind "
        "normalization the variance is gamma squared by construction.",
        mode=Mode.ALL,
        when=When.POINTS,
        place=Place.OUTPUTS,
        samples=512,
        statistics=(
            Statistic("mean_squared", "mean over units of the squared mean over samples", "h²"),
            Statistic("variance", "mean over units of the variance over samples", "h²"),
            Statistic(
                "cosine",
                "mean cosine between two samples' outputs: 1 means that all samples look the same",
            ),
        ),
    ),
    ProbeInfo(
        name="distribution",
        family=Family.ACTIVATIONS,
        formula="quantiles of what enters a layer with a kernel, and of z = Wx + b, over samples and units",
        source="Ioffe and Szegedy (2015), fig. 1",
        cost="in the same F",
        misleads="Behind normalization the input's quantiles hardly move by construction: look at z.",
        mode=Mode.ALL,
        when=When.POINTS,
        place=Place.KERNELS,
        samples=512,
        statistics=tuple(
            Statistic(quantile_name(what, level), f"the {level:.0%} quantile of {words}", unit)
            for what, words, unit in (
                ("input", "what enters", "x"),
                ("preactivation", "z = Wx + b", "z"),
            )
            for level in QUANTILES
        ),
    ),
    ProbeInfo(
        name="dead",
        family=Family.ACTIVATIONS,
        formula="the share of units whose largest value over the whole probe batch is at most 0",
        source="Lu et al. (2019), arXiv 1903.06733",
        cost="1 F of 2,048 samples",
        misleads="In a batch of 32 a unit that is active for 2 % of the samples looks dead half of the time. That half "
        "of all values are 0 is normal. Convolutions: a channel over all positions.",
        mode=Mode.ALL,
        when=When.POINTS,
        place=Place.RELU,
        samples=2_048,
        statistics=(
            Statistic("share", "of the layer's units: dead at this point"),
            Statistic("share_twice", "dead at this point and at the one before; equals 0 at the start"),
            Statistic("active", "the part of all values, over samples and units, that is above 0"),
        ),
    ),
    ProbeInfo(
        name="saturated",
        family=Family.ACTIVATIONS,
        formula="the share of values at which the function's slope is below 5 % of its steepest",
        source="Glorot and Bengio (2010); the bound is the slope's, so it is the same for all functions",
        cost="in the same F",
        misleads="It is |z| > 4.36 for a sigmoid, 2.18 for tanh, 3 for a hard sigmoid (|z| > 3: slope 0). The softmax "
        "of the output layer saturates when it is right.",
        mode=Mode.ALL,
        when=When.POINTS,
        place=Place.SATURATING,
        samples=512,
        statistics=(
            Statistic("share", "of all values, over samples and units"),
            Statistic("unit_share", "of the units: those saturated for at least 95 % of the samples"),
        ),
    ),
    ProbeInfo(
        name="rank",
        family=Family.ACTIVATIONS,
        formula="exp of the entropy of s / sum(s), with s the singular values of the centred outputs (samples x units)",
        source="Roy and Vetterli (2007); stable rank: Rudelson and Vershynin (2007)",
        cost="1 F of 2,048 samples, and an eigenvalue decomposition",
        misleads="Not centred, a sigmoid's outputs have rank 1. A low rank late in training is class structure.",
        mode=Mode.ALL,
        when=When.EPOCHS,
        place=Place.FEATURES,
        samples=2_048,
        statistics=(
            Statistic(
                "effective", "exp(-sum p log p) with p = s / sum(s); 0 where nothing varies", "dimensions"
            ),
            Statistic("stable", "sum(s²) / max(s²); 0 where nothing varies", "dimensions"),
            Statistic("share", "effective / the number of units"),
        ),
    ),
)
