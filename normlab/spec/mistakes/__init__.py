"""What people are told who wrote a spec as they would for Keras, PyTorch or scikit-learn, or slipped.

``key_habits`` and ``value_habits`` are tables of names from elsewhere. ``keys`` and ``values`` make sentences of them
and of what holds everywhere: other spelling, another level, another kind. ``docs/reference/mistakes.md`` shows them.
"""
