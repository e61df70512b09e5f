"""``normlab submit``: ask for a training run."""

from typing import Annotated, Any

import typer

from normlab.cli.commands.watch import report_failures, show_warnings, watch_until_interrupted
from normlab.cli.display.output import (
    DatasetOption,
    JsonOption,
    UrlOption,
    announce,
    notes,
    out,
    table,
    write_json,
)
from normlab.cli.spec_files import read_spec, spec_of_keras
from normlab.cli.specs import architecture_named, as_object, check_is_json, put, put_dataset, put_inside
from normlab.client import Client
from normlab.documents.jobs import ValidatedJob
from normlab.keras_models import is_keras_model
from normlab.spec import TrainingSpec
from normlab.spec.architecture import is_file_name
from normlab.spec.graph import NETWORK_INPUT


def submit(
    architecture: Annotated[
        str | None,
        typer.Argument(
            metavar="ARCHITECTURE",
            help="A preset (see `normlab architectures`); resnet20:group is one with another normalization.",
            show_default=False,
        ),
    ] = None,
    *,
    file: Annotated[
        str | None,
        typer.Option(
            help="A job spec in JSON; - reads stdin. The other options override it.", show_default=False
        ),
    ] = None,
    keras: Annotated[
        str | None,
        typer.Option(
            help="A Keras model: a .keras file, or its to_json() in a file; - reads stdin. No code in it is run.",
            show_default=False,
        ),
    ] = None,
    dataset: DatasetOption = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training samples.")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the initial weights, the order of samples, and dropout.")
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="sgd, adam, adamw or rmsprop.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The optimizer's step size.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples in each step.")] = None,
    target_accuracy: Annotated[
        float | None, typer.Option(help="Report when the validation accuracy reaches this.")
    ] = None,
    probes: Annotated[
        str | None,
        typer.Option(help="What is measured inside: standard, off, or names with commas between them."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="A name for the job.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag to find the job by. Repeatable.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the job until it ends.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the spec and show its size; train nothing.")
    ] = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Train a network, and print the job's id. Options that you leave out have the service's defaults."""
    if architecture is not None and is_file_name(architecture):
        raise typer.BadParameter(
            f"{architecture} is the name of a file: write `normlab submit "
            f"{'--keras' if architecture.endswith('.keras') else '--file'} {architecture}`.",
            param_hint="ARCHITECTURE",
        )
    spec, model = _read(file, keras, architecture)
    training = {
        "epochs": epochs,
        "seed": seed,
        "batch_size": batch_size,
        "target_accuracy": target_accuracy,
    }
    named = None if architecture is None else architecture_named(architecture)
    put(spec, {"architecture": named, "name": name, "tags": tag or None, "probes": _probes(probes)})
    put_dataset(spec, dataset)
    put_inside(spec, "training", training)
    if optimizer is not None:
        _put_optimizer(spec, optimizer, learning_rate)
    if model:
        with Client(url) as client:
            spec = spec_of_keras(model, spec, client.lookup)
    if optimizer is None and learning_rate is not None:
        _put_optimizer(spec, optimizer, learning_rate)
    if "architecture" not in spec:
        raise typer.BadParameter(
            "name an architecture, or give a spec with --file.", param_hint="ARCHITECTURE"
        )
    check_is_json(spec)
    with Client(url) as client:
        if dry_run:
            validation = client.validate(spec)
            write_json(validation) if as_json else _show_size(validation)
            return
        job = client.submit(spec)
        if not as_json:
            out.print(job.id, soft_wrap=True)
        if not watch:
            show_warnings([job])
        else:
            jobs = watch_until_interrupted(client, [job])
            show_warnings(jobs)
            report_failures(jobs)
            job = jobs[0]
        if as_json:
            write_json(job)
        elif not watch and notes.is_terminal:
            notes.print(f"[dim]Follow it with: normlab watch {job.id}[/]", soft_wrap=True)


def _read(
    file: str | None, keras: str | None, architecture: str | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The spec and the Keras model that were given, each empty if there is none."""
    spec = read_spec(file, "--file") if file else {}
    model = read_spec(keras, "--keras") if keras else {}
    if is_keras_model(spec) and not model:
        spec, model = {}, spec
    if model and (architecture is not None or "architecture" in spec):
        raise typer.BadParameter("a Keras model is an architecture: name no other.", param_hint="--keras")
    return spec, model


def _probes(given: str | None) -> str | list[str] | None:
    """A word as it is, anything else as a list of names."""
    if given is None or given in ("off", "standard"):
        return given
    return [name.strip() for name in given.split(",")]


def _put_optimizer(spec: dict[str, Any], name: str | None, learning_rate: float | None) -> None:
    """Options of another optimizer are dropped; without a name the learning rate is the default optimizer's."""
    training = spec["training"] = as_object(spec.get("training"), "/training")
    optimizer = as_object(
        training.get("optimizer") or {"name": TrainingSpec().optimizer.name}, "/training/optimizer"
    )
    if name is not None and name != optimizer.get("name"):
        optimizer = {"name": name}
    put(optimizer, {"learning_rate": learning_rate})
    training["optimizer"] = optimizer


def _show_size(validation: ValidatedJob) -> None:
    estimate = validation.estimate
    before = (NETWORK_INPUT, *(layer.name for layer in estimate.layers))
    branched = any(layer.inputs != (name,) for layer, name in zip(estimate.layers, before, strict=False))
    columns = ("layer", *(["reads"] if branched else []), "type", "output", "parameters")
    layers = table(*columns, numbers=("output", "parameters"))
    for layer in estimate.layers:
        reads = [", ".join(layer.inputs)] if branched else []
        shape = " x ".join(map(str, layer.output_shape))
        layers.add_row(layer.name, *reads, layer.type, shape, f"{layer.parameters:,}")
    out.print(layers)
    for warning in validation.warnings:
        announce(f"Beware, {warning.pointer}: {warning.detail}.")
    out.print(
        f"{estimate.parameters:,} parameters, {estimate.trainable_parameters:,} of them trainable; "
        f"{estimate.multiplications_per_sample:,} multiplications a sample; "
        f"{estimate.steps_per_epoch:,} steps an epoch; "
        f"{estimate.training_bytes / 2**20:,.0f} MiB of memory in training."
    )
