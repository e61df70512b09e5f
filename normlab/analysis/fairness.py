"""Caveats: what to know before drawing a conclusion from runs, one sentence each."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from normlab.analysis.datasets import task_of
from normlab.analysis.differences import (
    ARCHITECTURE_FACETS,
    Difference,
    differences,
    facets,
    without_seed,
)
from normlab.analysis.imbalance import imbalance_side_by_side
from normlab.analysis.layer_documents import kind_of, layers_of, single_layers
from normlab.analysis.learning import learning_caveats
from normlab.analysis.load import choose_clock
from normlab.analysis.records import RunRecord, labels
from normlab.analysis.settling import settling_caveats
from normlab.analysis.sizes import size_of
from normlab.analysis.weight_decay import decay_caveats
from normlab.spec import PRESETS, preset_layers
from normlab.spec.environment import Effect, fields_with
from normlab.spec.layers import BaseLayer
from normlab.spec.metrics import DEFAULT_METRICS, Metric

_NOTABLY_LARGER = 1.05
"""Normalization layers alone add less than that to a network of any use."""

_BEST_FLATTERS = (
    "The best validation accuracy is picked by looking at the validation set, so it flatters every run a little: "
    "compare that of the network that is kept, or the test accuracy."
)


def by_arm(runs: Sequence[RunRecord]) -> dict[str, list[RunRecord]]:
    """The runs of each arm (what changes the numbers but the seed) under a name for the arm, in order."""
    groups: dict[str, list[RunRecord]] = {}
    for run in runs:
        groups.setdefault(_identity(run), []).append(run)
    names = labels(group[0] for group in groups.values())
    return dict(zip(names, groups.values(), strict=True))


def _identity(run: RunRecord) -> str:
    """The same for all runs of an arm."""
    return json.dumps(without_seed(run.spec), sort_keys=True, default=str)


def caveats(runs: Sequence[RunRecord]) -> tuple[str, ...]:
    """All that a reader of these runs side by side should know before drawing a conclusion from them."""
    arms = by_arm(runs)
    alone = ("All runs have the same spec but for the seed: there is nothing to compare, only a spread.",)
    metric = DEFAULT_METRICS[task_of(runs)]
    learning = learning_caveats(arms, metric)
    return (
        *(alone if len(arms) == 1 else ()),
        *arm_caveats(arms),
        *learning,
        *imbalance_side_by_side(arms),
        *([_BEST_FLATTERS] if metric is Metric.VAL_ACCURACY else []),
    )


def arm_caveats(arms: Mapping[str, Sequence[RunRecord]]) -> tuple[str, ...]:
    """The same of arms, each with at least one run, whose best epochs are not shown.

    First what bears on accuracies, last what bears on seconds alone.
    """
    runs = [run for group in arms.values() for run in group]
    firsts = {name: group[0] for name, group in arms.items()}
    differing = differences({name: run.spec for name, run in firsts.items()})
    return (
        *_alike(firsts),
        *dict.fromkeys(leak for run in runs for leak in run.leaks),
        *_replicates(arms),
        *_seeds(arms),
        *_unfinished(runs),
        *_lengths(runs),
        *settling_caveats(arms),
        *_several_changes(firsts, differing),
        *_other_conditions(firsts, differing),
        *decay_caveats(firsts),
        *_sizes(firsts),
        *_environments(runs),
        *choose_clock(arms).caveats,
    )  # fmt: skip


def _alike(firsts: Mapping[str, RunRecord]) -> Iterable[str]:
    alike: dict[str, list[str]] = {}
    for name, run in firsts.items():
        alike.setdefault(_identity(run), []).append(name)
    for *some, last in alike.values():
        if some:
            yield (
                f"{', '.join(some)} and {last} are the same but for their seeds: any difference between them is "
                "chance, and a verdict that one is better would be one of the errors that the confidence allows for."
            )


def _replicates(arms: Mapping[str, Sequence[RunRecord]]) -> Iterable[str]:
    if len(arms) == 1:
        return
    if all(len(group) == 1 for group in arms.values()):
        yield (
            "One run of each: this shows two curves, not whether the difference is more than luck of the "
            "seed, so there is no verdict. Run at least 5 seeds of each arm."
        )
    elif any(len(group) == 1 for group in arms.values()):
        single = ", ".join(name for name, group in arms.items() if len(group) == 1)
        yield f"Only one run of {single}: nothing is known of how much it varies from seed to seed."


def _seeds(arms: Mapping[str, Sequence[RunRecord]]) -> Iterable[str]:
    seeds = {name: {run.seed for run in group} for name, group in arms.items()}
    first = next(iter(seeds.values()))
    if all(other == first for other in seeds.values()):
        return
    if any(run.pair is not None for group in arms.values() for run in group):
        yield (
            "The runs of a pair do not share their seed, since arms have seeds of their own: the luck of both is in "
            "each difference, and it takes more pairs to find one."
        )
    else:
        yield (
            "The arms were not run with the same seeds: only runs with a common seed form pairs, "
            "and what the seed does is part of the difference between the others."
        )


def _several_changes(firsts: Mapping[str, RunRecord], differing: Sequence[Difference]) -> Iterable[str]:
    changed = [difference.field for difference in differing if difference.field in ARCHITECTURE_FACETS]
    if len(changed) < 2:
        return
    listed = f"{', '.join(changed[:-1])} and {changed[-1]}"
    culprit = "the normalization" if "normalization" in changed else "one of them"
    sentence = f"The arms differ in {listed} at once: a difference cannot be put down to {culprit} alone."
    if "normalization" in changed:
        controlled = _controlled_presets([_layers(run) for run in firsts.values()])
        among = [
            f"{named[0]} minus {reference[0]}"
            for preset, other in controlled.items()
            if (named := _trained_as(preset, firsts)) and (reference := _trained_as(other, firsts))
        ]
        if among:
            sentence += f" Only {' or '.join(among)} isolates the normalization."
        elif controlled:
            sentence += (
                f" The preset {' or '.join(controlled)} changes only the normalization: compare it with "
                f"{' or '.join(controlled.values())}."
            )
    yield sentence


def _trained_as(preset: str, firsts: Mapping[str, RunRecord]) -> list[str]:
    """The arms whose network is that of a preset."""
    wanted = _preset_facets(preset)
    return [name for name, run in firsts.items() if facets(_layers(run)) == wanted]


def _controlled_presets(architectures: Sequence[Any]) -> dict[str, str]:
    """Presets that differ from a preset among the architectures in nothing but its normalization.

    Keys are the presets, values what to compare each with.
    """
    described = [facets(layers) for layers in architectures]
    kinds = {_kinds(layers) for layers in architectures}
    presets = {name: _preset_facets(name) for name in PRESETS}
    without = [name for name, facts in presets.items() if facts in described and not _preset_kinds(name)]
    controlled = {}
    for name, candidate in presets.items():
        for reference in without:
            differing = {
                facet
                for facet, text in candidate.items()
                if facet != "layer order" and text != presets[reference][facet]
            }
            if differing == {"normalization"} and _preset_kinds(name) in kinds:
                controlled[name] = reference
    return controlled


@cache
def _preset_facets(name: str) -> Mapping[str, str]:
    return facets(_plain(preset_layers(name)))


@cache
def _preset_kinds(name: str) -> frozenset[type[BaseLayer]]:
    return _kinds(_plain(preset_layers(name)))


def _kinds(layers: Any) -> frozenset[type[BaseLayer]]:
    kinds = (kind_of(layer) for layer in single_layers(layers))
    return frozenset(kind for kind in kinds if kind.facet == "normalization")


def _layers(run: RunRecord) -> Any:
    return layers_of(run.spec)


def _plain(layers: Iterable[Any]) -> list[dict[str, Any]]:
    return [layer.model_dump(mode="json") for layer in layers]


def _sizes(firsts: Mapping[str, RunRecord]) -> Iterable[str]:
    sizes = {name: size for name, run in firsts.items() if (size := size_of(run.spec))}
    figures = []
    for what in ("parameters", "multiplications_per_sample"):
        counts = {name: getattr(size, what) for name, size in sizes.items()}
        if counts and max(counts.values()) > _NOTABLY_LARGER * min(counts.values()):
            counted = ", ".join(f"{name} {count:,}" for name, count in counts.items())
            uncounted = (
                "" if what == "parameters" else " (element-wise work such as normalization is not counted)"
            )
            figures.append(f"{what.replace('_', ' ')}{uncounted}: {counted}")
    if figures:
        yield f"The networks are not of the same size: {'; '.join(figures)}."


def _one_learning_rate(firsts: Mapping[str, RunRecord], differing: Sequence[Difference]) -> Iterable[str]:
    """Where other networks were trained with the same learning rate: it may suit one of them better."""
    optimizers = [run.spec.get("training", {}).get("optimizer", {}) for run in firsts.values()]
    rates = {optimizer.get("learning_rate") for optimizer in optimizers}
    tuned = {difference.field for difference in differing} & {
        "learning_rate",
        "optimizer",
        "learning_rate_schedule",
    }
    if len(firsts) > 1 and len(rates) == 1 and not tuned and _networks_differ(differing):
        yield (
            f"All arms were trained with one learning rate ({rates.pop():g}), which may suit one of them better: what "
            "is compared is the networks at this rate, not each at its best."
        )


def _networks_differ(differing: Sequence[Difference]) -> bool:
    return any(difference.field in ARCHITECTURE_FACETS for difference in differing)


def _other_conditions(firsts: Mapping[str, RunRecord], differing: Sequence[Difference]) -> Iterable[str]:
    others = [difference.field for difference in differing if difference.field not in ARCHITECTURE_FACETS]
    data = [field for field in others if field.startswith("dataset")]
    if data:
        yield f"The arms were not trained on the same data ({', '.join(data)} differ)."
    # Early stopping that only one arm has is one difference, however many fields it has.
    rest = list(
        dict.fromkeys(
            "early_stopping" if field.startswith("early_stopping.") else field
            for field in others
            if field not in data and field != "seed"
        )
    )
    yield from _one_learning_rate(firsts, differing)
    architecture_differs = _networks_differ(differing)
    if rest and (architecture_differs or len(rest) > 1):
        yield (
            f"Beside the networks, the training differs: {', '.join(rest)}."
            if architecture_differs
            else (f"The training differs in several ways at once: {', '.join(rest)}.")
        )


def _environments(runs: Sequence[RunRecord]) -> Iterable[str]:
    runs = [run for run in runs if run.environment]  # it is recorded when a job ends
    unequal_anyway = fields_with(Effect.NONE)
    fields = dict.fromkeys(field for run in runs for field in run.environment if field not in unequal_anyway)
    differing = [
        field for field in fields
        if len({json.dumps(run.environment.get(field), sort_keys=True, default=str) for run in runs}) > 1
    ]  # fmt: skip
    if differing:
        yield (
            f"The runs' environments differ ({', '.join(differing)}): their times, and the last digits of "
            "their numbers, are not on the same footing."
        )


def _unfinished(runs: Sequence[RunRecord]) -> Iterable[str]:
    for name, run in zip(labels(runs), runs, strict=True):
        if not run.ended:
            yield (
                f"{name} has not ended (it is {run.state}): its figures are those of the {len(run.epochs)} epochs so "
                "far, and it is not in the statistics."
            )


def _lengths(runs: Sequence[RunRecord]) -> Iterable[str]:
    lengths = {len(run.epochs) for run in runs}
    if 0 in lengths:
        empty = ", ".join(name for name, run in zip(labels(runs), runs, strict=True) if not run.epochs)
        yield f"No epoch of {empty} is finished yet."
    if len(lengths - {0}) > 1:
        yield f"The runs have different numbers of epochs, from {min(lengths - {0})} to {max(lengths)}."
