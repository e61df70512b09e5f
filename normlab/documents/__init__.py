"""What the service answers, as pydantic models: the API writes them, the client reads them.

Each module has the documents of one resource; ``states`` and ``events`` have the enums that the database shares with
them. This package imports ``normlab.spec`` and nothing else of ours.
"""
