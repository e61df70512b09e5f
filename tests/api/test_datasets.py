"""``/datasets``: uploads are streamed into the artifact store and become versions; failed ones leave nothing."""

import errno
import io
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from api.maintenance import StudyMaintenance
from normlab.runtime.notifier import Notifier
from normlab.settings import Settings
from normlab.spec import DATASETS
from normlab.store import DatasetState
from normlab.store.artifact_writing import Writing
from normlab.store.datasets import checks, versions
from normlab.store.datasets.checks import Checked, StoredArray

MAX_DATASET_BYTES = 3_000_000
"""As the service of these tests has it."""
CONTENT = {
    "digest": f"sha256:{'1' * 64}",
    "shape": [8, 8],
    "classes": ["a", "b"],
    "training_samples": 80,
    "test_samples": 20,
    "default_validation_samples": 8,
    "pixel_max": 255,
}
READING = {"format": "npz", "parts": {"training": "rest", "validation": "stratified"}, "seed": 0, "extra": {}}
SPEC = {"architecture": "baseline", "training": {"epochs": 1}}


@pytest.fixture(autouse=True)
def _nothing_left_to_check(service) -> Iterator[None]:
    """Versions that a test leaves in the state ``checking`` are not taken by the next one's checks."""
    yield
    for uploaded in service.http.get("/datasets").json()["data"][len(DATASETS) :]:
        for version in service.http.get(uploaded["links"]["versions"]).json()["data"]:
            if version["state"] == "checking":
                service.http.post(f"{version['links']['self']}/cancel").raise_for_status()


def uploads(service) -> list[str]:
    folder = service.folder / "artifacts" / "uploads"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, x=np.zeros((4, 8, 8), np.uint8), y=np.arange(4))
    return buffer.getvalue()


def add(service, name: str, content: bytes = b"some bytes", **query) -> dict:
    response = service.http.post("/datasets", params={"name": name, **query}, content=content)
    assert response.status_code == 202, response.text
    return response.json()


def end(service, found: Checked | str) -> DatasetState | None:
    """Check the version that waits longest, as a worker would."""
    with service.database.write() as session:
        taken = checks.take(session, worker="test", lease_seconds=60)
        assert taken is not None
        return checks.finish(session, taken, found)


def ready(service, name: str, files: tuple[StoredArray, ...] = ()) -> dict:
    made = add(service, name)
    assert end(service, Checked(CONTENT, READING, {}, files)) is DatasetState.READY
    return made


def test_a_body_becomes_the_next_version_of_its_name(service):
    content = npz()
    response = service.http.post(
        "/datasets",
        params={"name": "body", "seed": 7, "turn": "true", "image_size": "16x16"},
        content=content,
    )
    made = response.json()
    assert (response.status_code, response.headers["location"]) == (202, "/datasets/body/versions/1")
    assert (made["name"], made["version"], made["state"], made["progress"]) == ("body", 1, "checking", None)
    assert made["file"]["bytes"] == len(content)
    assert (made["options"]["seed"], made["options"]["turn"], made["options"]["image_size"]) == (
        7,
        True,
        "16x16",
    )
    assert made["id"] in uploads(service)
    assert (service.folder / "artifacts" / "uploads" / made["id"]).read_bytes() == content
    assert service.http.get(response.headers["location"]).json() == made
    assert service.http.get("/datasets/body").json() == made
    assert add(service, "body")["version"] == 2
    assert [each["version"] for each in service.http.get("/datasets/body/versions").json()["data"]] == [2, 1]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="Teile.zip"', "Teile.zip"),
        ('attachment; filename="Stücke/"'.encode(), "Stücke/"),
        ("attachment; filename*0*=a; filename=b; filename*=c", "b"),
        ("attachment", None),
    ],
)
def test_a_bodys_own_name_is_kept_for_people(service, header, name):
    made = service.http.post(
        "/datasets", params={"name": "named"}, content=npz(), headers={"Content-Disposition": header}
    )
    assert made.json()["file"]["name"] == name


def test_a_forms_file_and_fields_may_come_in_any_order(service):
    content = b"\r\n--".join([b"x" * 100_000] * 20)  # as a boundary begins
    response = service.http.post(
        "/datasets",
        data={"name": "form", "label_column": "class", "validation": "first", "test_fraction": "0.5"},
        files={"file": ("parts\u202e.zip", content)},
    )
    made = response.json()
    assert response.status_code == 202, made
    assert (made["name"], made["file"]["name"], made["file"]["bytes"]) == ("form", "parts.zip", len(content))
    assert (made["options"]["label_column"], made["options"]["test_fraction"]) == ("class", 0.5)
    assert (service.folder / "artifacts" / "uploads" / made["id"]).read_bytes() == content


@pytest.mark.parametrize(
    ("query", "form", "phrase"),
    [
        ({}, {}, "name"),
        ({"name": "digits"}, None, "digits is a dataset that Normlab brings along"),
        ({"name": "job_parts"}, None, "not with `job_`"),
        ({"name": "p", "seeds": "1"}, None, "did you mean `seed`"),
        ({"name": "p", "image_size": "16"}, None, "height x width"),
        ({"name": "p", "turn": "on"}, None, "true or false"),
        ({"name": "p", "seed": "1"}, {"seed": "2"}, "/seed: is in the query, too"),
        ({}, {"name": "fashion_mnist"}, "/name: should be another name"),
        ({}, {"name": "p", "labels": "x"}, "/labels: is not known here"),
        ({}, {"name": "p", "test_fraction": "2"}, "/test_fraction"),
        ({}, {"name": "p", "label_column": "x" * 5000}, "/label_column: is larger"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(service, query, form, phrase):
    before = uploads(service)
    body = {"content": b"data"} if form is None else {"data": form, "files": {"file": ("f", b"data")}}
    response = service.http.post("/datasets", params=query, **body)
    assert response.status_code == 422, response.text
    assert phrase in response.json()["detail"]
    assert uploads(service) == before


def test_forms_that_are_none_are_refused(service):
    before = uploads(service)

    def post(body: bytes, kind: str = "multipart/form-data; boundary=b") -> tuple[int, str]:
        response = service.http.post("/datasets?name=p", content=body, headers={"Content-Type": kind})
        return response.status_code, response.json()["detail"]

    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\ndata'
    assert post(part, "multipart/form-data")[0] == 400
    assert post(b"no form at all") == (400, post(b"no form at all")[1])
    assert post(part) == (400, "the form breaks off before its end")
    assert "came twice" in post(part + b"\r\n" + part + b"\r\n--b--\r\n")[1]
    assert (
        "is missing"
        in post(b'--b\r\nContent-Disposition: form-data; name="turn"\r\n\r\ntrue\r\n--b--\r\n')[1]
    )
    assert "is empty" in post(part.removesuffix(b"data") + b"\r\n--b--\r\n")[1]
    assert service.http.post("/datasets?name=p", content=b"").status_code == 422
    assert uploads(service) == before


def test_an_upload_that_breaks_off_leaves_nothing(service):
    before = uploads(service)
    url = service.http.base_url
    head = f"POST /datasets?name=broken HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: 2000000\r\n\r\n"
    with socket.create_connection((url.host, url.port)) as connection:
        connection.sendall(head.encode() + b"x" * 1_500_000)
        deadline = time.monotonic() + 20
        while uploads(service) == before:  # it has begun
            assert time.monotonic() < deadline
            time.sleep(0.01)
    while uploads(service) != before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert service.http.get("/datasets/broken").status_code == 404


@pytest.mark.parametrize("says_its_length", [True, False])
def test_a_file_over_the_limit_is_refused(service, says_its_length):
    before = uploads(service)
    content = b"x" * (MAX_DATASET_BYTES + 1)
    response = service.http.post(
        "/datasets?name=large", content=content if says_its_length else iter([content])
    )
    assert response.status_code == 413
    assert str(MAX_DATASET_BYTES) in response.json()["detail"]
    assert uploads(service) == before


def test_a_full_disk_is_said_and_leaves_nothing(service, monkeypatch):
    def full(_self: Writing, _chunk: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = uploads(service)
    monkeypatch.setattr(Writing, "write", full)
    response = service.http.post("/datasets?name=full", content=b"data")
    assert (response.status_code, response.json()["code"]) == (507, "disk_full")
    assert uploads(service) == before


def test_an_artifact_store_that_is_away_is_said(service, monkeypatch):
    def away(_self: Writing, _chunk: bytes) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Writing, "write", away)
    response = service.http.post("/datasets?name=away", content=b"data")
    assert (response.status_code, response.json()["code"]) == (503, "artifacts_unavailable")


def test_uploads_that_nobody_waits_for_are_deleted(service):
    waiting = add(service, "waiting")["id"]
    folder = service.folder / "artifacts" / "uploads"
    for name in ("ds_left_by_a_killed_process", "ds_still_coming"):
        (folder / name).write_bytes(b"half of it")
    for name in (waiting, "ds_left_by_a_killed_process"):
        os.utime(folder / name, (1, 1))
    notifier = Notifier(service.broker.broker_url)
    settings = Settings(data_dir=service.folder)
    StudyMaintenance(service.database, service.artifacts, notifier, settings).sweep()
    notifier.close()
    assert {waiting, "ds_still_coming"} <= set(uploads(service))
    assert "ds_left_by_a_killed_process" not in uploads(service)
    (folder / "ds_still_coming").unlink()


def test_a_key_makes_one_version(service):
    before = uploads(service)
    headers = {"Idempotency-Key": "add-once"}

    def post(content: bytes):
        return service.http.post("/datasets?name=once", content=content, headers=headers)

    first, again, other = post(b"same"), post(b"same"), post(b"other")
    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert sorted([*before, first.json()["id"]]) == uploads(service)


def test_the_built_in_ones_are_listed_first_and_word_for_word(service):
    built_in = ",".join(info.model_dump_json() for info in DATASETS.values())
    assert service.http.get("/datasets").text.startswith(f'{{"data":[{built_in}')
    ready(service, "listed")
    found = {each["name"]: each for each in service.http.get("/datasets").json()["data"]}["listed"]
    assert (found["state"], found["shape"], found["classes"]) == ("ready", [8, 8], ["a", "b"])
    assert "card" not in found
    assert service.http.get("/datasets/digits").json() == DATASETS["digits"].model_dump(mode="json")
    for path in ("/datasets/digits/versions", "/datasets/digits/pictures/mean.png", "/datasets/none"):
        assert service.http.get(path).status_code == 404
    assert service.http.delete("/datasets/digits").status_code == 404


def test_a_cards_pictures_are_given_with_their_etag(service, tmp_path: Path):
    picture = tmp_path / "mean.png"
    picture.write_bytes(b"a picture")
    written = service.artifacts.put_file("ds_pictures/1/mean.png", picture)
    ready(service, "pictures", (StoredArray(name="pictures/mean.png", **vars(written)),))
    for path in ("/datasets/pictures/pictures/mean.png", "/datasets/pictures/versions/1/pictures/mean.png"):
        response = service.http.get(path)
        assert (response.content, response.headers["content-type"]) == (b"a picture", "image/png")
        known = service.http.get(path, headers={"If-None-Match": response.headers["etag"]})
        assert known.status_code == 304
    assert service.http.get("/datasets/pictures/pictures/none.png").status_code == 404


def test_a_card_has_an_etag_that_changes_with_it(service):
    add(service, "tagged")
    path = "/datasets/tagged"
    tag = service.http.get(path).headers["etag"]
    assert service.http.get(f"{path}/versions/1", headers={"If-None-Match": tag}).status_code == 304
    with service.database.write() as session:
        versions.get(session, "tagged").progress = {"phase": "reading", "samples": 10}
    later = service.http.get(path, headers={"If-None-Match": tag})
    assert (later.status_code, later.json()["progress"]["samples"]) == (200, 10)
    builtin = service.http.get("/datasets/digits")
    known = service.http.get("/datasets/digits", headers={"If-None-Match": builtin.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_a_check_is_cancelled(service):
    made = add(service, "cancelled")
    response = service.http.post("/datasets/cancelled/cancel")
    assert (response.status_code, response.json()["state"]) == (202, "cancelled")
    assert made["id"] not in uploads(service)
    assert service.http.post("/datasets/cancelled/versions/1/cancel").status_code == 200
    ready(service, "cancelled")
    assert service.http.post("/datasets/cancelled/cancel").status_code == 409


def test_a_job_gets_the_newest_version_and_records_it(service):
    ready(service, "trained")
    ready(service, "trained")
    jobs = [
        service.http.post("/jobs", json={**SPEC, "dataset": dataset}).json()
        for dataset in ("trained", {"name": "trained", "version": 1})
    ]
    assert [job["spec"]["dataset"]["version"] for job in jobs] == [2, 1]
    assert jobs[0]["spec"]["dataset"]["content"] == CONTENT
    assert jobs[0]["spec_digest"] == jobs[1]["spec_digest"], "the same content"
    validated = service.http.post("/jobs?validate_only=true", json={**SPEC, "dataset": "trained"}).json()
    assert validated["spec"]["dataset"]["version"] == 2
    response = service.http.delete("/datasets/trained")
    assert (response.status_code, jobs[1]["id"] in response.json()["detail"]) == (409, True)
    for job in jobs:
        service.http.post(f"/jobs/{job['id']}/cancel").raise_for_status()
        service.http.delete(f"/jobs/{job['id']}").raise_for_status()
    assert service.http.delete("/datasets/trained").status_code == 204
    assert service.http.get("/datasets/trained").status_code == 404


def test_a_comparison_uses_the_versions_of_its_arms(service):
    ready(service, "compared")
    arms = [
        {"name": name, "spec": {**SPEC, "architecture": name, "dataset": "compared"}}
        for name in ("baseline", "batch_norm")
    ]
    made = service.http.post("/comparisons", json={"arms": arms, "replicates": 2})
    assert made.status_code == 202, made.text
    response = service.http.delete("/datasets/compared/versions/1")
    assert (response.status_code, made.json()["id"] in response.json()["detail"]) == (409, True)
    service.http.post(f"/comparisons/{made.json()['id']}/cancel").raise_for_status()
    service.http.delete(f"/comparisons/{made.json()['id']}?with_jobs=true").raise_for_status()
    assert service.http.delete("/datasets/compared/versions/1").status_code == 204


def test_why_a_dataset_cannot_be_used_is_said_at_its_place(service):
    def refused(dataset: object) -> tuple[str, str]:
        response = service.http.post("/jobs", json={**SPEC, "dataset": dataset})
        assert response.status_code == 422, response.text
        (problem,) = response.json()["errors"]
        return problem["pointer"], problem["detail"]

    ready(service, "states")
    add(service, "states")
    pointer, detail = refused("states")
    assert pointer == "/dataset/name"
    assert "version 2 of dataset states is still being checked" in detail
    assert '"version": 1' in detail
    end(service, "row 7 is short")
    assert "was refused: row 7 is short" in refused({"name": "states", "version": 2})[1]
    assert refused({"name": "states", "version": 3}) == (
        "/dataset/version",
        "dataset states has no version 3",
    )
    assert 'did you mean "states"' in refused("statess")[1]
    assert refused("nothing-like-it")[0] == "/dataset/name"
    add(service, "states")
    service.http.post("/datasets/states/cancel").raise_for_status()
    assert "version 2 of dataset states was refused" in refused("states")[1], "as if it had not come"
