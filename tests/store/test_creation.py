"""Many jobs stored at once are the same as each stored alone."""

from sqlalchemy import select

from normlab.documents.states import JobState, WarningCode
from normlab.store import Event, EventKind
from normlab.store.clock import moment
from normlab.store.jobs import creation, events, jobs


def test_many_are_stored_at_one_moment_and_each_is_whole(database, make_spec):
    specs = [
        make_spec(name="first", tags=["b", "a", "b"], priority=3),
        make_spec(training={"seed": 7}, max_runtime_seconds=60.0),
        make_spec(architecture={"layers": [{"type": "flatten"}, {"type": "batch_normalization"}]}),
    ]
    new = [creation.NewJob.of(spec, max_attempts=5) for spec in specs]
    with database.write() as session:
        at = moment(creation.store(session, new))
    with database.read() as session:
        stored = jobs.get_many(session, [job.id for job in new])
        histories = events.histories(session, [job.id for job in new])
    assert [job.id for job in new] == sorted(job.id for job in new)
    assert {(job.created_at, job.queued_at, job.updated_at) for job in stored} == {(at, at, at)}
    assert [job.tag_names for job in stored] == [["b", "a"], [], []]
    for job, spec in zip(stored, specs, strict=True):
        assert job.spec == spec.to_document()
        assert (job.spec_digest, job.arm_digest) == (spec.digest, spec.arm_digest)
        assert (job.name, job.priority, job.max_runtime_seconds) == (
            spec.name,
            spec.priority,
            spec.max_runtime_seconds,
        )
        assert (job.state, job.attempt, job.lost_attempts, job.max_attempts) == (JobState.QUEUED, 0, 0, 5)
        assert [(event.number, event.data["reason"]) for event in histories[job.id]] == [(1, "created")]


def test_warnings_are_numbered_behind_the_state(database, make_spec):
    samples = 65  # the last batch of each epoch has one
    spec = make_spec(
        architecture="batch_norm",
        dataset={"name": "digits", "training_samples": samples},
        training={"batch_size": 64},
    )
    new = creation.NewJob.of(spec)
    with database.write() as session:
        creation.store(session, [new])
    with database.read() as session:
        found = session.scalars(select(Event).where(Event.job_id == new.id).order_by(Event.number)).all()
        assert jobs.get(session, new.id).event_count == len(found) == 2
    assert [(event.number, event.kind) for event in found] == [(1, EventKind.STATE), (2, EventKind.WARNING)]
    assert found[1].data["code"] == WarningCode.HARD_TO_LEARN


def test_nothing_is_stored_for_no_jobs(database):
    with database.write() as session:
        creation.store(session, [])
    with database.read() as session:
        assert session.scalars(select(Event)).all() == []
