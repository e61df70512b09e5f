import hashlib

import httpx
import pytest
from sqlalchemy import delete

from normlab.serving import OnnxModel
from normlab.spec.export_formats import FORMATS
from normlab.store import ArtifactKind, FormatRequest, artifacts, format_requests
from normlab.store.jobs import workers
from support.networks import linear_network
from support.problems import assert_problem


def formats_of(http, job):
    return [item["format"] for item in http.get(f"/jobs/{job.id}/model").json()["formats"]]


def test_a_model_is_described(service, http):
    job = service.succeeded()
    model = http.get(f"/jobs/{job.id}/model").json()
    assert model["job"] == job.id
    assert [(item["format"], item["bytes"] is None) for item in model["formats"]] == [
        ("keras", False),
        ("litert", True),
        ("onnx", False),
        ("saved_model", True),
    ]
    assert model["layers"][0]["variables"] == [
        {"name": "kernel", "shape": [64, 10], "trainable": True, "dtype": "float32"},
        {"name": "bias", "shape": [10], "trainable": False, "dtype": "float32"},
    ]
    assert (model["parameters"], model["trainable_parameters"]) == (650, 640)
    assert model["input"] == {"shape": [8, 8], "dtype": "float32", "pixel_max": 16}
    assert model["classes"] == list("0123456789")


def test_every_format_is_downloaded_whole(service, http):
    job = service.succeeded()
    made = [item for item in http.get(f"/jobs/{job.id}/model").json()["formats"] if item["bytes"] is not None]
    for item in made:
        response = http.get(item["url"])
        assert response.status_code == 200
        assert response.headers["content-type"] == item["media_type"]
        assert int(response.headers["content-length"]) == item["bytes"] == len(response.content)
        assert hashlib.sha256(response.content).hexdigest() == item["sha256"]
        assert f'filename="{job.id}.{item["format"]}"' in response.headers["content-disposition"]
    pixels = linear_network((8, 8), 10)[1].T.reshape(10, 8, 8)
    assert OnnxModel(http.get(f"/jobs/{job.id}/model/onnx").content)(pixels).shape == (10, 10)


def test_a_file_that_the_client_has_is_not_sent_again(service, http):
    path = f"/jobs/{service.succeeded().id}/model/onnx"
    etag = http.get(path).headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        unchanged = http.get(path, headers={"If-None-Match": known})
        assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", etag)
    assert http.get(path, headers={"If-None-Match": '"other"'}).content


@pytest.mark.parametrize("path", ["model", "model/onnx", "model/keras"])
def test_a_job_that_has_not_succeeded_has_no_model(service, http, path):
    for job, state in ((service.create(), "queued"), (service.start(), "running")):
        response = http.get(f"/jobs/{job.id}/{path}")
        assert_problem(response, 409, "wrong_state", f"is {state}", "only a job that has succeeded")


@pytest.mark.parametrize("name", ["pickle", "history", "test_correct", "..%2f..%2fetc%2fpasswd"])
def test_other_formats_are_not_there(service, http, name):
    response = http.get(f"/jobs/{service.succeeded().id}/model/{name}")
    assert_problem(response, 404, "not_found")


def test_a_format_that_could_not_be_exported_says_so(service, http):
    job = service.start()
    service.finish(job, with_onnx=False)
    assert "onnx" not in formats_of(http, job)
    response = http.get(f"/jobs/{job.id}/model/onnx")
    assert_problem(response, 404, "not_found", "the version of Normlab that trained it did not make one")


def test_every_format_has_its_ending_and_its_reason_when_it_is_missing(service, http):
    job = service.start()
    more = {ArtifactKind.SAVED_MODEL: b"a folder", ArtifactKind.LITERT: b"a flatbuffer"}
    service.finish(job, with_onnx=False, more=more, export_errors={"onnx": "ValueError: no such operation"})
    assert formats_of(http, job) == ["keras", "litert", "saved_model"]
    for name, ending in (("keras", "keras"), ("saved_model", "zip"), ("litert", "tflite")):
        response = http.get(f"/jobs/{job.id}/model/{name}")
        assert f'filename="{job.id}.{ending}"' in response.headers["content-disposition"]
    response = http.get(f"/jobs/{job.id}/model/onnx")
    assert_problem(response, 404, "not_found", "it could not be made (ValueError: no such operation)")


def test_a_format_on_request_is_asked_for_once_and_waited_for(service, http):
    job = service.succeeded()
    with service.database.write() as session:
        workers.keep(session, "", [])  # of other tests
        session.execute(delete(FormatRequest))
    for _ in range(2):
        response = http.get(f"/jobs/{job.id}/model/litert")
        assert response.status_code == 202
        assert response.headers["retry-after"] == "2"
        assert response.json()["format"] == "litert"
        assert "no worker runs at present: ask again" in response.json()["detail"]
    with service.database.write() as session:
        workers.announce(session, "worker-1", has_gpu=False)
    detail = http.get(f"/jobs/{job.id}/model/litert").json()["detail"]
    assert detail.endswith("when it is first asked for: ask again in some seconds")
    with service.database.write() as session:
        request = format_requests.take(session, lease_seconds=60)
        assert (request.job_id, request.kind) == (job.id, "litert")
        assert format_requests.take(session, lease_seconds=60) is None
    with service.database.write() as session:
        assert format_requests.finish(session, request, "no such operation")
    response = http.get(f"/jobs/{job.id}/model/litert")
    assert_problem(response, 404, "not_found", "it could not be made (no such operation)")
    assert formats_of(http, job) == ["keras", "onnx", "saved_model"]


def test_the_document_has_every_format_and_its_media_type(http):
    operation = http.get("/openapi.json").json()["paths"]["/jobs/{job_id}/model/{format}"]["get"]
    assert set(operation["responses"]["200"]["content"]) == {kind.media_type for kind in FORMATS}
    (described,) = (item["description"] for item in operation["parameters"] if item["name"] == "format")
    assert all(f"`{kind}`" in described for kind in FORMATS)


def test_a_damaged_file_is_not_delivered_whole(service, http):
    job = service.succeeded()
    with service.database.read() as session:
        keras, onnx = (artifacts.get(session, job.id, kind) for kind in ("keras", "onnx"))
    for file in (keras, onnx):
        path = service.folder / "artifacts" / file.path
        path.write_bytes(b"x" + path.read_bytes()[1:])
    # Short ones are seen through before the answer begins, long ones end early.
    assert_problem(http.get(f"/jobs/{job.id}/model/onnx"), 500, "artifact_error")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        http.get(f"/jobs/{job.id}/model/keras")


def test_a_stored_file_that_is_lost_is_named(service, http):
    job = service.succeeded()
    with service.database.read() as session:
        file = artifacts.get(session, job.id, ArtifactKind.KERAS)
    (service.folder / "artifacts" / file.path).unlink()
    problem = assert_problem(http.get(f"/jobs/{job.id}/model/keras"), 410, "artifact_lost")
    assert str(service.folder) not in str(problem)
