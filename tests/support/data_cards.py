"""Data cards with given findings."""

from normlab.documents.datasets import DataCardDocument, DataFindingDocument, InputsDocument


def card(*findings: DataFindingDocument, test_samples: int = 2_000) -> DataCardDocument:
    """The card of a dataset of pictures of four pixels."""
    inputs = InputsDocument(
        inputs=4, constant=0, constant_but_in_test=0, nearly_constant=0, epsilon=1e-3, largest_gain=4,
        median_gain=3,
    )  # fmt: skip
    return DataCardDocument(
        shape=(2, 2), pixel_max=255, training_samples=7_000, validation_samples=1_000, test_samples=test_samples,
        smallest=0, largest=255, channels=(), inputs=inputs, classes=(), findings=findings,
    )  # fmt: skip
