"""Image files that a trained network can be asked about."""

from enum import StrEnum

IMAGE_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
"""The kinds that can be classified: a file's suffix, and its media type."""


class Invert(StrEnum):
    """Whether light and dark of an image change places first: the datasets have light things on black."""

    NEVER = "never"
    ALWAYS = "always"
    AUTO = "auto"
    """When the image's border is lighter than the middle between black and white."""
