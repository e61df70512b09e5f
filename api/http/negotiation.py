"""Which of several media types to answer with (RFC 9110, section 12.5.1)."""

from fastapi import HTTPException, Request


def preferred_media_type(request: Request, offered: tuple[str, ...]) -> str:
    """The offered type that ``Accept`` ranks highest, the first one among equals; 406 when it takes none.

    A more specific range counts before ``*/*``: ``text/csv;q=0, */*`` takes everything but CSV.
    """
    ranges = _parse(request.headers.get("accept") or "*/*")
    best = max(offered, key=lambda media_type: _quality(media_type, ranges))  # the first of equals
    if _quality(best, ranges) <= 0:
        raise HTTPException(406, f"this can be given as {', '.join(offered)}")
    return best


def _quality(media_type: str, ranges: dict[str, float]) -> float:
    family = media_type.partition("/")[0] + "/*"
    for name in (media_type, family, "*/*"):
        if name in ranges:
            return ranges[name]
    return 0


def _parse(accept: str) -> dict[str, float]:
    """Media ranges with their quality; parameters other than ``q`` are ignored."""
    ranges: dict[str, float] = {}
    for item in accept.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = _number(value)
        ranges[name] = max(quality, ranges.get(name, 0))
    return ranges


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0
