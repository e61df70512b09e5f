"""How answers are shown in a terminal."""
