"""The datasets a job can name: their shapes and classes. No data and no TensorFlow here."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from normlab.spec.columns import Task
from normlab.spec.open_enum import Open


class DatasetName(StrEnum):
    """The names that ``dataset.name`` takes."""

    FASHION_MNIST = "fashion_mnist"
    MNIST = "mnist"
    CIFAR10 = "cifar10"
    DIGITS = "digits"


class DatasetInfo(BaseModel):
    """What is known of a dataset without opening it.

    Shapes are (height, width) or (height, width, channels).
    """

    model_config = ConfigDict(frozen=True)

    name: Open[DatasetName]
    title: str
    description: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    training_samples: int
    test_samples: int
    pixel_max: int
    """The largest raw pixel value; training divides by it."""
    default_validation_samples: int
    """How many of the first training samples are kept apart for validation unless the job says otherwise."""

    @property
    def class_count(self) -> int:
        """How many classes there are, the width of the output layer."""
        return len(self.classes)

    @property
    def predicts(self) -> Task:
        """Classes, of all of them."""
        return Task.CLASSIFICATION

    @property
    def output_units(self) -> int:
        """The width of the output layer."""
        return self.class_count


_DIGIT_NAMES = tuple("0123456789")

DATASETS: dict[DatasetName, DatasetInfo] = {
    info.name: info
    for info in (
        DatasetInfo(
            name=DatasetName.FASHION_MNIST,
            title="Fashion-MNIST",
            description="70,000 grey images of clothes, 28 by 28 pixels, from Zalando's articles.",
            shape=(28, 28),
            classes=(
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ),
            training_samples=60_000,
            test_samples=10_000,
            pixel_max=255,
            default_validation_samples=5_000,
        ),
        DatasetInfo(
            name=DatasetName.MNIST,
            title="MNIST",
            description="70,000 handwritten digits, 28 by 28 grey pixels.",
            shape=(28, 28),
            classes=_DIGIT_NAMES,
            training_samples=60_000,
            test_samples=10_000,
            pixel_max=255,
            default_validation_samples=5_000,
        ),
        DatasetInfo(
            name=DatasetName.CIFAR10,
            title="CIFAR-10",
            description="60,000 colour photographs of animals and vehicles, 32 by 32 pixels.",
            shape=(32, 32, 3),
            classes=(
                "airplane",
                "automobile",
                "bird",
                "cat",
                "deer",
                "dog",
                "frog",
                "horse",
                "ship",
                "truck",
            ),
            training_samples=50_000,
            test_samples=10_000,
            pixel_max=255,
            default_validation_samples=5_000,
        ),
        DatasetInfo(
            name=DatasetName.DIGITS,
            title="Digits",
            description=(
                "1,797 handwritten digits, 8 by 8 grey pixels, from scikit-learn; needs no download. The last 360, "
                "which are the test set, are by other writers than the first 1,437: the nearest neighbour is right for "
                "95.6 % of them and for 98.6 to 99.2 % of random splits."
            ),
            shape=(8, 8),
            classes=_DIGIT_NAMES,
            training_samples=1_437,
            test_samples=360,
            pixel_max=16,
            default_validation_samples=137,
        ),
    )
}
