"""The Open Inference Protocol, spoken by Triton's own client, which nothing here changes."""

import json
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from support.networks import probabilities

SHAPE = (8, 8)


@pytest.fixture
def client(http: httpx.Client) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(f"{http.base_url.host}:{http.base_url.port}") as client:
        yield client


@pytest.fixture(scope="module")
def named(service):
    """A name with two versions, and the jobs of these."""
    jobs = [service.succeeded(), service.succeeded()]
    for job in jobs:
        assert service.http.put("/models/inferred", json={"job": job.id}).status_code in (200, 201)
    yield jobs
    service.http.delete("/models/inferred")


def digits(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 17, (count, *SHAPE))


def tensor(values: np.ndarray, datatype: str = "FP32", *, binary: bool = True) -> triton.InferInput:
    given = triton.InferInput("pixels", list(values.shape), datatype)
    given.set_data_from_numpy(values.astype(triton.triton_to_np_dtype(datatype)), binary_data=binary)
    return given


def test_the_server_and_its_models_are_described(client, named):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.get_server_metadata()["name"] == "normlab"
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    assert client.is_model_ready("inferred")
    assert client.is_model_ready("inferred", "1")
    assert not client.is_model_ready("inferred", "3")
    assert not client.is_model_ready("nothing")
    assert client.get_model_metadata("inferred") == {
        "name": "inferred",
        "versions": ["1", "2"],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": "pixels", "datatype": "FP32", "shape": [-1, 8, 8]}],
        "outputs": [{"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]}],
    }
    assert client.get_model_metadata(named[0].id)["versions"] == ["1"]
    found = [item for item in client.get_model_repository_index() if item["name"] == "inferred"]
    assert found == [
        {"name": "inferred", "version": version, "state": "READY", "reason": ""} for version in ("1", "2")
    ]


@pytest.mark.parametrize("datatype", ["FP32", "FP64", "FP16", "UINT8", "INT32", "INT64"])
@pytest.mark.parametrize("binary", [True, False])
def test_tensors_are_classified(service, client, named, datatype, binary):
    if datatype == "FP16" and not binary:
        pytest.skip("the client sends FP16 as bytes only")
    for count in (1, 5):
        for values in (digits(count), digits(count).reshape(count, 64)):
            outputs = [triton.InferRequestedOutput("probabilities", binary_data=binary)]
            result = client.infer(
                "inferred", [tensor(values, datatype, binary=binary)], outputs=outputs, request_id="seven"
            )
            expected = probabilities(service.weights[named[1].id], digits(count).astype(np.float32))
            np.testing.assert_allclose(result.as_numpy("probabilities"), expected, atol=1e-6)
            response = result.get_response()
            assert (response["id"], response["model_name"], response["model_version"]) == (
                "seven",
                "inferred",
                "2",
            )


def test_versions_and_jobs_are_asked_for(service, client, named):
    expected = probabilities(service.weights[named[0].id], digits(2).astype(np.float32))
    for name, version in (("inferred", "1"), (named[0].id, "")):
        result = client.infer(name, [tensor(digits(2))], model_version=version)
        np.testing.assert_allclose(result.as_numpy("probabilities"), expected, atol=1e-6)


@pytest.mark.usefixtures("named")
def test_no_output_named_means_all(http):
    plain = http.post("/v2/models/inferred/infer", json=one()).json()
    assert http.post("/v2/models/inferred/infer", json={**one(), "outputs": []}).json() == plain


@pytest.mark.usefixtures("named")
def test_a_name_with_a_colon_and_equal_names_of_tensors_are_fine(http):
    body = {**one(), "id": "a:b", "outputs": [{"name": "probabilities"}]}
    answer = http.post("/v2/models/inferred/infer", json=body)
    assert (answer.status_code, answer.json()["id"]) == (200, "a:b")


def test_health_is_told_as_json(http):
    assert http.get("/v2/health/live").json() == {"live": True}
    assert http.get("/v2/health/ready").json() == {"ready": True}


def test_a_database_without_tables_is_not_ready(tmp_path, broker_url, serve):
    with serve(data_dir=tmp_path, broker_url=broker_url) as http:
        assert http.get("/v2/health/live").status_code == 200
        answer = http.get("/v2/health/ready")
        assert (answer.status_code, answer.json()["ready"]) == (503, False)
        assert "migrations: not applied" in answer.json()["error"]


def test_data_may_be_flat_or_nested(service, http, named):
    expected = probabilities(service.weights[named[1].id], digits(2).astype(np.float32))
    for data in (digits(2).tolist(), digits(2).reshape(2, 64).tolist(), digits(2).reshape(-1).tolist()):
        given = {"name": "pixels", "datatype": "FP32", "shape": [2, 8, 8], "data": data}
        answer = http.post("/v2/models/inferred/infer", json={"inputs": [given]}).json()
        assert "id" not in answer
        (output,) = answer["outputs"]
        assert output["shape"] == [2, 10]
        np.testing.assert_allclose(np.reshape(output["data"], (2, 10)), expected, atol=1e-6)


@pytest.mark.usefixtures("named")
def test_the_client_sees_what_is_wrong(client):
    with pytest.raises(InferenceServerException, match="there is no model nothing"):
        client.infer("nothing", [tensor(digits(1))])
    with pytest.raises(InferenceServerException, match="there is no model inferred version 9"):
        client.infer("inferred", [tensor(digits(1))], model_version="9")
    with pytest.raises(InferenceServerException, match=r"shape must be \[n, 8, 8\] or \[n, 64\]"):
        client.infer("inferred", [tensor(np.zeros((2, 63)))])
    with pytest.raises(InferenceServerException, match="compressed"):
        client.infer("inferred", [tensor(digits(1))], request_compression_algorithm="gzip")


def one(**changes: object) -> dict[str, object]:
    good = {"name": "pixels", "datatype": "FP32", "shape": [1, 64], "data": [0] * 64}
    return {"inputs": [good | changes]}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("{", "the body is not valid JSON"),
        ([], "the body must be an object"),
        ({}, "/inputs: inputs must be a list of one tensor, pixels"),
        ({"inputs": []}, "/inputs: inputs must be a list of one tensor"),
        ({**one(), "id": 3}, "/id: id must be a string"),
        (one(name="image"), "/inputs/0/name: the model's input is called pixels"),
        (one(datatype="BYTES"), "/inputs/0/datatype: datatype must be one of UINT8"),
        (one(datatype=None), "/inputs/0/datatype"),
        (one(shape=[1, 63]), "/inputs/0/shape: shape must be [n, 8, 8] or [n, 64]"),
        (one(shape=[-1, 64]), "/inputs/0/shape"),
        (one(shape=[1.0, 64]), "/inputs/0/shape"),
        (one(shape=[0, 64], data=[]), "/inputs/0/shape: the tensor is empty"),
        (one(shape=[21, 64], data=[0] * 64 * 21), "21 instances are too many"),
        (one(shape=[2, 64]), "/inputs/0/data: data has 64 numbers, but the shape says 128"),
        (one(shape=[2, 64], data=[[0] * 64]), "/inputs/0/data: data has 1 images, but the shape says 2"),
        (one(data=[[0] * 64, [0] * 63]), "/inputs/0/data/1: this list has 63 entries"),
        (one(data=["0"] * 64), "/inputs/0/data/0/0: a pixel must be a number, not a string"),
        (one(data=[17] * 64), "17 is not a raw pixel value of this dataset"),
        (one(data=[float("nan")] * 64), "NaN and infinity"),
        (one(data=None), "/inputs/0/data: data must be a list"),
        (one(parameters=3), "/inputs/0/parameters: parameters must be an object"),
        (one(parameters={"binary_data_size": 64}), "binary_data_size must be the 0 bytes"),
        ({**one(), "outputs": [{"name": "x"}]}, "/outputs/0/name: the model's output is called probabilities"),
        ({**one(), "outputs": 3}, "/outputs: outputs must be a list"),
        ({**one(), "parameters": {"binary_data_output": 1}}, "true or false"),
        (
            {**one(), "outputs": [{"name": "probabilities", "parameters": {"classification": 3}}]},
            "the classification extension is not supported",
        ),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("named")
def test_bad_requests_are_answered_as_the_protocol_says(http, body, sentence):
    content = body if isinstance(body, str) else json.dumps(body)
    response = http.post("/v2/models/inferred/infer", content=content)
    assert response.status_code == 400
    assert list(response.json()) == ["error"]
    assert sentence in response.json()["error"]


@pytest.mark.parametrize(
    ("tail", "size", "sentence"),
    [
        (b"\0" * 63, 64, "binary_data_size must be the 63 bytes"),
        (b"\0" * 63, 63, "shape and datatype make 64 bytes, but 63 were sent"),
        (b"\0" * 64, True, "binary_data_size must be the 64 bytes"),
        (b"\x11" * 64, 64, "not raw pixel values of this dataset, 0 to 16"),
    ],
)
@pytest.mark.usefixtures("named")
def test_bad_binary_tensors_are_refused(http, tail, size, sentence):
    given = {
        "name": "pixels",
        "datatype": "UINT8",
        "shape": [1, 64],
        "parameters": {"binary_data_size": size},
    }
    head = json.dumps({"inputs": [given]}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    response = http.post("/v2/models/inferred/infer", content=head + tail, headers=headers)
    assert response.status_code == 400
    assert sentence in response.json()["error"]


@pytest.mark.parametrize("length", ["x", "-1", "100000", "9" * 5000])
@pytest.mark.usefixtures("named")
def test_a_header_length_that_lies_is_refused(http, length):
    headers = {"Inference-Header-Content-Length": length}
    response = http.post("/v2/models/inferred/infer", json=one(), headers=headers)
    assert response.status_code == 400
    assert "must be the length of the body's JSON part" in response.json()["error"]


@pytest.mark.usefixtures("named")
def test_other_errors_have_the_protocols_form_too(service, http):
    for path, status, sentence in (
        ("/v2/models/inferred/versions/one", 400, "is no version"),
        (
            f"/v2/models/inferred/versions/{'1' * 20}",
            404,
            "there is no version 11111111111111111111 of model inferred",
        ),
        (f"/v2/models/inferred/versions/{'1' * 5000}", 404, "there is no version 111"),
        ("/v2/models/inferred/versions/99999999999999", 404, "there is no model"),
        ("/v2/models/a%00b", 404, "there is no model"),
        (f"/v2/models/{service.start().id}/ready", 409, "only a job that has succeeded can predict"),
    ):
        response = http.get(path)
        assert (response.status_code, list(response.json())) == (status, ["error"])
        assert sentence in response.json()["error"]
    response = http.post("/v2/models/inferred/infer", content=b"x" * 100_001)
    assert (response.status_code, list(response.json())) == (413, ["error"])
