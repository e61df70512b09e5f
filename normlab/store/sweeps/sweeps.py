"""Making a sweep. Looking it up, listing, cancelling and deleting are those of any study."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from normlab.documents.events import EventKind
from normlab.documents.states import StudyState
from normlab.spec import JobSpec
from normlab.store.clock import database_now
from normlab.store.datasets import usage
from normlab.store.identifiers import ID_END, new_id
from normlab.store.jobs.creation import uploaded_dataset
from normlab.store.studies import events
from normlab.store.sweeps.points import NewPoint, add_round
from normlab.store.sweeps.tables import Sweep, SweepArm


@dataclass(frozen=True)
class NewSweep:
    """What is to be swept. ``question`` is kept as it is, for those who decide and analyse."""

    arms: Sequence[tuple[str, JobSpec]]
    """Names and specs; the seeds in them do not count."""
    question: dict[str, Any]
    base_seed: int
    seeds: int
    fresh: bool = False
    name: str | None = None


def begin(new: NewSweep) -> Sweep:
    """The row of a sweep that waits to be stored."""
    sweep_id = new_id(Sweep.id_prefix)
    return Sweep(
        id=sweep_id,
        id_end=sweep_id[-ID_END:],
        name=new.name,
        state=StudyState.RUNNING,
        created_at=database_now(),
        updated_at=database_now(),
        question=new.question,
        base_seed=new.base_seed,
        seeds=new.seeds,
        rounds=0,
        fresh=new.fresh,
        widened=[],
        event_count=0,
        arms=[
            SweepArm(
                position=position,
                name=name,
                spec=_without_seed(spec.to_document()),
                arm_digest=spec.arm_digest,
            )
            for position, (name, spec) in enumerate(new.arms)
        ],
    )


def create(session: Session, sweep: Sweep, points: Sequence[NewPoint], specs: Collection[JobSpec]) -> Sweep:
    """Store a sweep with its first points. Notify a worker of the jobs that are queued when this is committed.

    Raises:
        SpecError: a dataset was deleted since the specs were read.
    """
    session.add(sweep)
    session.flush()
    for name, version in sorted({used for spec in specs if (used := uploaded_dataset(spec)) is not None}):
        usage.record(session, sweep.id, name, version)
    events.append(session, sweep, EventKind.STATE, {"state": StudyState.RUNNING, "reason": "created"})
    add_round(session, sweep, points)
    session.flush()
    session.refresh(sweep)
    return sweep


def _without_seed(document: dict[str, Any]) -> dict[str, Any]:
    training = {field: value for field, value in document["training"].items() if field != "seed"}
    return {**document, "training": training}
