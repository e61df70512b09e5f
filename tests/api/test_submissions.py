"""Jobs that are submitted at the same time: one transaction, and each request has its own answer."""

import pytest

from api.jobs.submission import Submission, store
from normlab.errors import IdempotencyError
from normlab.store.jobs import leases
from normlab.store.jobs.creation import NewJob


@pytest.fixture
def submission(make_spec):
    def make(key: str | None = None, digest: str = "", **spec: object) -> Submission:
        new = NewJob.of(make_spec(**spec))
        return Submission(new, f"/jobs/{new.id}", key, digest)

    return make


def test_requests_with_one_key_that_come_together_get_one_job(database, submission):
    first, other, again = submission("k", "a"), submission("k", "b"), submission("k", "a")
    alone = submission()
    with database.writing() as connection:
        answers = store(connection, [again, alone, other, first])
    assert answers[0]["id"] == answers[3]["id"]
    assert isinstance(answers[2], IdempotencyError)
    assert answers[1]["id"] == alone.new.id
    with database.writing() as connection:
        later = store(connection, [submission("k", "a"), submission("k", "b")])
    assert later[0]["id"] == answers[0]["id"]
    assert isinstance(later[1], IdempotencyError)


def test_each_has_its_place_behind_those_of_a_higher_priority(database, submission):
    waiting = [submission(priority=priority) for priority in (0, 5, 0, -5)]
    with database.writing() as connection:
        answers = store(connection, waiting)
    assert [answer["position"] for answer in answers] == [2, 1, 3, 4]
    claimed = []
    for _ in answers:
        with database.write() as session:
            job = leases.claim_next(session, worker="w", lease_seconds=60)
        assert job is not None
        claimed.append(job.id)
    assert claimed == [answer["id"] for answer in sorted(answers, key=lambda answer: answer["position"])]


def test_what_is_answered_is_what_a_look_finds(http):
    made = http.post("/jobs", json={"architecture": "batch_norm", "dataset": "digits", "tags": ["b", "a"]})
    found = http.get(f"/jobs/{made.json()['id']}")
    assert list(made.json()) == list(found.json())
    answers = [made.json(), found.json()]
    for answer in answers:
        answer.pop("estimated_start_at")  # it moves with the clock
    assert answers[0] == answers[1]
