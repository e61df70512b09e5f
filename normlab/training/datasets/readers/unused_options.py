"""Options that a format cannot follow are refused, not passed over."""

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import ReadingOptions

_OF_TABLES = ("label_column", "split_column")
_OF_SAMPLES = ("group_column", "time_column")


def refuse_unused(options: ReadingOptions, format_name: str, *, turn: bool, columns: bool) -> None:
    """See that nothing is asked of a format of arrays that only tables or pictures of several sizes can give.

    Raises:
        DatasetError: a size is asked for or a column is named, or what the format may not know: ``turn``, and with
            ``columns`` a value for each sample, its group or time.
    """
    for name in _OF_TABLES if columns else _OF_TABLES + _OF_SAMPLES:
        if getattr(options, name) is not None:
            raise DatasetError(f"{name} cannot be used: a file of the format {format_name} has no columns.")
    if options.image_size is not None:
        raise DatasetError(
            f"image_size cannot be used: the pictures of a file of the format {format_name} have one size already "
            "and are not resized."
        )
    if options.turn and not turn:
        raise DatasetError(
            f"turn cannot be used: the pictures of a file of the format {format_name} are upright."
        )
