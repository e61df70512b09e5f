import json

import numpy as np
import pytest

from support.networks import probabilities


@pytest.fixture(scope="module")
def named(service):
    """A name with two versions, and the jobs of these."""
    jobs = [service.succeeded(), service.succeeded()]
    for job in jobs:
        service.http.put("/models/served", json={"job": job.id})
    yield jobs
    service.http.delete("/models/served")


def digits(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 17, (count, 8, 8))


def test_rows_and_columns_are_classified(service, http, named):
    rows = digits(3).tolist()
    expected = probabilities(service.weights[named[1].id], digits(3).astype(np.float32))
    for body, key in (
        ({"instances": rows}, "predictions"),
        (
            {"instances": digits(3).reshape(3, 64).tolist(), "signature_name": "serving_default"},
            "predictions",
        ),
        ({"instances": [{"pixels": row} for row in rows]}, "predictions"),
        ({"inputs": rows}, "outputs"),
        ({"inputs": {"pixels": rows}}, "outputs"),
    ):
        for path in ("/v1/models/served:predict", "/v1/models/served/versions/2:predict"):
            answer = http.post(path, json=body).json()
            assert list(answer) == [key]
            np.testing.assert_allclose(answer[key], expected, atol=1e-6)
    first = http.post("/v1/models/served/versions/1:predict", json={"instances": rows}).json()
    by_job = http.post(f"/v1/models/{named[0].id}:predict", json={"instances": rows}).json()
    assert first == by_job
    assert not np.allclose(first["predictions"], expected)


@pytest.mark.usefixtures("named")
def test_models_are_described(http):
    for path, version in (("/v1/models/served", "2"), ("/v1/models/served/versions/1", "1")):
        answer = http.get(path).json()
        assert (answer["name"], answer["ready"]) == ("served", True)  # as KServe's clients read it
        (state,) = answer["model_version_status"]
        assert state == {
            "version": version,
            "state": "AVAILABLE",
            "status": {"error_code": "OK", "error_message": ""},
        }
        metadata = http.get(f"{path}/metadata").json()
        assert metadata["model_spec"] == {"name": "served", "signature_name": "", "version": version}
        signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
        sizes = signature["inputs"]["pixels"]["tensor_shape"]["dim"]
        assert [size["size"] for size in sizes] == ["-1", "8", "8"]
        assert signature["outputs"]["probabilities"]["dtype"] == "DT_FLOAT"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("{", "the body is not valid JSON"),
        ([], "the body must be an object"),
        ({}, "either instances (rows) or inputs (columns)"),
        ({"instances": [[0] * 64], "inputs": [[0] * 64]}, "either instances (rows) or inputs (columns)"),
        ({"instances": [[0] * 64], "signature_name": "other"}, "/signature_name: the model has one signature"),
        ({"instances": []}, "/instances: instances is empty"),
        ({"instances": 3}, "/instances: instances must be a list"),
        ({"instances": [[0] * 63]}, "/instances/0: this list has 63 entries instead of 64"),
        ({"instances": [{"image": [0] * 64}]}, "/instances/0: the model has one input, pixels"),
        ({"instances": [[0] * 64] * 21}, "21 instances are too many"),
        ({"instances": [["0"] * 64]}, "/instances/0/0: a pixel must be a number, not a string"),
        ({"instances": [[True] * 64]}, "/instances/0/0: a pixel must be a number, not a boolean"),
        ({"instances": [[float("inf")] * 64]}, "NaN and infinity"),
        ({"inputs": {"image": [[0] * 64]}}, "/inputs: the model has one input, pixels"),
        ({"inputs": {"pixels": [[17] * 64]}}, "/inputs/pixels/0/0: 17 is not a raw pixel value"),
        ({"inputs": [[0] * 64, [0] * 63]}, "/inputs/1: this list has 63 entries"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("named")
def test_bad_requests_are_answered_as_the_protocol_says(http, body, sentence):
    content = body if isinstance(body, str) else json.dumps(body)
    response = http.post("/v1/models/served:predict", content=content)
    assert response.status_code == 400
    assert list(response.json()) == ["error"]
    assert sentence in response.json()["error"]


@pytest.mark.usefixtures("named")
def test_what_is_not_there_says_so(service, http):
    body = {"instances": [[0] * 64]}
    for path, status, sentence in (
        ("/v1/models/nothing:predict", 404, "there is no model nothing"),
        ("/v1/models/served/versions/3:predict", 404, "there is no model served version 3"),
        ("/v1/models/served/versions/x:predict", 400, '"x" is no version'),
        (f"/v1/models/served/versions/{'1' * 5000}:predict", 404, "there is no version 111"),
        (f"/v1/models/{service.create().id}:predict", 409, "is queued"),
    ):
        response = http.post(path, json=body)
        assert (response.status_code, list(response.json())) == (status, ["error"])
        assert sentence in response.json()["error"]
    response = http.post("/v1/models/served:predict", content=b"x" * 100_001)
    assert (response.status_code, list(response.json())) == (413, ["error"])
