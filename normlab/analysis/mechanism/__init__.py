"""What differs inside the networks of two arms, where, and from when on. It says what goes along with a change, never
what brings its effect about."""
