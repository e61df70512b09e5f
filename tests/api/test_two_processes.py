"""Two processes answer from one database: what one has changed, the other answers with its next answer."""

from itertools import product
from uuid import uuid4

import httpx
import pytest

from normlab.documents.jobs import JobOrder
from normlab.settings import Settings
from normlab.store import FailureCode
from normlab.store.jobs import endings, leases, reports
from support.api_process import api_process

pytestmark = pytest.mark.xdist_group(__name__)  # one process makes what all tests here share

BODY = {"architecture": "baseline", "dataset": "digits"}


@pytest.fixture(scope="module")
def other(service, tmp_path_factory):
    """A client of a second process."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("other"),
        database_url=service.database.url.render_as_string(hide_password=False),
        broker_url=service.broker.broker_url,
        maintenance_seconds=3600,
    )
    with api_process(settings) as client:
        yield client


def timeless(answer):
    """The answer without the start that is estimated for a waiting job, which moves with the clock."""
    document = answer.json()
    for job in (document, *document.get("data", [])):
        job.pop("estimated_start_at", None)
    return document


def test_what_one_process_changes_the_other_answers_at_once(service, http, other):
    tag = uuid4().hex
    job = http.post("/jobs", json=BODY | {"tags": [tag], "name": tag}).json()["id"]
    paths = [f"/jobs/{job}", f"/jobs/{job}/metrics"]
    lists = [{"tag": tag}, {"name": tag}, {"id": job}, {"name": tag, "tag": tag}]
    for order, filters in product(JobOrder, lists):
        paths.append(str(httpx.URL("/jobs", params={**filters, "sort": order})))
    seen = []

    def changed(state):
        """All answers of both are equal, and none of what shows the state is what it was before."""
        answers = [other.get(path) for path in paths]
        shown = [timeless(answer) for answer in answers]
        assert shown == [timeless(http.get(path)) for path in paths]
        assert shown[0]["state"] == shown[1]["state"] == state
        assert all(page["data"] == [shown[0]] for page in shown[2:])
        for now, before in zip(answers, seen, strict=False):
            assert now.text != before.text
        etag = seen[1].headers["etag"] if seen else '"none"'
        assert other.get(paths[1], headers={"If-None-Match": etag}).status_code == 200
        seen[:] = answers

    def write(function, *arguments, **options):
        with service.database.write() as session:
            assert function(session, job, *arguments, **options)

    changed("queued")
    write(leases.claim, worker="w", lease_seconds=600)
    changed("running")
    progress = {"phase": "training", "epoch": 1, "epochs": 2, "step": 1, "steps": 2}
    write(reports.report_progress, 1, progress)
    assert other.get(paths[0]).json()["progress"]["step"] == 1
    write(endings.fail, 1, FailureCode.NAN_LOSS, "it became nan")
    changed("failed")
    assert other.post(f"/jobs/{job}/retry").status_code == 202
    changed("queued")
    assert http.post(f"/jobs/{job}/cancel").status_code == 202
    changed("cancelled")
    assert http.post(f"/jobs/{job}/retry").status_code == 202
    changed("queued")
    write(leases.claim, worker="w", lease_seconds=600)
    changed("running")
    result = {"epochs": 0, "stop_reason": "completed", "best_epoch": None, "best_val_accuracy": 0.5, "test_loss": 1.0,
              "test_accuracy": 0.5, "reached_target_at_epoch": None, "train_seconds": 3.0}  # fmt: skip
    write(endings.finish, 2, endings.Outcome(result, {}, {}, {}, []))
    changed("succeeded")
    assert other.delete(f"/jobs/{job}").status_code == 204
    assert http.get(paths[0]).status_code == http.get(paths[1]).status_code == 404
    assert [http.get(path).json()["data"] for path in paths[2:]] == [[]] * (len(paths) - 2)
