"""``/claims``: claims that are known, and trials of them."""
