"""Evaluations on other datasets: asked for once, made once, kept with the job and gone with it."""

from collections.abc import Callable

import pytest

from normlab.spec import JobSpec
from normlab.store import ArtifactKind, Database, deletion, evaluations
from normlab.store.artifacts import StoredFile
from normlab.store.jobs import endings, jobs, leases
from normlab.store.jobs.endings import Outcome

FILE = StoredFile(
    ArtifactKind.EVALUATION,
    "job/1/evaluation-mnist-1.npz",
    "0" * 64,
    10,
    ArtifactKind.EVALUATION.media_type,
)


@pytest.fixture
def job_id(database: Database, make_spec: Callable[..., JobSpec]) -> str:
    """A job that has succeeded."""
    with database.write() as session:
        job = jobs.create(session, make_spec())
        leases.claim(session, job.id, worker="w", lease_seconds=60)
        endings.finish(session, job.id, 1, Outcome({"epochs": 1}, {}, {}, {}, []))
    return job.id


def test_one_is_made_once_and_kept(database: Database, job_id: str) -> None:
    with database.write() as session:
        evaluations.ask(session, job_id, "mnist")
        evaluations.ask(session, job_id, "mnist")
        assert evaluations.is_any_free(session)
        taken = evaluations.take(session, lease_seconds=60)
        assert taken == evaluations.TakenEvaluation(job_id, "mnist", 1)
        assert evaluations.take(session, lease_seconds=60) is None
        assert evaluations.finish(session, taken, FILE)
    with database.write() as session:
        kept = evaluations.get(session, job_id, "mnist")
        assert kept is not None
        assert kept.file == FILE
        evaluations.ask(session, job_id, "mnist")
        assert not evaluations.is_any_free(session)
    with database.write() as session:
        deletion.delete_job(session, job_id)
        assert evaluations.get(session, job_id, "mnist") is None


def test_who_lost_it_writes_nothing(database: Database, job_id: str) -> None:
    with database.write() as session:
        evaluations.ask(session, job_id, "mnist")
        first = evaluations.take(session, lease_seconds=-1)
        second = evaluations.take(session, lease_seconds=60)
        assert first is not None
        assert second is not None
        assert not evaluations.finish(session, first, FILE)
        assert evaluations.finish(session, second, FILE)


def test_what_was_put_back_counts_no_attempt(database: Database, job_id: str) -> None:
    with database.write() as session:
        evaluations.ask(session, job_id, "mnist")
        taken = evaluations.take(session, lease_seconds=-1)
        assert taken is not None
        evaluations.put_back(session, taken)
        assert evaluations.take(session, lease_seconds=60) == taken


def test_a_failure_is_told_once(database: Database, job_id: str) -> None:
    with database.write() as session:
        evaluations.ask(session, job_id, "mnist")
        assert evaluations.take_error(session, job_id, "mnist") is None
        taken = evaluations.take(session, lease_seconds=60)
        assert taken is not None
        assert evaluations.finish(session, taken, "it is nowhere")
        assert evaluations.take_error(session, job_id, "mnist") == "it is nowhere"
        assert evaluations.take_error(session, job_id, "mnist") is None
        evaluations.ask(session, job_id, "mnist")
        assert evaluations.is_any_free(session)
