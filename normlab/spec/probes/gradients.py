"""Gradients, and what a step makes of them."""

from normlab.spec.probes.info import Family, Mode, ProbeInfo, Statistic, When
from normlab.spec.probes.places import Place

ROWS = (
    ProbeInfo(
        name="gradient",
        family=Family.GRADIENTS,
        formula="RMS of the loss's gradient by what enters a layer's activation, and by its kernel",
        source="Glorot and Bengio (2010); Yang et al. (2019), arXiv 1902.08129",
        cost="1 F+B of 256 samples",
        misleads="At the start batch normalization itself makes gradients grow toward the input; a step later less so. "
        "A kernel's gradient goes as 1 over the kernel's size under normalization: compare relative ones.",
        mode=Mode.BATCHES,
        when=When.POINTS,
        place=Place.KERNELS,
        samples=256,
        statistics=(
            Statistic(
                "preactivation_rms",
                "RMS over samples and units of the gradient of a sample's cross-entropy by z = Wx + b",
                "1/z",
            ),
            Statistic("kernel_rms", "RMS of the gradient of the mean cross-entropy by the kernel", "1/w"),
            Statistic("kernel_relative", "kernel_rms / RMS of the kernel", "1/w²"),
            Statistic(
                "penalty_share",
                "norm of the penalty's gradient / (that + norm of the cross-entropy's), by the kernel; "
                "0 without a penalty",
            ),
            Statistic(
                "factor_per_layer",
                "exp of the slope of log preactivation_rms over the hidden layers with a kernel, toward the input: "
                "below 1 gradients vanish, above 1 they explode; not given for fewer than two",
                place=Place.NETWORK,
            ),
            Statistic("loss", "mean cross-entropy of the batch", "nat", place=Place.NETWORK),
            Statistic("accuracy", "the part of the batch that is right", place=Place.NETWORK),
        ),
    ),
    ProbeInfo(
        name="update",
        family=Family.GRADIENTS,
        formula="norm of one real step of a kernel (momentum, Adam, decay, clipping included) / norm of the kernel",
        source="the rule of thumb of 1e-3 is Karpathy's (CS231n notes)",
        cost="none",
        misleads="Over many steps it would be displacement. At an epoch's end it is the last step of a whole batch. "
        "A kernel of zeros has none.",
        mode=Mode.NONE,
        when=When.AFTER_START,
        place=Place.KERNELS,
        samples=None,
        statistics=(
            Statistic("ratio", "norm(W after - W before) / norm(W before)"),
            Statistic("learning_rate", "of that step", place=Place.NETWORK),
        ),
    ),
    ProbeInfo(
        name="norm",
        family=Family.GRADIENTS,
        formula="how large kernels are; under normalization the learning rate in units of the kernel",
        source="van Laarhoven (2017), arXiv 1706.05350",
        cost="none",
        misleads="An L2 penalty in front of normalization is a schedule of the effective rate, not a penalty.",
        mode=Mode.BATCHES,
        when=When.POINTS,
        place=Place.KERNELS,
        samples=256,
        statistics=(
            Statistic("rms", "RMS of the kernel", "w"),
            Statistic("growth", "norm of the kernel / norm of it at the start"),
            Statistic(
                "effective_rate",
                "learning rate / squared norm of the kernel; only where the kernel's scale is free",
                "1/w²",
                Place.SCALE_FREE,
            ),
            Statistic(
                "radial_cosine",
                "cosine between the kernel and its gradient: 0 where the variance is far above epsilon (a self-test)",
                place=Place.SCALE_FREE,
            ),
        ),
    ),
)
