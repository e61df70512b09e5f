import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select, update

from normlab.errors import IdempotencyError
from normlab.spec import JobSpec
from normlab.store import Database, idempotency
from normlab.store.clock import seconds_from_now
from normlab.store.idempotency import IdempotencyKey
from normlab.store.jobs import jobs, reaper
from normlab.store.jobs.tables import Job


def test_fifty_requests_with_one_key_make_one_job_and_get_one_answer(
    database: Database, make_spec: Callable[..., JobSpec]
) -> None:
    together = Barrier(50)
    spec = make_spec()

    def post(_number: int) -> dict[str, Any]:
        together.wait()
        with database.write() as session:
            known = idempotency.begin(session, "key", spec.digest)
            if known is not None:
                return known
            answer = {"id": jobs.create(session, spec).id}
            idempotency.remember(session, "key", answer)
            return answer

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(post, range(50)))
    assert len({answer["id"] for answer in answers}) == 1
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 1


def test_a_key_is_free_again_when_its_request_failed(database: Database) -> None:
    with contextlib.suppress(ZeroDivisionError), database.write() as session:
        assert idempotency.begin(session, "key", "a") is None
        _ = 1 / 0
    with database.write() as session:
        assert idempotency.begin(session, "key", "b") is None


def test_a_key_with_another_body_is_refused(database: Database) -> None:
    with database.write() as session:
        idempotency.begin(session, "key", "a")
        idempotency.remember(session, "key", {"id": 1})
    sentence = "^this Idempotency-Key was used before with another body; use a new key for a new request$"
    with pytest.raises(IdempotencyError, match=sentence), database.write() as session:
        idempotency.begin(session, "key", "b")


def test_old_keys_are_forgotten(database: Database) -> None:
    with database.write() as session:
        for key in ("old", "new"):
            idempotency.begin(session, key, "a")
        aged = seconds_from_now(-idempotency.KEPT_SECONDS - 1)
        session.execute(update(IdempotencyKey).where(IdempotencyKey.key == "old").values(created_at=aged))
    reaper.sweep(database)
    with database.read() as session:
        assert session.scalars(select(IdempotencyKey.key)).all() == ["new"]
