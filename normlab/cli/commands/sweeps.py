"""``normlab sweeps``: the sweeps that there are."""

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
from normlab.documents.states import StudyState


def sweeps(
    *,
    state: Annotated[
        list[StudyState] | None,
        typer.Option(help="Only sweeps in this state. Repeatable: any of these."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Only sweeps of this name.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many.")] = 20,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List sweeps, newest first, with their answers."""
    with Client(url) as client:
        listed = list(islice(client.sweeps.list(state=state, name=name), limit + 1))
    shown = listed[:limit]
    if as_json:
        write_json(shown)
        return
    listing = table("sweep", "made", "state", "what and answer")
    ids = ids_shown([item.id for item in shown])
    for item in shown:
        what = f"{', '.join(item.arm_names)} over {', '.join(item.space)}, by {item.metric.words}"
        title = f"{item.name}: {what}" if item.name else what
        words = "\n".join([title, *(item.sentences or ())])
        listing.add_row(ids[item.id], moment(item.created_at), state_text(item.state), escape(words))
    without = "No sweeps yet. Make one with: normlab sweep baseline batch_norm"
    show_table(listing, "No sweeps match." if state or name else without)
    if len(listed) > limit:
        announce(f"More sweeps exist; show them with --limit {limit * 10}.")
