"""What answers can be had as."""

from enum import StrEnum


class ChartFormat(StrEnum):
    """What a chart can be had as; ``json`` is its Vega-Lite spec."""

    PNG = "png"
    SVG = "svg"
    JSON = "json"

    @property
    def media_type(self) -> str:
        """The format's media type."""
        return {"png": "image/png", "svg": "image/svg+xml", "json": "application/vnd.vegalite+json"}[
            self.value
        ]


class ReportFormat(StrEnum):
    """What a report can be had as."""

    HTML = "html"
    MD = "md"

    @property
    def media_type(self) -> str:
        """The format's media type."""
        return {"html": "text/html", "md": "text/markdown"}[self.value]
