"""``/comparisons/{id}/robustness``: the networks of all arms on the same corrupted pictures, and their differences."""

from functools import partial

import pytest
from typer.testing import CliRunner

from normlab.cli import app
from normlab.client import Client
from normlab.documents.robustness import ComparisonRobustnessDocument, PendingRobustness, StatisticsOrigin
from support.corrupted import answer_all, answers_of
from support.problems import assert_problem

SOME = {"corruptions": ["blur", "jpeg"], "severities": [1, 3]}


@pytest.fixture
def answer(served):
    return partial(answer_all, served.database, served.artifacts, served.folder)


def of_arm(served, sturdy, **given):
    """Answers by which the networks of an arm lose less."""
    jobs = {member.job_id for member in served.members(given.pop("of")) if member.arm == sturdy}
    return lambda one: answers_of(one, loss=0.02 if one.job_id in jobs else 0.15, **given)


def test_arms_are_compared_by_seed_and_picture(served, answer):
    found = served.finished(replicates=4)
    path = f"/comparisons/{found['id']}/robustness"
    assert_problem(served.http.get(path, params=SOME), 404, "not_found", "ask with POST")
    asked = served.http.post(path, json=SOME)
    assert asked.status_code == 202
    assert len(PendingRobustness.read(asked.content).jobs) == 8
    assert served.http.get(path, params=SOME).status_code == 202
    assert answer(of_arm(served, 1, of=found["id"])) == 8
    read = served.http.get(path, params=SOME)
    assert read.content == served.http.post(path, json=SOME).content
    document = ComparisonRobustnessDocument.read(read.content)
    assert [arm.arm for arm in document.arms] == ["baseline", "baseline_with_batch_norm"]
    (difference,) = document.differences
    assert (difference.a, difference.b, difference.pairs) == ("baseline", "baseline_with_batch_norm", 4)
    assert difference.statistics is StatisticsOrigin.TRAINED
    assert difference.sentence.startswith(
        "baseline_with_batch_norm keeps more of its clean accuracy than baseline"
    )
    relative = difference.mean.relative
    assert relative.difference == pytest.approx(0.13 * 2 / 0.9, abs=0.05)
    assert relative.interval.low is not None
    assert relative.interval.low > 0.2
    assert document.left_out == {}
    chart = served.http.get(path, params=SOME, headers={"Accept": "application/vnd.vegalite+json"})
    assert "baseline_with_batch_norm" in chart.text
    again = served.http.get(path, params=SOME, headers={"If-None-Match": read.headers["ETag"]})
    assert again.status_code == 304


def test_a_network_that_cannot_be_tried_is_left_out_and_told(served, answer):
    found = served.finished(replicates=3)
    path = f"/comparisons/{found['id']}/robustness"
    served.http.post(path, json=SOME)
    broken = served.members(found["id"])[0].job_id
    assert answer(lambda one: "its file is damaged" if one.job_id == broken else answers_of(one)) == 6
    document = ComparisonRobustnessDocument.read(served.http.post(path, json=SOME).content)
    assert document.left_out == {broken: "its file is damaged"}
    assert [arm.seeds for arm in document.arms] == [2, 3]
    assert document.differences[0].pairs == 2


def test_where_none_could_be_tried_it_is_told_once(served, answer):
    path = f"/comparisons/{served.finished(replicates=2)['id']}/robustness"
    assert served.http.post(path).status_code == 202
    assert answer(lambda _: "the data are nowhere") == 4
    assert_problem(served.http.post(path), 409, "wrong_state", "the data are nowhere")
    assert served.http.post(path).status_code == 202
    assert answer() == 4
    assert served.http.get(path).status_code == 200


def test_a_comparison_that_runs_waits_and_bad_input_is_pointed_at(served, body_of_two):
    running = served.submit(body_of_two)
    path = f"/comparisons/{running}/robustness"
    assert_problem(served.http.post(path), 409, "wrong_state", "is running")
    bad = served.http.post(path, json={"severities": [7]})
    assert bad.status_code == 422
    assert bad.json()["errors"][0]["pointer"] == "/severities/0"


@pytest.fixture
def body_of_two():
    training = {"epochs": 2, "batch_size": 64}
    presets = ("baseline", "baseline_with_batch_norm")
    arms = [
        {"name": name, "spec": {"architecture": name, "dataset": "digits", "training": training}}
        for name in presets
    ]
    return {"arms": arms, "replicates": 2, "fresh": True}


def test_the_client_and_the_terminal_wait_for_the_answer(served, answer, monkeypatch, tmp_path):
    found = served.finished(replicates=3)
    url, (job, *_) = str(served.http.base_url), [member.job_id for member in served.members(found["id"])]
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        answer(partial(answers_of, re_estimated=True))

    monkeypatch.setattr("normlab.client.robustness.time.sleep", sleep)
    with Client(url) as client:
        document = client.robustness.comparison(found["id"], **SOME)
        assert len(waited) == 1
        assert client.robustness.comparison(found["id"], **SOME) == document
        network = client.robustness.job(job, **SOME)
        assert len(waited) == 1
    assert {each.statistics for each in document.differences} == {*StatisticsOrigin}
    options = [
        "--corruption",
        "blur",
        "--corruption",
        "jpeg",
        "--severity",
        "1",
        "--severity",
        "3",
        "--url",
        url,
    ]
    chart = tmp_path / "severities.json"
    shown = CliRunner().invoke(app, ["robustness", found["id"], *options, "--chart", str(chart)])
    assert shown.exit_code == 0, shown.output
    for words in (document.differences[0].sentence, "of the clean accuracy", "Holm", "blur"):
        assert words in shown.output
    assert "baseline_with_batch_norm" in chart.read_text(encoding="utf-8")
    of_job = CliRunner().invoke(app, ["robustness", job, *options])
    assert network.sentence in of_job.output
    assert "re-estimated on the corrupted pictures" in of_job.output
    wrong = CliRunner().invoke(app, ["robustness", job, "--severity", "9", "--url", url])
    assert wrong.exit_code == 2
