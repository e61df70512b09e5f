from normlab.spec import DATASETS, DatasetContent, DatasetName, DatasetSpec
from normlab.spec.class_names import match_classes

DIGITS, CLOTHES = DatasetSpec(name="mnist"), DatasetSpec(name="fashion_mnist")


def test_the_same_classes_need_no_word() -> None:
    assert match_classes(DIGITS, DIGITS).remark is None


def test_the_same_names_in_another_order_are_matched_by_name() -> None:
    info = DATASETS[DatasetName.MNIST]
    content = DatasetContent(
        digest=f"sha256:{'0' * 64}",
        shape=info.shape,
        classes=info.classes[::-1],
        training_samples=10,
        test_samples=10,
        default_validation_samples=1,
        pixel_max=255,
    )
    turned = DatasetSpec(name="turned", version=2, content=content)
    found = match_classes(turned, DIGITS)
    assert found.numbers == tuple(range(9, -1, -1))
    assert "matched by their names" in (found.remark or "")


def test_other_names_are_matched_by_number_and_told() -> None:
    found = match_classes(DIGITS, CLOTHES)
    assert found.numbers == tuple(range(10))
    assert 'class 0 is "0" here and "T-shirt/top" there' in (found.remark or "")
