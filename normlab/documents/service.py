"""The service itself: what there is, and whether it works."""

from pydantic import Field

from normlab.documents.base import Document


class Alive(Document):
    """The process answers."""

    status: str


class Readiness(Document):
    """Whether the service can work, and if not, what is missing."""

    status: str = Field(description="`ready` or `unavailable`.")
    checks: dict[str, str] = Field(
        description="For each thing that is needed, `ok` or what is wrong with it."
    )


class Index(Document):
    """What there is."""

    name: str
    version: str
    status: str = Field(description="`alive`: what clients of KServe's protocol 1 look for.")
    links: dict[str, str]
