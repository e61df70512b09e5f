"""The datasets: found, checked by SHA-256, decoded once per machine, mapped into memory. No TensorFlow."""

from normlab.training.datasets.images import sample_image, test_image_png
from normlab.training.datasets.loading import Dataset, load
from normlab.training.datasets.opening import open_dataset
from normlab.training.datasets.uploaded import Fetch, content_folder, load_content

__all__ = [
    "Dataset",
    "Fetch",
    "content_folder",
    "load",
    "load_content",
    "open_dataset",
    "sample_image",
    "test_image_png",
]
