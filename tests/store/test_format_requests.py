from collections.abc import Callable

import pytest
from sqlalchemy import select

from normlab.spec import JobSpec
from normlab.store import ArtifactKind, Database, FormatRequest, artifacts, deletion, format_requests
from normlab.store.artifacts import StoredFile
from normlab.store.format_requests import TakenRequest
from normlab.store.jobs import endings, jobs, leases
from normlab.store.jobs.endings import Outcome
from normlab.store.wanted import MAX_ATTEMPTS

FILE = StoredFile(ArtifactKind.LITERT, "job/1/model.tflite", "0" * 64, 10, "application/vnd.tflite")


@pytest.fixture
def job_id(database: Database, make_spec: Callable[..., JobSpec]) -> str:
    """A job that has succeeded."""
    with database.write() as session:
        job = jobs.create(session, make_spec())
        leases.claim(session, job.id, worker="w", lease_seconds=60)
        endings.finish(session, job.id, 1, Outcome({"epochs": 1}, {}, {}, {}, []))
    return job.id


def ask(database: Database, job_id: str, *kinds: ArtifactKind) -> None:
    for kind in kinds or (ArtifactKind.LITERT,):
        with database.write() as session:
            format_requests.ask(session, job_id, kind)


def take(database: Database, *, lease_seconds: float = 60) -> TakenRequest | None:
    with database.write() as session:
        return format_requests.take(session, lease_seconds=lease_seconds)


def finish(database: Database, request: TakenRequest | None, made: StoredFile | str) -> bool:
    assert request is not None
    with database.write() as session:
        return format_requests.finish(session, request, made)


def is_any_free(database: Database) -> bool:
    with database.read() as session:
        return format_requests.is_any_free(session)


def test_a_format_is_taken_once_in_the_order_in_which_they_were_asked_for(
    database: Database, job_id: str
) -> None:
    assert not is_any_free(database)
    assert take(database) is None
    ask(database, job_id, ArtifactKind.LITERT)
    ask(database, job_id, ArtifactKind.SAVED_MODEL, ArtifactKind.LITERT)
    assert is_any_free(database)
    assert take(database) == TakenRequest(job_id, ArtifactKind.LITERT, 1)
    assert take(database) == TakenRequest(job_id, ArtifactKind.SAVED_MODEL, 1)
    assert not is_any_free(database)
    assert take(database) is None


def test_a_file_takes_the_place_of_the_request(database: Database, job_id: str) -> None:
    ask(database, job_id)
    assert finish(database, take(database), FILE)
    with database.read() as session:
        file = artifacts.get(session, job_id, ArtifactKind.LITERT)
        assert file is not None
        assert file.path == FILE.path
        assert format_requests.of_job(session, job_id) == {}


def test_an_error_stays_and_the_format_is_not_tried_again(database: Database, job_id: str) -> None:
    ask(database, job_id)
    assert finish(database, take(database), "no such operation")
    ask(database, job_id)
    assert take(database) is None
    with database.read() as session:
        assert format_requests.of_job(session, job_id)[ArtifactKind.LITERT].error == "no such operation"


def test_a_request_whose_process_died_is_taken_again_and_given_up_at_last(
    database: Database, job_id: str
) -> None:
    ask(database, job_id)
    taken = [take(database, lease_seconds=-1) for _ in range(MAX_ATTEMPTS)]
    assert [request and request.attempt for request in taken] == list(range(1, MAX_ATTEMPTS + 1))
    assert not finish(database, taken[0], FILE), "it is another process's by now"
    assert take(database) is None
    with database.read() as session:
        assert "ended before" in (format_requests.of_job(session, job_id)[ArtifactKind.LITERT].error or "")
        assert artifacts.get(session, job_id, ArtifactKind.LITERT) is None


def test_an_attempt_that_was_put_back_is_not_counted(database: Database, job_id: str) -> None:
    ask(database, job_id)
    for _ in range(MAX_ATTEMPTS + 1):
        request = take(database, lease_seconds=-1)
        assert request is not None
        with database.write() as session:
            format_requests.put_back(session, request)
    assert finish(database, take(database), FILE)


def test_a_request_goes_with_its_job(database: Database, job_id: str) -> None:
    ask(database, job_id)
    request = take(database)
    with database.write() as session:
        deletion.delete_job(session, job_id)
    assert not finish(database, request, FILE)
    with database.read() as session:
        assert session.scalars(select(FormatRequest)).all() == []
