"""Ids as people type them: whole, or a part that fits one thing only; of a job, a comparison, or a model's name."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Annotated

import typer

from normlab.client import Client
from normlab.documents.comparisons import ComparisonSummary
from normlab.documents.identifiers import (
    COMPARISON_ID_PATTERN,
    ID_PART_PATTERN,
    JOB_ID_PATTERN,
    MODEL_NAME_PATTERN,
    SWEEP_ID_PATTERN,
)
from normlab.documents.jobs import JobDocument
from normlab.documents.sweeps import SweepSummary
from normlab.errors import NotFoundError, ServiceError

SHORTEST_PART = 4
"""A shorter part of an id is not looked for: one that fits today would soon fit two."""
CANDIDATES = 5
"""So many of the things that a part fits are named."""
ELLIPSES = ("…", "...")
"""A part may be typed as tables show it."""


_Item = JobDocument | ComparisonSummary | SweepSummary


class AmbiguousIdError(NotFoundError):
    """A part of an id fits more than one thing."""


class Kind(StrEnum):
    """What an id is of."""

    JOB = "job"
    COMPARISON = "comparison"
    SWEEP = "sweep"


@dataclass(frozen=True)
class Identified:
    """Something that has an id."""

    kind: Kind
    id: str


JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, or the end of it.")]
JobsArgument = Annotated[list[str], typer.Argument(metavar="JOB", help="Ids of jobs, or the ends of them.")]
IdsArgument = Annotated[
    list[str], typer.Argument(metavar="ID", help="Ids of jobs, comparisons or sweeps, or the ends of them.")
]
NetworkArgument = Annotated[
    str,
    typer.Argument(metavar="JOB", help="A job that has succeeded: its id, the end of it, or a model's name."),
]


def identify(client: Client, text: str) -> Identified:
    """The job, comparison or sweep that an id or a part of one stands for.

    Raises:
        AmbiguousIdError: It fits more than one; the sentence names them.
        NotFoundError: It fits nothing.
    """
    text = _without_ellipsis(text)
    if re.fullmatch(JOB_ID_PATTERN, text):
        return Identified(Kind.JOB, text)
    if re.fullmatch(COMPARISON_ID_PATTERN, text):
        return Identified(Kind.COMPARISON, text)
    if re.fullmatch(SWEEP_ID_PATTERN, text):
        return Identified(Kind.SWEEP, text)
    if len(text.rpartition("_")[2]) < SHORTEST_PART:
        raise NotFoundError(
            f"There is no job and no comparison {text!r}: of an id, type its last {SHORTEST_PART} letters or more."
        )
    fitting = list(_fitting(client, text))
    if not fitting:
        raise NotFoundError(
            f"There is no job and no comparison {text!r}: neither an id, nor the beginning or end of one. "
            "`normlab jobs` and `normlab comparisons` list them."
        )
    if len(fitting) > 1:
        listed = "".join(f"\n  {_line(item)}" for item in fitting[:CANDIDATES])
        more = "\n  …" if len(fitting) > CANDIDATES else ""
        raise AmbiguousIdError(f"{text!r} fits more than one id; type more of it:{listed}{more}")
    [item] = fitting
    return Identified(_kind(item), item.id)


def job_id(client: Client, text: str, does: str = "is about jobs") -> str:
    """The id of the job that an id or a part of one stands for.

    Args:
        client: The service.
        text: What was typed.
        does: What the command does, for the sentence about something that is no job.

    Raises:
        NotFoundError: It fits no job, or more than one thing.
    """
    item = identify(client, text)
    if item.kind is not Kind.JOB:
        raise NotFoundError(
            f"{item.id} is a {item.kind}, and this command {does}. `normlab show {item.id}` lists its jobs."
        )
    return item.id


def job_ids(client: Client, texts: Iterable[str], does: str = "is about jobs") -> list[str]:
    """``job_id`` of each, each once."""
    return list(dict.fromkeys(job_id(client, text, does) for text in texts))


def network_id(client: Client, text: str, does: str) -> str:
    """The id of the job whose network is meant: by its id, a part of that, or by a model's name.

    Raises:
        NotFoundError: There is none.
    """
    named = model_of(client, text)
    return named if named is not None else job_id(client, text, does)


def model_of(client: Client, text: str) -> str | None:
    """The id of the job that a model's name stands for; None when there is no such name."""
    if re.fullmatch(COMPARISON_ID_PATTERN, text) or not re.fullmatch(MODEL_NAME_PATTERN, text):
        return None
    try:
        return client.models.get(text).job
    except ServiceError as error:
        if error.code != "not_found":
            raise
        return None


def looks_like_an_id(text: str) -> bool:
    """Whether it has an id's prefix or the dots before the end of one, whatever follows."""
    return text.startswith(("job_", "cmp_", "swp_", *ELLIPSES))


def _without_ellipsis(text: str) -> str:
    for ellipsis in ELLIPSES:
        text = text.removeprefix(ellipsis)
    return text.lower()


def _kind(item: _Item) -> Kind:
    if isinstance(item, JobDocument):
        return Kind.JOB
    return Kind.COMPARISON if isinstance(item, ComparisonSummary) else Kind.SWEEP


def _fitting(client: Client, part: str) -> Iterable[_Item]:
    """What has an id that begins or ends with the part: one more than is named, if there are so many."""
    if not re.fullmatch(ID_PART_PATTERN, part):
        return
    most = CANDIDATES + 1
    prefix = part[: part.find("_") + 1]
    if prefix in ("", "job_"):
        yield from islice(client.jobs(id_part=part), most)
    if prefix in ("", "cmp_"):
        yield from islice(client.comparisons.list(id_part=part), most)
    if prefix in ("", "swp_"):
        yield from islice(client.sweeps.list(id_part=part), most)


def _line(item: _Item) -> str:
    title = item.title if isinstance(item, JobDocument) else item.name or " against ".join(item.arm_names)
    return f"{item.id}  {title}  {item.state}, {item.created_at.astimezone():%Y-%m-%d %H:%M}"
