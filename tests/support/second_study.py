"""A kind of study that Normlab has not; run in a process of its own, whose tables no other test sees."""

import sys
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from normlab.documents.events import EventKind
from normlab.documents.states import JobState, StudyState, StudyStopReason
from normlab.spec import parse_job_spec
from normlab.store import Database, deletion
from normlab.store.base import Base
from normlab.store.clock import database_now
from normlab.store.identifiers import new_id
from normlab.store.jobs import jobs
from normlab.store.jobs.creation import NewJob
from normlab.store.studies import events, members, studies
from normlab.store.studies.advance import advance
from normlab.store.studies.members import NewMember
from normlab.store.studies.tables import Study, StudyEvent, StudyMember
from normlab.store.studies.usage import users_of


class Point(StudyMember):
    """A job of a walk."""

    __tablename__ = "walk_points"
    study_id: Mapped[str] = mapped_column(
        "walk_id", ForeignKey("walks.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True)


class WalkEvent(StudyEvent):
    """Something that happened to a walk."""

    __tablename__ = "walk_events"
    study_id: Mapped[str] = mapped_column(
        "walk_id", ForeignKey("walks.id", ondelete="CASCADE"), primary_key=True
    )


class Walk(Study):
    """Points of a space."""

    __tablename__ = "walks"
    noun = "walk"
    id_prefix = "wlk"
    member_table = Point
    event_table = WalkEvent
    space: Mapped[str] = mapped_column(String(40))


def main(folder: Path) -> None:
    """Two points, one of which another walk uses again; a third follows from them, and then the end."""
    database = Database(f"sqlite:///{folder / 'studies.db'}")
    Base.metadata.create_all(database.engine)

    def create(*seeds: int) -> Walk:
        with database.write() as session:
            now = database_now()
            walk = Walk(
                id=new_id("wlk"),
                state=StudyState.RUNNING,
                space="seeds",
                event_count=0,
                created_at=now,
                updated_at=now,
            )
            session.add(walk)
            session.flush()
            add(session, walk, *seeds)
        return walk

    def add(session: Session, walk: Walk, *seeds: int) -> list[str]:
        body = {"architecture": "baseline", "dataset": "digits"}
        specs = [parse_job_spec(body | {"training": {"seed": seed}}) for seed in seeds]
        wanted = [
            NewMember(NewJob.of(spec), {"number": seed}) for spec, seed in zip(specs, seeds, strict=True)
        ]
        made = members.add(session, walk, wanted, fresh=False)
        events.append(session, walk, EventKind.JOB, {"points": list(seeds)})
        return made

    def on_ended(session: Session, walk: Walk, ended: Sequence[Point]) -> None:
        for point in ended:
            events.append(session, walk, EventKind.JOB, {"point": point.number, "state": point.ended})

    def decide(walk_id: str, event_count: int) -> list[str]:
        with database.write() as session:
            walk = studies.lock_unchanged(session, Walk, walk_id, event_count)
            assert walk is not None
            if len(members.of(session, Point, walk_id)) == 2:
                return add(session, walk, 3)
            result = {"best": 2}
            studies.end(
                session, walk, state=StudyState.FINISHED, reason=StudyStopReason.DECIDED, result=result
            )
        return []

    first, second = create(1, 2), create(2, 5)
    with database.read() as session:
        shared = members.of(session, Point, second.id)[0]
        assert shared.reused
        assert users_of(session, shared.job_id) == [first.id, second.id]
    with database.write() as session:
        assert studies.cancel(session, Walk, second.id).state is StudyState.CANCELLED
        states = {point.number: point.job.state for point in members.of(session, Point, second.id)}
        assert states == {2: JobState.QUEUED, 5: JobState.CANCELLED}
    for _ in range(2):
        with database.write() as session:
            for point in members.of(session, Point, first.id):
                if point.job.state is JobState.QUEUED:
                    jobs.request_cancel(session, point.job_id)
        advance(database, Walk, on_ended=on_ended, decide=decide)
    with database.read() as session:
        walk = studies.get(session, Walk, first.id)
        assert (walk.state, walk.result) == (StudyState.FINISHED, {"best": 2})
        numbers = [event.number for event in events.after(session, Walk, first.id)]
        assert numbers == list(range(1, walk.event_count + 1))
        assert [item.id for item in studies.page(session, Walk).studies] == [second.id, first.id]
    with database.write() as session:
        deletion.delete_study(session, Walk, second.id, with_jobs=True)
    database.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
