"""Tables of numbers and categories: which columns are what, and how their values become numbers."""
