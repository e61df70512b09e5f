"""``normlab comparisons``: the comparisons that there are."""

from itertools import islice
from typing import Annotated

import typer
from rich.markup import escape

from normlab.cli.display.output import (
    JsonOption,
    UrlOption,
    announce,
    ids_shown,
    moment,
    show_table,
    state_text,
    table,
    write_json,
)
from normlab.client import Client
from normlab.documents.comparisons import ComparisonSummary
from normlab.documents.states import StudyState


def comparisons(
    *,
    state: Annotated[
        list[StudyState] | None,
        typer.Option(help="Only comparisons in this state. Repeatable: any of these."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Only comparisons of this name.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many.")] = 20,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List comparisons, newest first, with their verdicts."""
    with Client(url) as client:
        listed = list(islice(client.comparisons.list(state=state, name=name), limit + 1))
    shown = listed[:limit]
    if as_json:
        write_json(shown)
        return
    listing = table("comparison", "made", "state", "arms and verdict")
    ids = ids_shown([item.id for item in shown])
    for item in shown:
        listing.add_row(
            ids[item.id], moment(item.created_at), state_text(item.state), escape(_in_words(item))
        )
    without = "No comparisons yet. Make one with: normlab compare baseline batch_norm"
    show_table(listing, "No comparisons match." if state or name else without)
    if len(listed) > limit:
        announce(f"More comparisons exist; show them with --limit {limit * 10}.")


def _in_words(comparison: ComparisonSummary) -> str:
    """The name, if it has one, its arms, and the verdicts that decide something."""
    title = f"{comparison.name}: " if comparison.name else ""
    lines = [f"{title}{' against '.join(comparison.arm_names)}, by {comparison.metric.words}"]
    verdicts = [_verdict(item.verdict, item.a, item.b) for item in comparison.verdicts or ()]
    decided = [verdict for verdict in verdicts if verdict is not None]
    if len(decided) < len(verdicts):
        decided.append("not decided" if not decided else "the others are not decided")
    return "\n".join([*lines, *decided])


def _verdict(verdict: str, a: str, b: str) -> str | None:
    match verdict:
        case "a_better":
            return f"{a} is better than {b}"
        case "b_better":
            return f"{b} is better than {a}"
        case "equivalent":
            return f"{a} and {b} are equivalent"
        case _:
            return None
