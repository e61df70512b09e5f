"""``/datasets``: the built-in ones, and those that people bring."""
