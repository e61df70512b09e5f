"""``normlab trial``: what the textbook says of a change, tested on two networks of one's own."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from normlab.cli.arms import arms_of
from normlab.cli.display.output import (
    DatasetOption,
    JsonOption,
    UrlOption,
    announce,
    out,
    write_file,
    write_json,
)
from normlab.cli.display.trial import exit_unless_finished, follow_until_interrupted, show_trial
from normlab.cli.files import check_folder, suffix_of
from normlab.cli.specs import check_is_json, put, put_inside
from normlab.client import Client
from normlab.documents.claims import TrialDocument
from normlab.documents.identifiers import TRIAL_ID_PATTERN
from normlab.errors import NotFoundError

PAGE = Path("trial.html")
DEFAULT_SEED, DEFAULT_SEEDS = 42, 10
"""Of the service."""


def trial(
    trial_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A trial that exists, to look at it again.")
    ] = None,
    *,
    arms: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B", help="Presets or spec files: without the change, and with it.", show_default=False
        ),
    ] = None,
    claim: Annotated[
        list[str] | None,
        typer.Option(help="Only this claim; repeat it for several (default: all).", show_default=False),
    ] = None,
    list_claims: Annotated[
        bool, typer.Option("--list", help="Only list the claims that are known, with what they need.")
    ] = False,
    seeds: Annotated[
        int | None, typer.Option(help="Pairs of runs at each setting (default: 10).", show_default=False)
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Begin with 3 seeds, and add what fits into this time."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(help="At most so many jobs; seeds are fewer if need be.")
    ] = None,
    dataset: DatasetOption = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training samples.")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Of both arms, which keep their optimizers' other options.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="The first seed (default: 42).", show_default=False)
    ] = None,
    own_seeds: Annotated[
        bool,
        typer.Option(
            "--own-seeds",
            help="Give each arm seeds of its own: one network named twice shows what luck alone does.",
        ),
    ] = False,
    target: Annotated[float | None, typer.Option(help="Count the time to this validation accuracy.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Train every job anew; reuse none.")] = False,
    page: Annotated[Path, typer.Option(help="Write the page to this file.")] = PAGE,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Test what the textbook says of a change: faster? better gradients? a regularizer? needs a large batch?

    `normlab trial --arms baseline baseline_with_batch_norm --dataset digits` trains both networks with 10 seeds, at
    their own setting and at others where a claim needs it, says of each claim whether it holds, and writes trial.html.

    The exit code is 0 when the trial has ended, whatever it says of the claims.
    """
    check_folder("--page", page)
    suffix_of(page, "--page", ["html"])
    with Client(url) as client:
        if list_claims:
            _show_claims(client, as_json=as_json)
            return
        if (trial_id is None) == (arms is None):
            raise typer.BadParameter("name two --arms, or a trial that exists.", param_hint="--arms")
        if trial_id is not None:
            begun = _identified(client, trial_id)
        elif arms is not None:
            question: dict[str, Any] = {}
            limits: dict[str, Any] = {}
            put(limits, {"seconds": budget, "jobs": jobs})
            put(
                question,
                {
                    "claims": claim or None,
                    "seeds": seeds,
                    "budget": limits or None,
                    "base_seed": seed,
                    "target_accuracy": target,
                    "fresh": fresh or None,
                },
            )
            check_is_json(question)
            specs = arms_of(client, [*arms], dataset, epochs, again=own_seeds, hint="--arms")
            if learning_rate is not None:
                for spec in specs.values():
                    _with_rate(spec, learning_rate)
            check_is_json(specs)
            base_seeds = _own_seeds([*specs], seed, seeds) if own_seeds else {}
            begun = client.claims.create(specs, base_seeds=base_seeds, **question)
            announce(f"Trial {begun.id}: {len(begun.claims)} claims, up to {begun.seeds} seeds")
        ended = follow_until_interrupted(client, begun)
        write_json(ended) if as_json else show_trial(ended)
        if ended.outcomes and ended.pairs:
            write_file(page, client.claims.report(ended.id).encode(), "The page is")
    exit_unless_finished(ended)


def _with_rate(spec: dict[str, Any], learning_rate: float) -> None:
    optimizer = spec.get("training", {}).get("optimizer", "sgd")
    optimizer = {"name": optimizer} if isinstance(optimizer, str) else dict(optimizer)
    put_inside(spec, "training", {"optimizer": optimizer | {"learning_rate": learning_rate}})


def _identified(client: Client, text: str) -> TrialDocument:
    """The trial of an id, or of a part of one that fits no other."""
    if re.fullmatch(TRIAL_ID_PATTERN, text):
        return client.claims.get(text)
    fitting = [found.id for found in client.claims.list(id_part=text)]
    if len(fitting) != 1:
        raise NotFoundError(
            f"{len(fitting)} trials have an id that begins or ends with {text}: name one of them"
        )
    return client.claims.get(fitting[0])


def _own_seeds(names: list[str], first: int | None, seeds: int | None) -> dict[str, int]:
    """Where the second arm's seeds begin, so that none is in two pairs."""
    return {names[1]: (DEFAULT_SEED if first is None else first) + (seeds or DEFAULT_SEEDS)}


def _show_claims(client: Client, *, as_json: bool) -> None:
    claims = client.claims.known()
    if as_json:
        write_json(claims)
        return
    for claim in claims:
        out.print(f"\n{claim.name}: it {claim.sentence}", style="bold", markup=False)
        for text in (
            claim.definition,
            f"Runs: {claim.runs}",
            f"Costs: {claim.cost}",
            f"Source: {claim.source}.",
        ):
            out.print(text, markup=False, soft_wrap=not out.is_terminal)
