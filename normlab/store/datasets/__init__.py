"""Datasets that people bring, in the database: numbered versions of a name, each checked by a worker."""
