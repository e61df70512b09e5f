import io

import pytest
from PIL import Image

from normlab.analysis import RunRecord, summarize
from normlab.spec.epochs import EpochMetrics
from support.problems import assert_problem


@pytest.fixture
def pair(service):
    return (
        service.succeeded([0.6, 0.7], name="without"),
        service.succeeded([0.7, 0.65, 0.8], architecture="batch_norm", name="with"),
    )


def test_jobs_are_put_side_by_side(http, pair):
    first, second = (job.id for job in pair)
    comparison = http.get(f"/comparisons?jobs={first},{second}").json()
    assert [job["id"] for job in comparison["jobs"]] == [first, second]
    assert [job["name"] for job in comparison["jobs"]] == ["without", "with"]
    assert [job["best_val_accuracy"] for job in comparison["jobs"]] == [0.7, 0.8]
    assert [job["test_accuracy"] for job in comparison["jobs"]] == [0.79, 0.79]
    assert comparison["jobs"][0]["seconds_per_epoch"] == 0.25
    fields = {difference["field"]: difference["values"] for difference in comparison["differences"]}
    assert set(fields["normalization"]) == {first, second}
    assert any("seed" in sentence for sentence in comparison["caveats"])


def test_the_answer_is_what_the_analysis_says(http, pair):
    records = [
        RunRecord.from_documents(
            http.get(f"/jobs/{job.id}").json(), http.get(f"/jobs/{job.id}/metrics").json()
        )
        for job in pair
    ]
    assert isinstance(records[0].epochs[0], EpochMetrics)
    listed = ",".join(job.id for job in pair)
    answer = http.get("/comparisons", params={"jobs": listed}).json()
    assert answer.pop("statistics")["pairs"][0]["comparison"]["pairs"] == 1
    assert answer == summarize(records).to_document()


def test_the_chart_comes_in_three_forms(http, pair):
    path = f"/comparisons?jobs={pair[0].id}, {pair[1].id},"
    vega = http.get(path, headers={"Accept": "application/vnd.vegalite+json"})
    assert vega.headers["content-type"] == "application/vnd.vegalite+json"
    assert "vega-lite" in vega.json()["$schema"]
    png = http.get(path, headers={"Accept": "image/png, */*;q=0.5"})
    assert png.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(png.content)) as image:
        assert image.width > 400
    svg = http.get(path, headers={"Accept": "image/svg+xml"})
    assert svg.headers["content-type"] == "image/svg+xml"
    assert svg.text.startswith("<svg")


def test_a_job_can_be_looked_at_before_it_has_an_epoch(service, http):
    queued = service.create()
    comparison = http.get(f"/comparisons?jobs={queued.id}").json()
    assert [job["epochs"] for job in comparison["jobs"]] == [0]
    assert http.get(f"/comparisons?jobs={queued.id}", headers={"Accept": "image/png"}).status_code == 200


def test_bad_comparisons_are_refused(http, pair):
    for listed in ("", ",", ",".join(f"job_{number:026}" for number in range(101))):
        assert_problem(http.get(f"/comparisons?jobs={listed}"), 422, "invalid_request", "name 1 to 100 jobs")
    unknown = f"job_{0:026}"
    for listed in (unknown, f"{pair[0].id},{unknown}", f"{pair[0].id},%00"):
        assert_problem(http.get(f"/comparisons?jobs={listed}"), 404, "not_found", "there is no job")
    response = http.get(f"/comparisons?jobs={pair[0].id}", headers={"Accept": "text/html"})
    assert_problem(response, 406, "not_acceptable", "image/svg+xml")


def test_a_job_beside_itself_is_refused(http, pair):
    listed = ",".join((pair[0].id, pair[1].id, pair[0].id))
    response = http.get("/comparisons", params={"jobs": listed})
    assert_problem(response, 422, "invalid_request", f"{pair[0].id} is named twice")


@pytest.mark.parametrize(
    ("parameter", "value", "phrase"),
    [
        ("equivalence_margin", "inf", "finite"),
        ("equivalence_margin", "nan", ""),
        ("equivalence_margin", "-0.1", "greater than or equal to 0"),
        ("equivalence_margin", "1e9", "less than or equal to 1000000"),
        ("equivalence_margin", "5", "should be at most 1 for an accuracy"),
        ("confidence", "0.9999999999999999", "less than or equal to 0.9999"),
        ("confidence", "nan", ""),
        ("target_accuracy", "inf", ""),
        ("target_accuracy", "80", "less than or equal to 1"),
    ],
)
def test_numbers_out_of_range_are_refused(http, pair, parameter, value, phrase):
    listed = ",".join(job.id for job in pair)
    response = http.get("/comparisons", params={"jobs": listed, parameter: value})
    assert_problem(response, 422, "invalid_request", phrase)
    assert parameter in response.json()["detail"]


def test_too_many_arms_get_no_statistics(service, http):
    """Their pairs grow with the square of their number: 50 arms took 7 s of processor time for each request."""
    made = [service.succeeded([0.7], training={"batch_size": 32 + n}) for n in range(9)]
    nine = http.get("/comparisons", params={"jobs": ",".join(job.id for job in made)}).json()
    assert nine["statistics"] is None
    assert any("9 arms" in caveat and "comparison_arms" in caveat for caveat in nine["caveats"])
    eight = http.get("/comparisons", params={"jobs": ",".join(job.id for job in made[:8])}).json()
    assert len(eight["statistics"]["pairs"]) == 28
    assert not any("comparison_arms" in caveat for caveat in eight["caveats"])
