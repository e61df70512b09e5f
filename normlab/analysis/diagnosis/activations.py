"""What passes through the network: dead and saturated units, the scale of the signal, its rank."""

from normlab.analysis.diagnosis.finding import Observation, Severity
from normlab.analysis.diagnosis.observed import Observed, affected
from normlab.analysis.diagnosis.rule import Rule
from normlab.analysis.diagnosis.words import figure, named, share, when
from normlab.spec.probes.places import Place

DEAD, MANY_DEAD = 0.1, 0.5
"""Shares of a layer's units, on two points in a row. Healthy networks have some dead units; with half of them gone the
layer is half as wide as it was asked to be."""
SATURATED, MOSTLY_SATURATED = 0.5, 0.8
"""Shares of values at which the slope is below 5 % of its steepest. With half of all values there a gradient loses half
of itself at each such layer beside what the slope takes anyway; trained sigmoid networks have a tenth to a third."""
SIGNAL_LOST = 1e-4
"""Variance behind the last against behind the first activation at the start: a hundredth of the deviation is left."""
CONFIDENT = 3.0
"""The loss at the start, in that of equal probabilities: of a random network it should be about 1. At 3 the right
class has a thousandth of the probability on average (10 classes)."""
COLLAPSED = 2.0
"""Effective dimensions. To tell C classes apart by a linear layer takes up to C - 1; with two, all samples lie on
little more than a line."""


def _dead(run: Observed) -> Observation | None:
    seen = {
        name: over
        for name in run.layers(Place.RELU)
        if (over := [r for r in run.readings("dead", "share_twice", name) if r.step and r.value >= DEAD])
    }
    # A unit that came back to life was not dead.
    seen = {
        name: over for name, over in seen.items() if over[-1] == run.readings("dead", "share_twice", name)[-1]
    }
    if not seen:
        return None
    worst, value, layers, epochs = affected(seen)
    beside = f" (beside {named([n for n in seen if n != worst])})" if len(seen) > 1 else ""
    return Observation(
        severity=Severity.PROBLEM if value >= MANY_DEAD else Severity.WARNING,
        layers=layers,
        epochs=epochs,
        numbers={"share": value, "threshold": DEAD},
        sentence=f"{share(value)} of the ReLU units of {worst}{beside} are dead, {when(epochs, run)}: no sample of the "
        "probe batch makes them active, so they get no gradient any more.",
        remedy="A smaller learning rate, leaky ReLU (whose units cannot die), or batch normalization before ReLU.",
    )


def _no_relu(run: Observed) -> str:
    if run.layers(Place.RELU):
        return ""
    return "no layer has ReLU, and the units of other functions cannot die: their slope is 0 nowhere or nearly so"


def _saturated(run: Observed) -> Observation | None:
    seen = {}
    for name in run.layers(Place.SATURATING):
        over = [r for r in run.epoch_ends("saturated", "share", name) if r.value >= SATURATED]
        if over and over[-1] == run.epoch_ends("saturated", "share", name)[-1]:
            seen[name] = over
    if not seen:
        return None
    worst, value, layers, epochs = affected(seen)
    return Observation(
        severity=Severity.PROBLEM if value >= MOSTLY_SATURATED else Severity.WARNING,
        layers=layers,
        epochs=epochs,
        numbers={"share": value, "threshold": SATURATED},
        sentence=f"{share(value)} of what leaves {worst} is saturated, {when(epochs, run)}: its function is flat "
        "there, and lets hardly any gradient through.",
        remedy="Batch normalization before the activation, a smaller initialization or learning rate, or ReLU or its "
        "kin.",
    )


def _no_saturating(run: Observed) -> str:
    return "" if run.layers(Place.SATURATING) else "no hidden layer has sigmoid, hard sigmoid or tanh"


def _scale_at_start(run: Observed) -> Observation | None:
    loss = run.at_start("gradient", "loss")
    if loss is not None and loss > CONFIDENT * run.guess_loss:
        return Observation(
            severity=Severity.WARNING,
            layers=("output",),
            epochs=(0,),
            numbers={"loss": loss, "guess_loss": run.guess_loss, "threshold": CONFIDENT * run.guess_loss},
            sentence=f"The initialization is too large: before the first step the loss is {figure(loss)}, where equal "
            f"probabilities give {figure(run.guess_loss)}, so the network is certain of random answers.",
            remedy="An initializer whose scale fits layer and activation (he_normal for ReLU, glorot_uniform for tanh, "
            "lecun_normal for SELU), or normalization.",
        )
    variances = [
        (name, value)
        for name in run.layers(Place.FEATURES)
        if (value := run.at_start("signal", "variance", name)) is not None
    ]
    if len(variances) < 2:
        return _nothing_varies(variances)
    first = variances[0][1]
    lost = [name for name, value in variances if value < SIGNAL_LOST * first or value == 0]
    if not lost:
        return None
    left = dict(variances)[lost[-1]] / first if first else 0.0
    return Observation(
        severity=Severity.WARNING,
        layers=tuple(lost),
        epochs=(0,),
        numbers={"variance_left": left, "threshold": SIGNAL_LOST},
        sentence=f"The initialization lets the signal die out: what differs between samples has {figure(left)} of its "
        f"variance left behind {lost[-1]}, and less than {figure(SIGNAL_LOST)} from {lost[0]} on.",
        remedy="An initializer whose scale fits the activation (he_normal for ReLU, glorot_uniform for tanh), another "
        "function than sigmoid, or normalization between the layers.",
    )


def _nothing_varies(variances: list[tuple[str, float]]) -> Observation | None:
    if not variances or variances[0][1] > 0:
        return None
    return Observation(
        severity=Severity.WARNING,
        layers=(variances[0][0],),
        epochs=(0,),
        numbers={"variance_left": 0.0, "threshold": SIGNAL_LOST},
        sentence=f"The initialization lets nothing through: what leaves {variances[0][0]} is the same for all samples.",
        remedy="An initializer that draws kernels at random.",
    )


def _collapsed(run: Observed) -> Observation | None:
    seen = {}
    for name in _wide_enough(run):
        ends = run.epoch_ends("rank", "effective", name)
        over = [r for r in ends if r.value < COLLAPSED]
        if over and over[-1] == ends[-1]:
            seen[name] = over
    if not seen:
        return None
    worst, value, layers, epochs = affected(seen, min)
    return Observation(
        severity=Severity.PROBLEM,
        layers=layers,
        epochs=epochs,
        numbers={"effective_rank": value, "threshold": COLLAPSED},
        sentence=f"Representations have collapsed: what leaves {worst} has {value:.1f} effective dimensions, "
        f"{when(epochs, run)}, and {run.classes} classes are to be told apart from it.",
        remedy="Normalization between the layers, an initializer that fits the activation, fewer layers, or a smaller "
        "learning rate if it was higher before.",
    )


def _wide_enough(run: Observed) -> list[str]:
    """Layers whose units could hold as many dimensions as there are classes."""
    wide = {item.name for item in run.planned if item.output_shape[-1] >= run.classes}
    return [name for name in run.layers(Place.FEATURES) if name in wide]


def _no_features(run: Observed) -> str:
    return (
        ""
        if _wide_enough(run)
        else "no hidden layer has an activation and as many units as there are classes"
    )


RULES = (
    Rule(
        "initialization_out_of_scale",
        "Does the signal pass through the network at the start?",
        (("signal", "variance"), ("gradient", "loss")),
        _scale_at_start,
        lambda run: (
            f"the loss and the variance behind {len(run.layers(Place.FEATURES))} activations at the start"
        ),
        "He et al. (2015), arXiv 1502.01852; Poole et al. (2016), arXiv 1606.05340",
    ),
    Rule(
        "dead_units",
        "Are units dead?",
        (("dead", "share_twice"),),
        _dead,
        lambda run: f"the units of {len(run.layers(Place.RELU))} layers with ReLU, on two points in a row",
        "Lu et al. (2019), arXiv 1903.06733",
        _no_relu,
    ),
    Rule(
        "saturated_units",
        "Are units saturated?",
        (("saturated", "share"),),
        _saturated,
        lambda run: f"what leaves {len(run.layers(Place.SATURATING))} layers with sigmoid or tanh",
        "Glorot and Bengio (2010)",
        _no_saturating,
    ),
    Rule(
        "rank_collapse",
        "Do representations keep enough dimensions?",
        (("rank", "effective"),),
        _collapsed,
        lambda run: f"the effective rank behind {len(_wide_enough(run))} activations",
        "Roy and Vetterli (2007)",
        _no_features,
    ),
)
"""Of this family."""
