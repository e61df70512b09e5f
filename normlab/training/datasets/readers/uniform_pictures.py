"""Pictures of many files brought to one form: first all are looked at, then they are decoded.

The size and whether there are colours must be known before the first is decoded, and a header tells it cheaply.
Pillow keeps Python's lock while it decodes (not while it resizes): threads made this slower, so there are none.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import Notice, ReadingOptions
from normlab.training.datasets.readers.image_files import (
    MAX_EXAMPLES,
    Looks,
    Told,
    UnreadableError,
    counted,
    decode,
    largest_value,
    looks,
)
from normlab.training.datasets.readers.png_strips import decode_strip, plain_size

CHUNK_BYTES = 2 << 20
"""Of decoded pixels at a time."""
_MAX_AT_ONCE = 4096
_EIGHT_BITS = 255


class UniformPictures:
    """Looks at files, settles on a form, decodes files into it; and says what it met."""

    def __init__(self, options: ReadingOptions) -> None:
        self._limits = options.limits
        self._size = options.image_size
        self._sizes: Counter[tuple[int, int]] = Counter()
        self._first_of_size: dict[tuple[int, int], str] = {}
        self._coloured = 0
        self._grey = 0
        self._largest_of_sixteen: int | None = None
        self._told = Told()
        self._unreadable: list[tuple[str, str]] = []

    def look(self, origin: str, data: bytes, whole: Callable[[], bytes] | None = None) -> bool:
        """See what a file is; False where it gives no picture and is left out.

        ``data`` may be its beginning, where ``whole`` gives all of it.

        Raises:
            DatasetError: a picture is too large, or too many files cannot be read.
        """
        try:
            seen = self._looks(data, whole)
        except UnreadableError as error:
            self.leave_out(origin, str(error))
            return False
        size = (seen.height, seen.width)
        self._sizes[size] += 1
        self._first_of_size.setdefault(size, origin)
        if seen.colour:
            self._coloured += 1
        else:
            self._grey += 1
        if self._coloured + self._grey > self._limits.max_samples:
            raise DatasetError(f"There are more than {self._limits.max_samples} pictures (max_samples).")
        return True

    def _looks(self, data: bytes, whole: Callable[[], bytes] | None) -> Looks:
        if (plain := plain_size(data)) is not None:
            if plain[0] * plain[1] > self._limits.max_pixels:
                return looks(data, self._limits.max_pixels)  # which refuses it
            return Looks(*plain)
        try:
            seen = looks(data, self._limits.max_pixels)
        except UnreadableError:
            if whole is None:
                raise
            data, whole = whole(), None
            seen = looks(data, self._limits.max_pixels)
        if seen.sixteen_bits and (self._largest_of_sixteen or 0) <= _EIGHT_BITS:
            largest = largest_value(data if whole is None else whole(), self._limits.max_pixels)
            self._largest_of_sixteen = max(self._largest_of_sixteen or 0, largest)
        return seen

    def leave_out(self, origin: str, reason: str) -> None:
        """Count a file that cannot be read.

        Raises:
            DatasetError: these are too many.
        """
        self._unreadable.append((origin, reason))
        if len(self._unreadable) > self._limits.max_unreadable:
            raise DatasetError(
                f"More than {self._limits.max_unreadable} files (max_unreadable) cannot be read: {self._reasons()}."
            )

    def _reasons(self) -> str:
        return "; ".join(f"{origin}: {reason}" for origin, reason in self._unreadable[:MAX_EXAMPLES])

    def settle(self) -> None:
        """Settle on the size and on colours, when all files were looked at.

        Raises:
            DatasetError: there is no picture, sizes differ, or the limits do not take them.
        """
        if not self._sizes:
            because = f": {self._reasons()}" if self._unreadable else ""
            raise DatasetError(f"None of the files is a picture that can be read{because}.")
        if self._size is None and len(self._sizes) > 1:
            raise DatasetError(
                f"The pictures have {len(self._sizes)} sizes ({self._sizes_met()}): make them equal, or say the size "
                "that all are to be fitted into (image_size)."
            )
        height, width = self.size
        values = height * width * self._channels
        if values > self._limits.max_values_per_sample:
            raise DatasetError(
                f"A picture of {height} by {width} has {values} values, more than "
                f"{self._limits.max_values_per_sample} (max_values_per_sample): say a smaller size (image_size)."
            )
        total = values * self._sizes.total()
        if total > self._limits.max_decoded_bytes:
            raise DatasetError(
                f"The pictures come to {total} bytes when they are decoded, more than "
                f"{self._limits.max_decoded_bytes} (max_decoded_bytes)."
            )

    def _sizes_met(self) -> str:
        """The commonest sizes, height first, with an example each."""
        common = [
            f"{height} by {width}: {counted(count)} such as {self._first_of_size[height, width]}"
            for (height, width), count in self._sizes.most_common(MAX_EXAMPLES)
        ]
        more = [f"and {len(self._sizes) - MAX_EXAMPLES} more"] if len(self._sizes) > MAX_EXAMPLES else []
        return "; ".join(common + more)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of all."""
        return self._size or next(iter(self._sizes))

    @property
    def _channels(self) -> int:
        return 3 if self._coloured else 1

    @property
    def at_once(self) -> int:
        """How many are to be decoded at a time."""
        height, width = self.size
        return max(1, min(_MAX_AT_ONCE, CHUNK_BYTES // (height * width * self._channels)))

    def decode(
        self, origins: Sequence[str], files: Sequence[bytes]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]:
        """The pixels of those that can be read, (n, height, width[, 3]), and which of the files these are."""
        height, width = self.size
        colour = self._coloured > 0
        pixels = np.empty((len(files), height, width, *([3] if colour else [])), np.uint8)
        read = np.ones(len(files), np.bool_)
        for place, picture in enumerate(decode_strip(files, height, width, colour=colour)):
            if picture is not None:
                pixels[place] = picture
                continue
            try:
                pixels[place] = self._decode(origins[place], files[place], colour=colour)
            except UnreadableError as error:
                self.leave_out(origins[place], str(error))
                read[place] = False
        return pixels[read], np.flatnonzero(read)

    def _decode(self, origin: str, data: bytes, *, colour: bool) -> npt.NDArray[np.uint8]:
        picture, codes = decode(
            data,
            colour=colour,
            max_pixels=self._limits.max_pixels,
            size=self._size,
            shift=0
            if self._largest_of_sixteen is not None and self._largest_of_sixteen <= _EIGHT_BITS
            else 8,
        )
        if picture.shape[:2] != self.size:
            raise UnreadableError("its picture has another size than its header says")
        for code in codes:
            self._told.add(code, origin)
        return picture

    def notices(self) -> list[Notice]:
        """What was met; complete when all files were decoded."""
        found = self._told.notices()
        if self._coloured and self._grey:
            found.append(
                Notice(
                    "grey_among_colours",
                    "info",
                    f"{counted(self._grey)}: grey among {self._coloured} coloured ones, with three equal colours now.",
                    self._grey,
                )
            )
        if self._unreadable:
            count = len(self._unreadable)
            found.append(
                Notice(
                    "unreadable_file",
                    "warning",
                    f"{count} file{'s' if count != 1 else ''} left out that cannot be read: {self._reasons()}.",
                    count,
                    tuple(origin for origin, _ in self._unreadable),
                )
            )
        return found
