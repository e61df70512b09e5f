"""Answers that are kept: given again while nothing has changed, and never after anything has, whoever changed it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import delete

from api.comparisons.documents import comparison_document
from comparisons.conftest import ServedLaboratory, body, clearly_better
from normlab.comparisons import ComparisonLookup
from normlab.comparisons.versioned_cache import VersionedCache
from normlab.settings import Settings
from normlab.store import Comparison, Epoch, deletion
from normlab.store.comparisons.replicates import add_replicates, new_members
from normlab.store.jobs import jobs, leases
from normlab.store.studies import studies
from support.api_process import api_process

pytestmark = pytest.mark.xdist_group(__name__)  # one process makes what all tests here share

# Far from other tests' seeds: all share one store.
BASE_SEED = 700_000

QUESTIONS = {"document": "", "chart": "/charts/learning_curves", "report": "/report"}
"""Where an answer of each kind is. Images and bundles go the same way, and take seconds to draw."""

MARKDOWN = {"Accept": "text/markdown, application/json, */*;q=0.1"}


@dataclass
class TwoProcesses:
    """One database with two API processes before it, neither of which tells the other anything."""

    laboratory: ServedLaboratory
    processes: tuple[httpx.Client, httpx.Client]
    seeds: Iterator[int]

    def comparison(self, **given: Any) -> str:
        """One that runs, with one pair that is complete."""
        request = {"base_seed": next(self.seeds), "fresh": True, "replicates": 3} | given
        comparison_id = self.laboratory.submit(body(**request))
        for job_id in self.jobs(comparison_id)[:2]:
            self.end(job_id)
        self.laboratory.advance()
        return comparison_id

    def jobs(self, comparison_id: str) -> list[str]:
        return [member.job_id for member in self.laboratory.members(comparison_id)]

    def end(self, job_id: str, accuracy: float | None = None) -> None:
        self.laboratory.end(job_id, accuracy or 0.8)

    def ask(self, comparison_id: str, question: str = "document") -> list[httpx.Response]:
        """What each process answers, and what it answers to who has that."""
        url = f"/comparisons/{comparison_id}{QUESTIONS[question]}"
        answers = [http.get(url, headers=MARKDOWN) for http in self.processes]
        for http, answer in zip(self.processes, answers, strict=True):
            assert answer.status_code == 200, answer.text
            known = MARKDOWN | {"If-None-Match": answer.headers["etag"]}
            assert http.get(url, headers=known).status_code == 304
        return answers

    def assert_current(self, comparison_id: str) -> None:
        """Both give what somebody finds who has kept nothing."""
        found = ComparisonLookup(self.laboratory.database, self.laboratory.artifacts).look_up(comparison_id)
        fresh = comparison_document(found.comparison, found.members, found.assessment).model_dump_json()
        for answer in self.ask(comparison_id):
            assert answer.text == fresh


@pytest.fixture(scope="module")
def two(served: ServedLaboratory) -> Iterator[TwoProcesses]:
    settings = Settings(
        data_dir=served.folder,
        database_url=served.database.url.render_as_string(hide_password=False),
        broker_url="redis://127.0.0.1:1/0",
        maintenance_seconds=3600,
    )
    with api_process(settings) as http:
        yield TwoProcesses(served, (served.http, http), iter(range(BASE_SEED, BASE_SEED + 10_000, 100)))


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_was_answered_is_given_again_until_a_further_pair_is_complete(
    two: TwoProcesses, question: str
) -> None:
    comparison_id = two.comparison()
    first, other = two.ask(comparison_id, question)
    assert (first.content, first.headers["etag"]) == (other.content, other.headers["etag"])
    with two.laboratory.database.write() as session:  # which no version tells of: nobody does that
        session.execute(delete(Epoch).where(Epoch.job_id.in_(two.jobs(comparison_id)[:1])))
    assert [answer.content for answer in two.ask(comparison_id, question)] == [first.content] * 2
    for job_id in two.jobs(comparison_id)[2:4]:
        two.end(job_id)
    again = two.ask(comparison_id, question)
    assert again[0].content == again[1].content != first.content
    assert again[0].headers["etag"] != first.headers["etag"]


def claimed(two: TwoProcesses, comparison_id: str) -> None:
    with two.laboratory.database.write() as session:
        assert leases.claim(session, two.jobs(comparison_id)[3], worker="w", lease_seconds=60)


def failed(two: TwoProcesses, comparison_id: str) -> None:
    two.laboratory.end(two.jobs(comparison_id)[2], None)


def retried(two: TwoProcesses, comparison_id: str) -> None:
    with two.laboratory.database.write() as session:
        jobs.retry(session, two.jobs(comparison_id)[2])


def job_cancelled(two: TwoProcesses, comparison_id: str) -> None:
    two.processes[1].post(f"/jobs/{two.jobs(comparison_id)[4]}/cancel").raise_for_status()


def grown(two: TwoProcesses, comparison_id: str) -> None:
    with two.laboratory.database.write() as session:
        comparison = studies.lock(session, Comparison, comparison_id)
        assert comparison is not None
        add_replicates(session, comparison, new_members(comparison, 1, max_attempts=3))


def cancelled(two: TwoProcesses, comparison_id: str) -> None:
    two.processes[1].post(f"/comparisons/{comparison_id}/cancel").raise_for_status()


def ended(two: TwoProcesses, comparison_id: str) -> None:
    two.laboratory.end_all(comparison_id, clearly_better)
    two.laboratory.advance()


@pytest.mark.parametrize(
    "changes",
    [(claimed,), (failed, retried), (job_cancelled,), (grown, cancelled), (failed, ended, retried)],
    ids=lambda changes: "_".join(change.__name__ for change in changes),
)
def test_what_another_process_has_changed_is_never_answered(
    two: TwoProcesses, changes: tuple[Callable[[TwoProcesses, str], None], ...]
) -> None:
    comparison_id = two.comparison(replicates={"start": 3, "max": 6})
    answer = two.ask(comparison_id)[0].text
    for change in changes:
        change(two, comparison_id)
        two.assert_current(comparison_id)
        before, answer = answer, two.ask(comparison_id)[0].text
        assert answer != before


def test_an_earlier_comparison_of_the_same_runs_counts_in_the_next_answer(two: TwoProcesses) -> None:
    seed = next(two.seeds)
    asked = {"base_seed": seed, "fresh": False}
    earlier = two.comparison(replicates=3, **asked)
    comparison_id = two.laboratory.submit(body(replicates=4, **asked))
    shares = [_share(answer) for answer in two.ask(comparison_id)]
    assert shares == [pytest.approx(0.25)] * 2
    with two.laboratory.database.write() as session:  # one pair is too few for a verdict: it was no look
        studies.cancel(session, Comparison, earlier)
    two.assert_current(comparison_id)
    assert [_share(answer) for answer in two.ask(comparison_id)] == [1.0] * 2
    with two.laboratory.database.write() as session:
        deletion.delete_study(session, Comparison, earlier)
    two.assert_current(comparison_id)


def _share(answer: httpx.Response) -> float:
    share: float = answer.json()["result"]["pairs"][0]["error_share"]
    return share


def test_a_comparison_that_is_gone_is_not_answered(two: TwoProcesses) -> None:
    comparison_id = two.comparison()
    cancelled(two, comparison_id)
    for question in QUESTIONS:
        two.ask(comparison_id, question)
    two.processes[1].delete(f"/comparisons/{comparison_id}").raise_for_status()
    for http in two.processes:
        for path in QUESTIONS.values():
            assert http.get(f"/comparisons/{comparison_id}{path}").status_code == 404


def test_what_was_made_while_files_could_not_be_read_is_not_kept(two: TwoProcesses) -> None:
    comparison_id = two.comparison()
    for job_id in two.jobs(comparison_id)[2:4]:
        two.end(job_id)
    folder, aside = two.laboratory.folder / "artifacts", two.laboratory.folder / "aside"
    folder.rename(aside)
    folder.write_text("away")
    try:
        away = two.ask(comparison_id)
    finally:
        folder.unlink()
        aside.rename(folder)
    for answer, again in zip(away, two.ask(comparison_id), strict=True):
        assert answer.json()["result"]["pairs"][0]["variance"] is None
        assert again.json()["result"]["pairs"][0]["variance"] is not None


def test_every_member_of_a_kept_answer_was_looked_at(two: TwoProcesses) -> None:
    """Two jobs that change places leave every count as it was."""
    comparison_id = two.comparison()
    first, second = two.jobs(comparison_id)[2:4]
    with two.laboratory.database.write() as session:
        assert leases.claim(session, first, worker="w", lease_seconds=60)
    two.ask(comparison_id)
    with two.laboratory.database.write() as session:
        assert leases.release(session, first, 1, reason="shutdown")
        assert leases.claim(session, second, worker="w", lease_seconds=60)
    two.assert_current(comparison_id)


def test_the_heaviest_and_oldest_go_first() -> None:
    cache: VersionedCache[bytes] = VersionedCache(10, weigh=len)
    cache.keep("a", 1, b"aaaa")
    cache.keep("b", 1, b"bbbb")
    assert cache.get("a", 1) == b"aaaa"
    assert cache.get("a", 2) is None
    cache.keep("c", 1, b"cccc")
    assert (cache.get("a", 1), cache.get("b", 1), cache.get("c", 1)) == (b"aaaa", None, b"cccc")
    cache.keep("a", 2, b"a" * 11)
    assert cache.get("a", 2) is None
    assert cache.get("a", 1) is None
    cache.keep("d", 1, b"dddddd")
    assert cache.get("c", 1) == b"cccc"
