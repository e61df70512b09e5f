"""The datasets: found, checked by SHA-256, decoded once per machine, mapped into memory. No TensorFlow."""

from normlab.training.datasets.images import sample_image, test_image_png
from normlab.training.datasets.loading import Dataset, load

__all__ = ["Dataset", "load", "sample_image", "test_image_png"]
