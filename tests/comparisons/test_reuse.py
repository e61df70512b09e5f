"""Which jobs of others a comparison uses: only ones that give it what its own would."""

import pytest
from sqlalchemy import text

from normlab.spec import parse_job_spec
from normlab.store.jobs import jobs, leases
from normlab.store.studies import reuse
from normlab.store.studies.reuse import newest_environment


@pytest.fixture
def stranger(laboratory):
    """Makes the job that somebody else has handed in, of the first arm's first seed."""

    def make(**given):
        training = {"epochs": 2, "batch_size": 64, "seed": 42}
        spec = parse_job_spec({"architecture": "baseline", "dataset": "digits", "training": training} | given)
        with laboratory.database.write() as session:
            return jobs.create(session, spec).id

    return make


def arms(**given):
    """Two arms; what is given goes into both specs."""
    training = {"epochs": 2, "batch_size": 64}
    return [
        {"name": name, "spec": {"architecture": name, "dataset": "digits", "training": training} | given}
        for name in ("baseline", "baseline_with_batch_norm")
    ]


@pytest.mark.parametrize(
    ("theirs", "ours", "used"),
    [
        ({}, {}, True),
        ({"max_runtime_seconds": 0.5}, {}, False),
        ({"max_runtime_seconds": 0.5}, {"max_runtime_seconds": 60}, False),
        ({"max_runtime_seconds": 60}, {"max_runtime_seconds": 60}, True),
        ({}, {"max_runtime_seconds": 60}, True),
        ({"priority": -10}, {}, False),
        ({"priority": 5}, {}, True),
        ({"priority": 5}, {"priority": 6}, False),
        ({"name": "theirs", "tags": ["a"]}, {}, True),
    ],
)
def test_a_queued_job_is_used_if_it_ends_as_soon_and_as_well(laboratory, stranger, theirs, ours, used):
    job_id = stranger(**theirs)
    members = laboratory.members(laboratory.create(arms=arms(**ours)))
    assert (members[0].job_id == job_id) == members[0].reused == used
    assert not any(member.reused for member in members[1:])


def test_the_priority_of_a_running_job_does_not_matter(laboratory, stranger):
    job_id = stranger(priority=-10)
    with laboratory.database.write() as session:
        assert leases.claim(session, job_id, worker="test", lease_seconds=60)
    assert laboratory.members(laboratory.create(arms=arms()))[0].job_id == job_id


def test_a_running_job_must_have_time_enough(laboratory, stranger):
    job_id = stranger(max_runtime_seconds=5)
    with laboratory.database.write() as session:
        assert leases.claim(session, job_id, worker="test", lease_seconds=60)
    assert not laboratory.members(laboratory.create(arms=arms()))[0].reused


def test_how_long_a_finished_job_might_have_taken_does_not_matter(laboratory, stranger):
    job_id = stranger(max_runtime_seconds=5, priority=-10)
    laboratory.end(job_id, 0.8)
    assert laboratory.members(laboratory.create(arms=arms(priority=10)))[0].job_id == job_id


def test_a_finished_job_must_have_the_figure_that_is_compared(laboratory, stranger):
    """Those of earlier versions have neither balanced accuracy nor macro F1."""
    before, now = stranger(), stranger()
    laboratory.end(before, 0.8)

    def first(metric):
        return laboratory.members(laboratory.create(arms=arms(), metric=metric))[0]

    assert first("val_accuracy").job_id == before
    assert first("val_balanced_accuracy").job_id == now  # which has not begun, and will have it
    laboratory.end(now, 0.8, kept_val_balanced_accuracy=0.7)
    assert first("val_balanced_accuracy").job_id == now
    assert not first("test_macro_f1").reused


def test_a_finished_job_goes_before_a_newer_one_that_runs_and_that_before_one_that_waits(
    laboratory, stranger
):
    finished, running, queued = stranger(), stranger(), stranger()
    with laboratory.database.write() as session:
        assert leases.claim(session, running, worker="test", lease_seconds=60)
    assert laboratory.members(laboratory.create(arms=arms()))[0].job_id == running
    laboratory.end(finished, 0.8)
    assert laboratory.members(laboratory.create(arms=arms()))[0].job_id == finished
    assert queued not in {member.job_id for member in laboratory.members(laboratory.create(arms=arms()))}


def test_the_present_environment_is_found_without_sorting_all_jobs(sqlite_database):
    """Without statistics: a new database has none, and nobody makes any."""
    statement = newest_environment("auto").compile(
        sqlite_database.engine, compile_kwargs={"literal_binds": True}
    )
    with sqlite_database.read() as session:
        plan = [row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {statement}"))]
    assert "SCAN jobs USING INDEX ix_jobs_last_runs" in plan
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


def test_of_many_jobs_of_one_spec_the_newest_of_each_state_are_looked_at(laboratory, stranger, monkeypatch):
    monkeypatch.setattr(reuse, "LOOKED_AT", 2)
    finished = stranger()
    laboratory.end(finished, 0.8)
    waiting = [stranger() for _ in range(3)]
    assert laboratory.members(laboratory.create(arms=arms()))[0].job_id == finished
    with laboratory.database.read() as session:
        spec = parse_job_spec(jobs.get(session, finished).spec)
    with laboratory.database.write() as session:
        found = reuse.candidates(session, {spec.digest})
    assert [job.id for job in found[spec.digest, spec.resources.device]] == [*reversed(waiting[1:]), finished]
