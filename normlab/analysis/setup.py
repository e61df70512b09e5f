"""What was trained, on what, and where: what all arms have in common once, and what differs by arm."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from normlab.analysis.datasets import description_of, facts_of, identity_of, title_of
from normlab.analysis.differences import ARCHITECTURE_FACETS, facets
from normlab.analysis.documents import to_plain
from normlab.analysis.layer_documents import layers_of
from normlab.analysis.parsed import parsed
from normlab.analysis.records import RunRecord, SpecDocument
from normlab.analysis.sizes import size_of
from normlab.spec import plan_job
from normlab.spec.augmentation import AUGMENTATIONS
from normlab.spec.losses import BALANCED, LOSSES
from normlab.spec.muon import muon_sentence
from normlab.spec.optimizers import OPTIMIZERS, Muon
from normlab.spec.schedules import SCHEDULES
from normlab.spec.shown import listed

NOT_RECORDED = "not recorded"
"""Of runs that do not say where they ran, such as those of another program."""

_ALWAYS = ("layers", "normalization", "activation", "initializer")
"""Facets that are shown also where they are "none"."""
_VERSIONS = {
    "normlab": "Normlab",
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "numpy": "NumPy",
    "python": "Python",
}


@dataclass(frozen=True)
class Setup:
    """The setup of several arms, in the words of people; fields stand in the order in which they are read."""

    dataset: str | None
    """The title of the dataset that all arms were trained on, or its name and version; None if they were not trained on
    the same."""
    common: Mapping[str, str]
    """What is the same for all arms, by field."""
    by_arm: Mapping[str, Mapping[str, str]]
    """What is not, by field and arm."""

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document


def setup_of(arms: Mapping[str, Sequence[RunRecord]]) -> Setup:
    """The setup of these arms, each with at least one run, from their runs' specs and environments."""
    described = {name: _describe(runs) for name, runs in arms.items()}
    common: dict[str, str] = {}
    by_arm: dict[str, dict[str, str]] = {}
    for field in dict.fromkeys(field for description in described.values() for field in description):
        values = {name: description.get(field, "none") for name, description in described.items()}
        if len(set(values.values())) > 1:
            by_arm[field] = values
        elif field in _ALWAYS or field not in ARCHITECTURE_FACETS or set(values.values()) != {"none"}:
            common[field] = next(iter(values.values()))
    specs = [runs[0].spec for runs in arms.values()]
    title = title_of(specs[0]) if len(set(map(identity_of, specs))) == 1 else None
    return Setup(title, common, by_arm)


def _describe(runs: Sequence[RunRecord]) -> dict[str, str]:
    spec = runs[0].spec
    layers, training = layers_of(spec), spec.get("training", {})
    shown = {name: text for name, text in facets(layers).items() if name != "layer order"}
    if facts := facts_of(spec):
        shown["layers"] += f", output({facts.output_units})"
    size = size_of(spec)
    return {
        **dict(_data(spec)),
        **shown,
        "parameters": "unknown" if size is None else f"{size.parameters:,}",
        **dict(_training(training)),
        **dict(_muon(spec)),
        "seeds": _numbers(run.seed for run in runs),
        "network compared": f"as it was after epoch {_numbers(run.kept.epoch for run in runs if run.kept)}",
        "hardware": _each(runs, _hardware),
        "versions": _each(runs, _versions),
    }


def _data(spec: SpecDocument) -> Iterator[tuple[str, str]]:
    yield "dataset", description_of(spec)
    info, dataset = facts_of(spec), spec.get("dataset", {})
    if info is None:  # of another version
        return
    held_out = dataset.get("validation_samples")
    held_out = info.default_validation_samples if held_out is None else held_out
    trained_on = dataset.get("training_samples") or info.training_samples - held_out
    chosen = "drawn by the seed" if dataset.get("validation_split") == "random" else "the first ones"
    validation = f"{held_out:,} for validation ({chosen})" if held_out else "none for validation"
    yield "split", f"{trained_on:,} samples for training, {validation}, {info.test_samples:,} for testing"


def _training(training: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    optimizer = training.get("optimizer", {})
    yield "loss", _loss(training)
    apart = ("name", "learning_rate")
    yield "optimizer", _with_options(optimizer, OPTIMIZERS.get(str(optimizer.get("name"))), apart)
    schedule = training.get("learning_rate_schedule", {})
    shape = _with_options(schedule, SCHEDULES.get(str(schedule.get("name"))), ("name",))
    yield "learning rate", f"{optimizer.get('learning_rate')}, {shape}"
    yield "batch size", str(training.get("batch_size"))
    yield "epochs", _epochs(training)
    yield "precision", str(training.get("precision"))
    if augmentation := training.get("augmentation"):
        changes = [
            _with_options(each, AUGMENTATIONS.get(str(each.get("name"))), ("name",)) for each in augmentation
        ]
        yield "training pictures", f"changed by {', then '.join(changes)}"
    if training.get("shuffle") is False:
        yield "order of the samples", "the same in each epoch"


def _loss(training: Mapping[str, Any]) -> str:
    loss = training.get("loss") or {"name": "cross_entropy"}
    words = _with_options(loss, LOSSES.get(str(loss.get("name"))), ("name",)).replace("_", " ")
    words = words.replace("cross entropy", "cross-entropy")
    if words.startswith(("mean", "huber")):
        words += " of standardized targets"
    weights = training.get("class_weight")
    if not weights:
        return words
    return f"{words}, classes weighted {'balanced' if weights == BALANCED else _class_weights(weights)}"


def _class_weights(weights: Mapping[str, Any]) -> str:
    return ", ".join(f"{number}: {weight}" for number, weight in weights.items())


def _muon(spec: SpecDocument) -> Iterator[tuple[str, str]]:
    """Which variables Muon trains, since its name does not say so."""
    if spec.get("training", {}).get("optimizer", {}).get("name") != "muon" or (whole := parsed(spec)) is None:
        return
    if isinstance(whole.training.optimizer, Muon):
        yield "trained by what", muon_sentence(whole.training.optimizer, plan_job(whole))


def _epochs(training: Mapping[str, Any]) -> str:
    stopping = training.get("early_stopping")
    if not stopping:
        return str(training.get("epochs"))
    monitor = (
        str(stopping.get("monitor")).replace("val_", "validation ").replace("_", " ").replace("f1", "F1")
    )
    kept = "best" if stopping.get("restore_best_weights") else "last"
    return (
        f"at most {training.get('epochs')}; ends after {stopping.get('patience')} without a better {monitor}, and "
        f"keeps the weights of the {kept} epoch"
    )


def _with_options(document: Mapping[str, Any], kind: Any, apart: Sequence[str]) -> str:
    """A kind with the options that are not its defaults: ``sgd (momentum 0.9)``."""
    fields = {} if kind is None else kind.model_fields
    options = [
        f"{option} {_words(value)}"
        for option, value in document.items()
        if option not in apart and (option not in fields or not _is_default(fields[option].default, value))
    ]
    name = str(document.get("name"))
    return f"{name} ({', '.join(options)})" if options else name


def _is_default(default: Any, value: Any) -> bool:
    return bool(default == (tuple(value) if isinstance(value, list) else value))


def _words(value: Any) -> str:
    names = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    return listed(value) if names else str(value)


def _numbers(numbers: Iterable[int | None]) -> str:
    """``42 to 46``, ``1, 7``."""
    known = sorted({number for number in numbers if number is not None})
    parts: list[str] = []
    for _, group in groupby(enumerate(known), key=lambda item: item[1] - item[0]):
        run = [number for _, number in group]
        parts += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run)
    return ", ".join(parts) or NOT_RECORDED


def _each(runs: Sequence[RunRecord], describe: Callable[[Mapping[str, Any]], str]) -> str:
    """What the runs' environments say, each text once."""
    texts = sorted({describe(run.environment) for run in runs} - {""})
    return "; or ".join(texts) or NOT_RECORDED


def _hardware(environment: Mapping[str, Any]) -> str:
    device = str(environment.get("device") or "")
    name = str(environment.get("device_name") or environment.get("machine") or "")
    parts = [" ".join(part for part in (device.upper(), name) if part)]
    if cores := environment.get("cores"):
        parts.append(f"{cores} core{'s' * (cores != 1)}")
    if threads := environment.get("intra_op_threads"):
        parts.append(f"{threads} thread{'s' * (threads != 1)} in an operation")
    if executor := environment.get("executor"):
        parts.append(f"executor {executor}")
    return ", ".join(part for part in parts if part)


def _versions(environment: Mapping[str, Any]) -> str:
    parts = [f"{words} {environment[field]}" for field, words in _VERSIONS.items() if environment.get(field)]
    return ", ".join([*parts, *([str(environment["platform"])] if environment.get("platform") else [])])
