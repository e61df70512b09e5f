"""Models by name in the database."""
