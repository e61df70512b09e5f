"""The documents that the API promises are those that the client reads, also when the service is newer."""

import inspect
import json
import subprocess
import sys
import threading
import typing
from collections.abc import Iterator
from enum import Enum
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from pydantic import BaseModel

from api import examples
from api.comparisons import examples as comparison_examples
from api.datasets import examples as dataset_examples
from api.inference import examples as inference_examples
from api.jobs import examples as job_examples
from api.models import examples as model_examples
from api.probes import examples as probe_examples
from normlab import documents
from normlab.client import Client
from normlab.client.transport import Transport
from normlab.documents.base import Document
from normlab.documents.comparisons import ComparisonDocument
from normlab.documents.dataset_versions import DatasetList
from normlab.documents.environments import JobEnvironment
from normlab.documents.jobs import JobDocument
from normlab.documents.metrics import MetricsDocument
from normlab.documents.states import JobState
from normlab.errors import ServiceError
from normlab.spec.environment import ENVIRONMENT
from normlab.spec.open_enum import OpenEnum

TABLES = (
    examples,
    comparison_examples,
    dataset_examples,
    inference_examples,
    job_examples,
    model_examples,
    probe_examples,
)
EXAMPLES = [
    pytest.param(model, example, id=f"{model.__name__}{number}")
    for table in TABLES
    for model, shown in table.EXAMPLES.items()
    if issubclass(model, Document)
    for number, example in enumerate(shown)
]


def documents_of_the_package() -> set[type[BaseModel]]:
    """All documents, and what of the spec they contain."""
    found: set[type[BaseModel]] = set()
    for module in iter_modules(documents.__path__, f"{documents.__name__}."):
        for _, item in inspect.getmembers(import_module(module.name), inspect.isclass):
            if issubclass(item, BaseModel) and item.__module__.startswith("normlab."):
                found.add(item)
    return found


def newer(part: Any, written: Any) -> Any:
    """What a newer service would write of a part of a document: each object has a field that nobody knows."""
    if isinstance(part, BaseModel):
        names = {name: field.alias or name for name, field in type(part).model_fields.items()}
        known = {
            alias: newer(getattr(part, name), written[alias])
            for name, alias in names.items()
            if alias in written  # a field may be left out where it is not set
        }
        return known | {"of_the_future": {"x": [1]}}
    if isinstance(part, dict):
        return {name: newer(part[name], inner) for name, inner in written.items()}
    if isinstance(part, tuple):
        return [newer(item, inner) for item, inner in zip(part, written, strict=True)]
    return written


@pytest.mark.parametrize(("model", "example"), EXAMPLES)
def test_a_field_of_a_newer_service_is_kept(model: type[Document], example: dict[str, Any]) -> None:
    document = model.model_validate(example)
    assert document.model_extra is None  # who writes a document does not send what it happens to get
    read = model.read(json.dumps(newer(document, document.model_dump(mode="json", by_alias=True))))
    assert read.of_the_future == {"x": [1]}
    assert "of_the_future" in repr(read)
    assert all(
        getattr(read, name) is not None for name in model.model_fields if getattr(document, name) is not None
    )


def test_a_member_that_a_newer_service_has_equals_none_that_is_known() -> None:
    job = job_examples.JOB | {"state": "paused", "error": {"code": "out_of_patience", "detail": "…"}}
    read = JobDocument.read(json.dumps(job))
    assert isinstance(read.state, JobState)
    assert (read.state, read.state.value, str(read.state)) == ("paused", "paused", "paused")
    assert read.state not in list(JobState)
    assert not read.state.final
    assert read.error is not None
    assert read.error.code == "out_of_patience"
    assert json.loads(read.model_dump_json())["state"] == "paused"
    counts = comparison_examples.WHOLE["progress"] | {"jobs": {"paused": 1, "running": 2}}
    comparison = ComparisonDocument.read(json.dumps(comparison_examples.WHOLE | {"progress": counts}))
    assert comparison.progress.jobs[JobState.RUNNING] == 2
    datasets = [dataset_examples.DATASETS_LISTED["data"][0] | {"name": "cifar100"}]
    assert DatasetList.read(json.dumps({"data": datasets})).data[0].name == "cifar100"
    with pytest.raises(
        ValueError, match="Input should be 'queued'"
    ):  # the service itself cannot say such a thing
        JobDocument.model_validate(job)


def test_every_enum_of_a_document_is_open() -> None:
    def closed(annotation: Any, metadata: typing.Iterable[Any] = ()) -> bool:
        if isinstance(annotation, type) and issubclass(annotation, Enum):
            return not any(isinstance(item, OpenEnum) for item in metadata)
        if typing.get_origin(annotation) is typing.Annotated:
            return closed(annotation.__origin__, annotation.__metadata__)
        return any(closed(inner) for inner in typing.get_args(annotation))

    found = {
        f"{model.__name__}.{name}"
        for model in documents_of_the_package()
        for name, field in model.model_fields.items()
        if closed(field.annotation, field.metadata)
    }
    assert found == set()


def test_documents_are_cheap_to_import() -> None:
    modules = ", ".join(module.name for module in iter_modules(documents.__path__, f"{documents.__name__}."))
    heavy = {"fastapi", "httpx", "numpy", "sqlalchemy", "scipy", "tensorflow"}
    program = f"import sys, {modules}; assert not {heavy} & set(sys.modules), sys.modules.keys()"
    subprocess.run([sys.executable, "-c", program], check=True)


class Answers(BaseHTTPRequestHandler):
    """Answers everything with what the test put there."""

    content = b"{}"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def other_service() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_is_missing_in_an_answer_is_named(other_service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = {name: value for name, value in job_examples.METRICS.items() if name != "totals"}
    epoch = {name: value for name, value in metrics["epochs"][0].items() if name != "loss"}
    with Client(other_service) as client:
        monkeypatch.setattr(Answers, "content", json.dumps(metrics | {"epochs": [epoch]}).encode())
        with pytest.raises(ServiceError) as refused:
            client.metrics("job_0")
        assert refused.value.code == "unknown_answer"
        assert "(epochs.0.loss: Field required; totals: Field required)" in str(refused.value)
        monkeypatch.setattr(Answers, "content", b"{}")
        with pytest.raises(ServiceError, match=r"Field required; .* and \d+ more\)"):
            client.job("job_0")
        monkeypatch.setattr(Answers, "content", b"<html>")
        with pytest.raises(ServiceError, match="the whole: Invalid JSON"):
            client.job("job_0")


@pytest.mark.xdist_group("service")
def test_each_call_reads_the_document_that_the_service_promises(
    client: Client, trained: tuple[JobDocument, JobDocument], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: dict[str, type[Document]] = {}
    fetch = Transport.fetch

    def remember(self: Transport, kind: type[Any], method: str, path: str, **options: Any) -> Any:
        answer = fetch(self, kind, method, path, **options)
        read[f"{method} {path}"] = kind
        return answer

    monkeypatch.setattr(Transport, "fetch", remember)
    job = trained[0].id
    client.job(job)
    next(client.jobs())
    assert isinstance(client.metrics(job), MetricsDocument)
    client.model(job)
    client.predict(job, [[0] * 64])
    client.architectures()
    client.datasets()
    endless = {"architecture": "baseline", "dataset": "digits", "training": {"epochs": 10_000}}
    asked = client.comparisons.create(
        {"a": endless, "b": endless | {"architecture": "batch_norm"}}, replicates=1
    )
    client.comparisons.get(asked.id)
    list(client.comparisons.list())
    client.comparisons.cancel(asked.id)
    queued = client.submit(endless)
    client.cancel(queued.id)
    client.wait(queued.id)
    client.retry(queued.id)
    client.cancel(queued.id)

    promised = client._transport.request("GET", "/openapi.json").json()["paths"]
    known = {"job": job, "new": queued.id, "comparison": asked.id}
    for call, kind in read.items():
        method, path = call.split()
        for identifier in known.values():
            path = path.replace(identifier, "{}")
        [operation] = [
            operations[method.lower()]
            for template, operations in promised.items()
            if template.replace("{job_id}", "{}").replace("{comparison_id}", "{}") == path
        ]
        success = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        names = {
            answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2] for answer in success
        }
        if names == {"ComparisonsOrSideBySide"}:
            names = {"ComparisonList", "SideBySide"}
        assert kind.__name__ in names, call
    assert len(read) >= 15


def test_each_thing_that_an_environment_records_has_a_field() -> None:
    assert set(JobEnvironment.model_fields) == set(ENVIRONMENT)
    assert JobEnvironment.read('{"of_a_newer_version": 1}').model_dump()["of_a_newer_version"] == 1
