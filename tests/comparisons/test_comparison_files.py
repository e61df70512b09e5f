import csv
import io
import json
import re
import zipfile

import pytest
from PIL import Image

from normlab.comparisons import Assessment, load_runs
from normlab.comparisons.bundle import write_bundle
from normlab.comparisons.parse import parse_comparison
from support.problems import assert_problem

pytestmark = pytest.mark.xdist_group(__name__)  # one process makes what all tests here share

# Far from other tests' seeds: all share one store.
BASE_SEED = 900_000

CHARTS = (
    "learning_curves",
    "final_values",
    "paired_differences",
    "difference_curves",
    "time_to_target",
    "accuracy_against_cost",
)


def accuracy(arm, seed):
    return 0.8 + 0.01 * (seed % 3) + (0.05 + 0.001 * (seed % 2) if "<b>" in arm else 0)


def request(**given):
    training = {"epochs": 2, "batch_size": 64}
    names = {"baseline": "baseline", "<b>bold & new</b>": "baseline_with_batch_norm"}
    arms = [
        {"name": name, "spec": {"architecture": preset, "dataset": "digits", "training": training}}
        for name, preset in names.items()
    ]
    return {"arms": arms, "replicates": 3, "base_seed": BASE_SEED} | given


@pytest.fixture(scope="module")
def comparison(served):
    return served.finished(accuracy, **request(target_accuracy=0.83, name="a </title> name"))


@pytest.mark.parametrize("name", CHARTS)
def test_charts_come_in_three_forms(served, comparison, name):
    url = comparison["links"]["charts"][name]
    vega = served.http.get(url)
    assert vega.headers["content-type"] == "application/vnd.vegalite+json"
    assert "vega-lite" in vega.json()["$schema"]
    assert served.http.get(f"{url}.json").json() == vega.json()
    assert served.http.get(f"{url}.svg").text.startswith("<svg")
    png = served.http.get(url, headers={"Accept": "image/png"})
    assert png.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(png.content)) as image:
        assert image.width > 400


def test_the_colour_of_an_arm_is_the_same_in_all_charts(served, comparison):
    found = set()
    for name in ("learning_curves", "time_to_target", "accuracy_against_cost"):
        chart = served.http.get(comparison["links"]["charts"][name]).text
        scales = re.findall(r'"domain":(\["baseline"[^]]*\]),"range":(\["#[^]]*\])', chart)
        assert scales, name
        found |= set(scales)
    assert len(found) == 1


def test_what_weighs_all_classes_alike_is_compared_drawn_and_bundled(served):
    """Of another number than accuracy, under its own name, from the request to the report."""
    found = served.finished(
        accuracy, **request(base_seed=BASE_SEED + 20, metric="val_balanced_accuracy", fresh=True)
    )
    assert found["metric"] == "val_balanced_accuracy"
    by_accuracy = [accuracy("baseline", BASE_SEED + 20 + pair) for pair in range(3)]
    assert found["result"]["arms"]["baseline"]["values"] == pytest.approx(
        [value - 0.0625 for value in by_accuracy]
    )
    assert "in validation balanced accuracy" in found["result"]["pairs"][0]["sentence"] or (
        "its validation balanced accuracy is" in found["result"]["pairs"][0]["sentence"]
    )
    curves = served.http.get(found["links"]["charts"]["learning_curves"]).text
    assert "validation balanced accuracy, " in curves
    report = served.http.get(found["links"]["report"], headers={"Accept": "text/markdown"}).text
    assert "Validation balanced accuracy (compared)" in report
    assert "--metric val_balanced_accuracy" in report or '"metric": "val_balanced_accuracy"' in report


def test_charts_that_are_not_there_are_told(served, comparison):
    url = comparison["links"]["self"]
    response = served.http.get(f"{url}/charts/pie.png")
    assert_problem(response, 404, "not_found", "there is no chart 'pie.png'; there are learning_curves")
    assert_problem(
        served.http.get(f"{url}/charts/learning_curves.gif"), 404, "not_found", "there is no chart"
    )
    response = served.http.get(f"{url}/charts/learning_curves", headers={"Accept": "text/html"})
    assert_problem(response, 406, "not_acceptable", "image/svg+xml")
    loss = served.finished(accuracy, **request(base_seed=BASE_SEED + 10, metric="val_loss"))
    assert set(loss["links"]["charts"]) == set(CHARTS) - {"accuracy_against_cost", "time_to_target"}
    charts = f"{loss['links']['self']}/charts"
    response = served.http.get(f"{charts}/accuracy_against_cost")
    assert_problem(response, 404, "not_found", "its metric is no accuracy")
    response = served.http.get(f"{charts}/time_to_target")
    assert_problem(response, 404, "not_found", "it has no target_accuracy")


def test_the_report_is_one_page_that_loads_and_runs_nothing(served, comparison):
    response = served.http.get(comparison["links"]["report"], headers={"Accept": "text/html, */*;q=0.1"})
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    page = response.text
    assert "a &lt;/title&gt; name" in page
    assert "&lt;b&gt;bold &amp; new&lt;/b&gt; is better than baseline" in page
    assert "<b>bold" not in page
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert comparison["id"] in page


def test_the_report_comes_as_markdown(served, comparison):
    response = served.http.get(comparison["links"]["report"], headers={"Accept": "text/markdown"})
    assert response.headers["content-type"].startswith("text/markdown")
    assert response.text.startswith("# a \\</title\\> name\n\nvalidation accuracy; 3 seeds from")
    assert "## Verdict" in response.text
    assert "<b>" not in response.text.replace("\\<b\\>", "")


def test_the_bundle_has_everything(served, comparison):
    response = served.http.get(comparison["links"]["bundle"])
    assert response.headers["content-type"] == "application/zip"
    assert response.headers["content-disposition"] == f'attachment; filename="{comparison["id"]}.zip"'
    assert served.http.get(comparison["links"]["bundle"]).content == response.content
    known = {"If-None-Match": response.headers["etag"]}
    assert served.http.get(comparison["links"]["bundle"], headers=known).status_code == 304
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert set(archive.namelist()) == {
            "README.txt",
            "manifest.json",
            "request.json",
            "metrics.csv",
            "result.json",
            "report.html",
            "report.md",
            *(f"charts/{name}.{suffix}" for name in CHARTS for suffix in ("svg", "vl.json")),
        }
        manifest = json.loads(archive.read("manifest.json"))
        metrics = list(csv.DictReader(io.StringIO(archive.read("metrics.csv").decode())))
        result = json.loads(archive.read("result.json"))
        repeated, _ = parse_comparison(json.loads(archive.read("request.json")))
        readme = archive.read("README.txt").decode()
    assert [job["seed"] for job in manifest["jobs"]] == [BASE_SEED + pair for pair in (0, 0, 1, 1, 2, 2)]
    for job in manifest["jobs"]:
        assert job["spec"]["training"]["seed"] == job["seed"]
        assert job["digests"] == {"final_weights": f"sha256:{job['job']}"}
        assert job["environment"]["device"] == "cpu"
    assert len(metrics) == 12
    first = manifest["jobs"][0]["job"]
    last = [row for row in metrics if row["job"] == first][-1]
    assert (last["arm"], last["epoch"]) == ("baseline", "2")
    assert float(last["val_accuracy"]) == accuracy("baseline", BASE_SEED)
    assert result["pairs"][0]["sentence"] == comparison["verdicts"][0]["sentence"]
    assert (repeated.base_seed, repeated.replicates.max, repeated.target_accuracy) == (BASE_SEED, 3, 0.83)
    assert [arm.name for arm in repeated.arms] == ["baseline", "<b>bold & new</b>"]
    for words in (
        result["headline"],
        "1,300 samples for training",
        "parameters of baseline: 50,610",
        "normlab reproduce",
    ):
        assert words in readme


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", " =1"])
def test_no_name_is_a_formula_in_the_metrics(laboratory, name):
    comparison = laboratory.create(
        request(arms=[{**request()["arms"][0], "name": name}, request()["arms"][1]])
    )
    laboratory.end_all(comparison, accuracy)
    with laboratory.database.read() as session:
        runs = load_runs(session, comparison.id)
    archive = write_bundle(runs, Assessment.before_any_pair(runs))
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        rows = list(csv.DictReader(io.StringIO(file.read("metrics.csv").decode())))
    assert {row["arm"] for row in rows} == {f"'{name}", "<b>bold & new</b>"}
