import csv
import io

from support.problems import assert_problem


def test_metrics_are_there_epoch_by_epoch_with_their_sums(service, http):
    job = service.start()
    empty = http.get(f"/jobs/{job.id}/metrics").json()
    assert empty["epochs"] == []
    assert empty["totals"] == {"epochs": 0, "train_seconds": 0, "evaluate_seconds": 0, "run_seconds": 0}
    service.report(job, 1, 0.7)
    service.report(job, 2, None)
    metrics = http.get(f"/jobs/{job.id}/metrics").json()
    assert (metrics["job"], metrics["state"]) == (job.id, "running")
    assert [epoch["val_accuracy"] for epoch in metrics["epochs"]] == [0.7, None]
    assert metrics["epochs"][0].pop("recorded_at").endswith("Z")
    assert metrics["epochs"][0] == {
        "epoch": 1,
        "learning_rate": 0.001,
        "loss": 1.0,
        "accuracy": 0.5,
        "val_loss": 0.9,
        "val_accuracy": 0.7,
        "cross_entropy": 0.75,
        "val_cross_entropy": 0.5,
        "val_balanced_accuracy": 0.625,
        "val_macro_f1": 0.375,
        "train_seconds": 0.25,
        "evaluate_seconds": 0.125,
        "compile_seconds": 1.5,
        "elapsed_seconds": 2.0,
    }
    assert metrics["totals"] == {
        "epochs": 2,
        "train_seconds": 0.5,
        "evaluate_seconds": 0.25,
        "run_seconds": 4.0,
    }


def test_the_epoch_of_the_kept_network_is_named_and_counts(service, http):
    job = service.start()
    for epoch, accuracy in enumerate((0.6, 0.7, 0.9), 1):
        service.report(job, epoch, accuracy)
    assert http.get(f"/jobs/{job.id}/metrics").json()["kept_epoch"] is None
    service.finish(job, kept_epoch=2)
    assert http.get(f"/jobs/{job.id}/metrics").json()["kept_epoch"] == 2
    assert http.get(f"/jobs/{job.id}").json()["result"]["kept_epoch"] == 2
    (compared,) = http.get("/comparisons", params={"jobs": job.id}).json()["jobs"]
    assert (compared["kept_epoch"], compared["kept_val_accuracy"], compared["epochs"]) == (2, 0.7, 3)


def test_metrics_are_sent_only_when_they_have_changed(service, http):
    job = service.start()
    service.report(job, 1)
    path = f"/jobs/{job.id}/metrics"
    first = http.get(path)
    etag = first.headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        unchanged = http.get(path, headers={"If-None-Match": known})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == etag
    assert http.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    service.report(job, 2)
    changed = http.get(path, headers={"If-None-Match": etag})
    assert (changed.status_code, len(changed.json()["epochs"])) == (200, 2)
    service.finish(job)
    assert http.get(path, headers={"If-None-Match": changed.headers["etag"]}).status_code == 200


def test_metrics_as_csv(service, http):
    job = service.succeeded([0.7, None])
    path = f"/jobs/{job.id}/metrics"
    response = http.get(path, headers={"Accept": "text/csv"})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert all(not cell or cell[0].isdigit() for row in rows for cell in row.values())  # no text of users
    epochs = http.get(path).json()["epochs"]
    assert [list(row) for row in rows] == [list(epoch) for epoch in epochs]
    shown = [{name: "" if value is None else str(value) for name, value in epoch.items()} for epoch in epochs]
    assert rows == shown


def test_the_highest_ranked_type_is_given(service, http):
    path = f"/jobs/{service.start().id}/metrics"
    for accept, expected in {
        "*/*": "application/json",
        "": "application/json",
        "text/*": "text/csv",
        "text/csv;q=0.5, application/json": "application/json",
        "text/html, text/csv;q=0.9, */*;q=0.1": "text/csv",
        "application/json;q=0, */*": "text/csv",
        "application/json;q=high, text/csv;q=0.1": "text/csv",
    }.items():
        response = http.get(path, headers={"Accept": accept})
        assert response.headers["content-type"].startswith(expected), accept
        assert response.headers["vary"] == "Accept"


def test_a_type_that_cannot_be_given_is_406(service, http):
    response = http.get(f"/jobs/{service.start().id}/metrics", headers={"Accept": "application/xml"})
    assert_problem(response, 406, "not_acceptable", "this can be given as application/json, text/csv")
