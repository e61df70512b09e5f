"""Specs on uploaded datasets: what a request may say, what is stored, and what the digest is of."""

from typing import Any

import pytest
from pydantic import ValidationError

from normlab.errors import SpecError
from normlab.spec import (
    DatasetContent,
    Limits,
    estimate,
    parse_job_spec,
    plan_job,
)
from normlab.spec.dataset_lookup import NO_DATASETS
from normlab.spec.shortest import shortest_spec
from support.uploaded import PARTS, Shelf


def spec_of(dataset: Any, **fields: Any) -> dict[str, Any]:
    return {"architecture": "baseline", "dataset": dataset, **fields}


def problems_of(body: object, datasets: Any = None) -> dict[str, str]:
    with pytest.raises(SpecError) as caught:
        parse_job_spec(body, datasets=datasets)
    return {problem.pointer: problem.detail for problem in caught.value.problems}


def test_name_alone_is_the_newest_version_which_is_written_down() -> None:
    spec = parse_job_spec(spec_of("parts"), datasets=Shelf())
    assert spec.dataset.version == 2
    assert (spec.dataset.held_out, spec.dataset.trained_on) == (9, 81)
    assert plan_job(spec)[-1].output_shape == (3,)
    assert estimate(spec).layers[0].output_shape == (360,)
    document = spec.to_document()
    assert document["dataset"]["content"]["digest"] == "sha256:" + "cd" * 32
    assert parse_job_spec(document) == spec, "a stored document needs no lookup"
    assert parse_job_spec(document, datasets=Shelf()) == spec, "and may be sent again"


def test_version_that_is_asked_for() -> None:
    spec = parse_job_spec(
        spec_of({"name": "parts", "version": 1, "validation_samples": 30}), datasets=Shelf()
    )
    assert (spec.dataset.version, spec.dataset.content) == (1, DatasetContent.model_validate(PARTS))
    assert spec.dataset.trained_on == 60


def test_builtin_datasets_are_not_looked_up_and_their_documents_have_no_new_keys() -> None:
    shelf = Shelf()
    document = parse_job_spec(spec_of("digits"), datasets=shelf).to_document()
    assert not shelf.asked
    assert document["dataset"] == {
        "name": "digits",
        "validation_samples": None,
        "validation_split": "first",
        "training_samples": None,
    }


@pytest.mark.parametrize(
    ("body", "spec", "arm"),
    [
        (
            {"architecture": "baseline"},
            "7d16c53ad489ad7af553e0903d1f67b2b93ff26285aff5819e0e24fabb1d43e2",
            "a91e9b8715f946203322a08a0d12f52b31cfe098603c1553ec34dac80838dff4",
        ),
        (
            {
                "architecture": "cnn",
                "dataset": {"name": "digits", "validation_samples": 100},
                "training": {"seed": 3},
            },
            "2d4111c9452ad033cc4fa4c31d73527019ea8b8dc844f21bad3d24818434aab7",
            "a1adb182db6588ac24a9ac1bea420479df046f9f3d8fc304ce355bf8034e7691",
        ),
        (
            {"architecture": "resnet20", "dataset": "cifar10"},
            "4e2f78ad83eed777bc3158d197b8a8320085cea6d23d8846b7b615631c0714b3",
            "3d8533de830547c424b7974bd685319d068f20a5d1b03c378b4e371472b07f41",
        ),
    ],
)
def test_digests_on_builtin_datasets_are_those_of_before(body: object, spec: str, arm: str) -> None:
    assert parse_job_spec(body).digests() == (f"sha256:{spec}", f"sha256:{arm}")


def test_digest_is_of_the_content_and_not_of_name_or_version() -> None:
    shelf = Shelf(digest=PARTS["digest"], classes=("Bolt", "Nut", "Washer"))
    first, second = (
        parse_job_spec(spec_of({"name": "parts", "version": version}), datasets=shelf) for version in (1, 2)
    )
    assert first.digest == second.digest
    renamed = first.to_document()
    renamed["dataset"] |= {"name": "pieces", "version": 7}
    assert parse_job_spec(renamed).digests() == first.digests()


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "sha256:" + "ef" * 32},
        {"classes": ["bolt", "nut", "washer", "none"]},
        {"pixel_max": 16},
        {"default_validation_samples": 10},
    ],
)
def test_what_changes_the_numbers_changes_the_digest(change: dict[str, Any]) -> None:
    spec = parse_job_spec(spec_of("parts"), datasets=Shelf())
    document = spec.to_document()
    document["dataset"]["content"] |= change
    assert parse_job_spec(document).arm_digest != spec.arm_digest


@pytest.mark.parametrize(
    ("body", "pointer", "phrase"),
    [
        (spec_of("part"), "/dataset/name", 'is written "parts" here'),
        (spec_of("zebra"), "/dataset/name", "normlab dataset add NAME PATH"),
        (spec_of("late"), "/dataset/name", "still checked"),
        (spec_of({"name": "parts", "version": 3}), "/dataset/version", "has 2 versions"),
        (spec_of({"name": "parts", "version": "1"}), "/dataset/version", "whole number"),
        (spec_of({"name": "parts", "version": 0}), "/dataset/version", "greater than 0"),
        (spec_of({"name": "digits", "version": 1}), "/dataset", "is built in"),
        (spec_of({"name": "digits", "content": PARTS}), "/dataset", "is built in"),
        (
            spec_of({"name": "parts", "validation_samples": 90}),
            "/dataset/validation_samples",
            "parts version 2 has 90",
        ),
        (
            spec_of(
                {
                    "name": "parts",
                    "version": 2,
                    "content": {**PARTS, "classes": [*PARTS["classes"]], "shape": [12, 10, 3]},
                }
            ),
            "/dataset/content/digest",
            "version 2 of parts",
        ),
        (spec_of({"name": "parts", "content": "all"}), "/dataset/content", "leave content out"),
        (
            spec_of({"name": "parts", "validation_split": 0.1}),
            "/dataset/validation_split",
            "is 10 % of parts",
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_is(body: object, pointer: str, phrase: str) -> None:
    assert phrase in problems_of(body, Shelf())[pointer]


def test_unknown_dataset_hides_no_other_mistake() -> None:
    found = problems_of(spec_of({"name": "zebra", "validation_sample": 3}, epochs=2), Shelf())
    assert set(found) == {"/dataset/name", "/dataset/validation_sample", "/epochs"}


@pytest.mark.parametrize("datasets", [None, NO_DATASETS])
def test_without_a_service_only_builtin_datasets_are_known(datasets: Any) -> None:
    assert "normlab dataset add" in problems_of(spec_of("parts"), datasets)["/dataset/name"]


def test_content_of_ones_own_is_not_believed_where_datasets_are_looked_up() -> None:
    made_up = spec_of({"name": "parts", "version": 1, "content": PARTS})
    assert "/dataset/name" in problems_of(made_up, NO_DATASETS)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"digest": "sha256:../../etc"}, "/dataset/content/digest"),
        ({"classes": ["one"]}, "/dataset/content/classes"),
        ({"classes": ["a\nb", "c"]}, "/dataset/content/classes/0"),
        ({"pixel_max": 256}, "/dataset/content/pixel_max"),
        ({"training_samples": 0}, "/dataset/content/training_samples"),
        ({"default_validation_samples": 90}, "/dataset/content"),
        ({"shape": []}, "/dataset/content/shape"),
    ],
)
def test_content_that_cannot_be(change: dict[str, Any], pointer: str) -> None:
    assert pointer in problems_of(spec_of({"name": "parts", "version": 1, "content": {**PARTS, **change}}))


def test_many_classes_are_no_too_large_spec() -> None:
    many = {**PARTS, "classes": [f"class {number}" for number in range(10_000)], "shape": [12, 10]}
    document = spec_of({"name": "parts", "version": 1, "content": many})
    assert parse_job_spec(document).dataset.info.class_count == 10_000
    too_many = spec_of(
        {"name": "parts", "version": 1, "content": {**many, "classes": [*many["classes"], "one more"]}}
    )
    assert "larger than any job spec" in problems_of(too_many)[""]


@pytest.mark.parametrize(("shape", "adds_channel"), [((12, 10), True), ((12, 10, 3), False)])
def test_presets_of_pictures_fit(shape: tuple[int, ...], adds_channel: bool) -> None:
    spec = parse_job_spec({"architecture": "cnn", "dataset": "parts"}, datasets=Shelf(shape=shape))
    assert (spec.architecture.layers[0].type == "reshape") is adds_channel
    assert spec.architecture.preset == "cnn"
    assert parse_job_spec(spec.to_document()) == spec


def test_shortest_spec_names_the_version() -> None:
    document = parse_job_spec(spec_of("parts"), datasets=Shelf()).to_document()
    assert shortest_spec(document) == spec_of({"name": "parts", "version": 2})


def test_data_larger_than_the_memory_are_no_too_large_job() -> None:
    large = Shelf(shape=(512, 512, 3), training_samples=20_000, test_samples=2_000)
    layers = [{"type": "average_pooling2d", "pool_size": 64}, {"type": "flatten"}]
    spec = parse_job_spec({"architecture": {"layers": layers}, "dataset": "parts"}, datasets=large)
    pixels = 22_000 * 512 * 512 * 3
    assert estimate(spec).training_bytes < Limits().training_bytes < pixels


def table_of(numbers: int, codes: int) -> dict[str, Any]:
    """The content of a table with so many columns of numbers, and of 40 categories each."""
    names = tuple(f"category {number}" for number in range(40))
    columns = [
        *({"name": f"column {number}"} for number in range(numbers)),
        *({"name": f"code {number}", "kind": "category", "categories": names} for number in range(codes)),
    ]
    return {**PARTS, "shape": (len(columns),), "pixel_max": 1, "columns": columns, "target": "kind"}


def test_document_of_a_table_of_many_columns_can_be_read_again() -> None:
    spec = parse_job_spec(
        spec_of("parts"), datasets=Shelf(DatasetContent.model_validate(table_of(1_500, 100)))
    )
    document = spec.to_document()
    assert parse_job_spec(document) == spec
    document["dataset"]["content"]["columns"] *= 100
    assert "larger than any job spec" in problems_of(document)[""]


def test_categories_of_all_columns_are_bounded() -> None:
    with pytest.raises(ValidationError, match="categories together"):
        DatasetContent.model_validate(table_of(0, 2_600))
