import time

from normlab import __version__
from normlab.spec import DATASETS, PRESETS
from normlab.store.jobs import jobs, leases


def test_all_presets_are_listed_and_can_be_sent_back(http):
    listed = http.get("/architectures").json()["data"]
    assert [item["name"] for item in listed] == list(PRESETS)
    by_name = {item["name"]: item for item in listed}
    assert by_name["baseline"]["parameters"] == by_name["baseline"]["trainable_parameters"] == 266_610
    assert by_name["batch_norm"]["parameters"] > by_name["batch_norm"]["trainable_parameters"]
    for item in listed:
        assert item["description"].endswith(".")
        digests = {
            http.post("/jobs?validate_only=true", json={"architecture": architecture}).json()["spec_digest"]
            for architecture in (item["name"], {"layers": item["layers"]})
        }
        assert len(digests) == 1


def test_all_datasets_are_listed(http):
    listed = http.get("/datasets").json()["data"]
    assert [item["name"] for item in listed[: len(DATASETS)]] == list(DATASETS)
    assert listed[0]["classes"][9] == "Ankle boot"
    assert listed[0]["shape"] == [28, 28]


def test_the_index_leads_everywhere(http):
    index = http.get("/").json()
    assert (index["name"], index["version"]) == ("normlab", __version__)
    for path in set(index["links"].values()) - {"/comparisons"}:
        assert http.get(path).status_code == 200, path


def test_a_service_that_can_work_is_ready(http):
    assert http.get("/healthz").json() == {"status": "ok"}
    response = http.get("/readyz")
    checks = {"database": "ok", "migrations": "ok", "broker": "ok"}
    assert (response.status_code, response.json()) == (200, {"status": "ready", "checks": checks})


def test_a_database_without_tables_is_not_ready(tmp_path, broker_url, serve):
    with serve(data_dir=tmp_path, broker_url=broker_url) as http:
        response = http.get("/readyz")
        assert response.status_code == 503
        assert response.json()["status"] == "unavailable"
        assert response.json()["checks"]["migrations"] == "not applied: run `normlab-migrate`"


def test_the_api_takes_back_jobs_of_workers_that_fell_silent(
    tmp_path, sqlite_database, broker_url, serve, make_spec
):
    with sqlite_database.write() as session:
        job = jobs.create(session, make_spec())
        leases.claim(session, job.id, worker="silent", lease_seconds=0.01)
    url = sqlite_database.url.render_as_string(hide_password=False)
    with serve(data_dir=tmp_path, database_url=url, broker_url=broker_url, maintenance_seconds=0.1) as http:
        deadline = time.monotonic() + 20
        while http.get(f"/jobs/{job.id}").json()["state"] != "queued":
            assert time.monotonic() < deadline
            time.sleep(0.05)
