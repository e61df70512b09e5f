"""Every media type that the API takes or gives."""

from normlab.spec.images import IMAGE_TYPES

JSON = "application/json"
PROBLEM = "application/problem+json"
NPY = "application/x-npy"
BYTES = "application/octet-stream"
FORM = "multipart/form-data"
CSV = "text/csv"
HTML = "text/html"
CSS = "text/css"
JAVASCRIPT = "text/javascript"
MARKDOWN = "text/markdown"
EVENTS = "text/event-stream"
ZIP = "application/zip"
PNG = "image/png"
SVG = "image/svg+xml"
VEGA_LITE = "application/vnd.vegalite+json"

PHOTOS = tuple(dict.fromkeys(IMAGE_TYPES.values()))
"""Images that can be classified."""
PHOTO_ALIASES = {"image/jpg": "image/jpeg"}
"""What some clients say instead."""
CHART_IMAGES = {PNG: "png", SVG: "svg"}
"""Images of charts, and what their renderer calls them."""
CHARTS = (VEGA_LITE, *CHART_IMAGES)
